/**
 * The text of a certificate's subject (reference, section 6: the order of its parts, `+` between values of one kind, mail first, domain components last),
 * over real certificates, and the property that two certificates of different people never read the same.
 */
import { X509Certificate } from 'node:crypto';
import type { JsonName } from '@peculiar/x509';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { identityOf, type Subject, subjectOf } from '../../../programs/auth/subject.ts';
import { makeAuthority, makeCertificate, type TestAuthority } from './certificates.ts';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await makeAuthority('An authority');
});

async function identityOfCertificate(subject: Record<string, string[]>[]): Promise<string> {
  const { pem } = await makeCertificate(authority, { subject });
  return identityOf(subjectOf(new X509Certificate(pem)));
}

describe('the identity of a certificate', () => {
  it('has the parts in a fixed order, whatever order the certificate has', async () => {
    const subject = [
      { DC: ['org'] },
      { DC: ['example'] },
      { C: ['GR'] },
      { '2.5.4.17': ['17121'] },
      { L: ['Athens'] },
      { O: ['a, b'] },
      { ST: ['Attica'] },
      { OU: ['x'] },
      { '2.5.4.9': ['7 Street Ave'] },
      { OU: ['y'] },
      { '2.5.4.5': ['77'] },
      { E: ['me@example.org'] },
      { CN: ['h'] },
    ];
    expect(await identityOfCertificate(subject)).toBe(
      'E=me@example.org,SERIALNUMBER=77,CN=h,OU=x+OU=y,O=a\\, b,POSTALCODE=17121,STREET=7 Street Ave,L=Athens,ST=Attica,C=GR,DC=org+DC=example',
    );
  });

  it('is the plain common name of the certificates that the environment makes', async () => {
    expect(await identityOfCertificate([{ CN: ['operator'] }])).toBe('CN=operator');
  });

  it('knows one common name, the last, and no kinds beyond those of the reference', async () => {
    const subject = [{ CN: ['first'] }, { '0.9.2342.19200300.100.1.1': ['uid'] }, { CN: ['last'] }, { O: ['z'] }];
    expect(await identityOfCertificate(subject)).toBe('CN=last,O=z');
  });

  it('escapes what would read as another part', () => {
    expect(identityOf({ CN: ' a+b"c\\d<e>f;g ', O: '#1' })).toBe('CN=\\ a\\+b\\"c\\\\d\\<e\\>f\\;g\\ ,O=\\#1');
    expect(identityOf({ CN: 'ünï' })).toBe('CN=ünï');
  });

  it('keeps the + of a mail address as it is, and lets none read as more than itself', () => {
    expect(identityOf({ emailAddress: 'me+ams@x.org', CN: 'h' })).toBe('E=me+ams@x.org,CN=h');
    expect(identityOf({ emailAddress: 'x,CN=root', O: 'o' })).not.toBe(
      identityOf({ emailAddress: 'x', CN: 'root', O: 'o' }),
    );
    expect(identityOf({ emailAddress: ['a', 'b'] })).not.toBe(identityOf({ emailAddress: 'a+E=b' }));
  });
});

/** Values made of what separates, so that a confusion is likely. */
const value = fc.string({
  unit: fc.constantFrom(',', '+', '=', '\\', ' ', '#', '"', 'E', 'CN', 'O', 'DC', 'a', 'é'),
  minLength: 1,
  maxLength: 6,
});
const values = fc.array(value, { maxLength: 3 });
const people = fc.record({ emailAddress: values, CN: value, OU: values, O: values, C: values, DC: values });

describe('for any subject', () => {
  it('different people have different identities', () => {
    fc.assert(
      fc.property(people, people, (one: Subject, other: Subject) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        return (identityOf(one) === identityOf(other)) === same;
      }),
      { numRuns: 5_000 },
    );
  });

  it('the text can be read back into its parts, so that it never says less than it was made of', () => {
    fc.assert(
      fc.property(people, (person) => {
        expect(readBack(identityOf(person))).toEqual(person);
      }),
      { numRuns: 5_000 },
    );
  });

  it('a certificate gives the identity of the values that went into it', async () => {
    await fc.assert(
      fc.asyncProperty(values, value, values, async (emailAddress, CN, OU) => {
        const mail = emailAddress.map((each) => plain('1.2.840.113549.1.9.1', each));
        const units = OU.map((each) => plain('2.5.4.11', each));
        const { pem } = await makeCertificate(authority, { subject: [...mail, plain('2.5.4.3', CN), ...units] });
        expect(identityOf(subjectOf(new X509Certificate(pem)))).toBe(identityOf({ emailAddress, CN, OU }));
      }),
      { numRuns: 30 },
    );
  });
});

/** One attribute whose value is taken as it is; the library would read escapes in a mere string. */
function plain(type: string, text: string): JsonName[number] {
  return { [type]: [{ utf8String: text }] } as unknown as JsonName[number];
}

/** The opposite of identityOf, for the kinds of `people`. */
function readBack(text: string): Subject {
  const found: Record<string, string[]> = { emailAddress: [], OU: [], O: [], C: [], DC: [] };
  let commonName = '';
  for (const part of split(text, ',').filter((each) => each !== '')) {
    const name = part.slice(0, part.indexOf('='));
    for (const each of splitValues(part, name)) {
      const plain = each.slice(name.length + 1).replace(/\\(.)/gsu, '$1');
      if (name === 'CN') commonName = plain;
      else found[name === 'E' ? 'emailAddress' : name]?.push(plain);
    }
  }
  return { ...found, CN: commonName };
}

function splitValues(part: string, name: string): readonly string[] {
  const pieces = split(part, '+');
  return pieces.reduce<string[]>((joined, piece) => {
    if (joined.length === 0 || piece.startsWith(`${name}=`)) joined.push(piece);
    else joined.push(`${joined.pop() ?? ''}+${piece}`);
    return joined;
  }, []);
}

/** At separators that no backslash stands before. */
function split(text: string, separator: string): readonly string[] {
  const parts = [''];
  let escaped = false;
  for (const character of text) {
    if (!escaped && character === separator) parts.push('');
    else parts.push((parts.pop() ?? '') + character);
    escaped = !escaped && character === '\\';
  }
  return parts;
}
