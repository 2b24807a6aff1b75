/**
 * A certificate's subject as text, the key of a binding (`auth_identifier`), in upstream's writing (reference, section 6): the mail address first, then
 * the attributes of the fixed order from the most to the least special, those that occur several times joined by `+`, then the domain components.
 * Attributes of other kinds are left out, as upstream leaves them: an authority that tells two people apart by those alone must not be trusted here.
 *
 * Upstream escapes nothing in mail addresses and domain components, so that a mail address of `x,CN=root` reads as another person. Here those are escaped
 * as the rest is, but for a `+` that begins no other value, which mail addresses have and existing bindings hold.
 */
import type { PeerCertificate } from 'node:tls';

/** As Node gives it: OpenSSL's short names, a list where an attribute occurs several times, in the certificate's order. */
export type Subject = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Upstream's name and OpenSSL's. */
const order = [
  ['SERIALNUMBER', 'serialNumber'],
  ['CN', 'CN'],
  ['OU', 'OU'],
  ['O', 'O'],
  ['POSTALCODE', 'postalCode'],
  ['STREET', 'street'],
  ['L', 'L'],
  ['ST', 'ST'],
  ['C', 'C'],
] as const;
/** Of these upstream knows one alone, the last. */
const single: readonly string[] = ['SERIALNUMBER', 'CN'];

/** `CN=h,OU=x+OU=y,O=a\, b,C=GR`. Empty where the subject has none of the attributes. */
export function identityOf(subject: Subject): string {
  const named = order.flatMap(([name, short]) => {
    const all = valuesOf(subject, short);
    const values = single.includes(name) ? all.slice(-1).filter((value) => value !== '') : all;
    return values.length === 0 ? [] : [values.map((value) => `${name}=${escaped(value)}`).join('+')];
  });
  const mail = looselyNamed('E', valuesOf(subject, 'emailAddress'));
  const domain = looselyNamed('DC', valuesOf(subject, 'DC'));
  // The comma after a mail address stands even where nothing follows, and the one before a domain component where nothing goes before.
  return `${mail === '' ? '' : `${mail},`}${named.join(',')}${domain === '' ? '' : `,${domain}`}`;
}

/** The subject of a certificate as Node shows it in its older form, the only one that keeps values apart. */
export function subjectOf(certificate: { toLegacyObject(): Pick<PeerCertificate, 'subject'> }): Subject {
  return { ...certificate.toLegacyObject().subject } as unknown as Subject;
}

function valuesOf(subject: Subject, name: string): readonly string[] {
  const value = subject[name];
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

/** RFC 2253, section 2.4, as Go's crypto/x509/pkix escapes it. */
function escaped(value: string): string {
  return value.replace(/[,+"\\<>;]|^ | $|^#/g, '\\$&');
}

/** Only what would let one value read as two: a comma, a backslash, and a `+` before the name. */
function looselyNamed(name: string, values: readonly string[]): string {
  const special = new RegExp(`[\\\\,]|\\+(?=${name}=)`, 'g');
  return values.map((value) => `${name}=${value.replace(special, '\\$&')}`).join('+');
}
