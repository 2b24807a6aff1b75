/** Revocation lists: fetched, believed only with a signature, kept until the next is due (RFC 5280, 5; reference, section 6). */
import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRevocation } from '../../../programs/auth/revocation.ts';
import { makeAuthority, makeCertificate, makeRevocationList, type TestAuthority } from './certificates.ts';

let authority: TestAuthority;
let stranger: TestAuthority;
beforeAll(async () => {
  [authority, stranger] = await Promise.all([makeAuthority('An authority'), makeAuthority('Another')]);
});

const hourMs = 3_600_000;

async function setUp(
  listFor: (serialNumber: string) => Promise<Buffer>,
  { lists = [] as readonly Buffer[], mustName = true } = {},
) {
  const made = await makeCertificate(authority, { subject: [{ CN: ['x'] }], crl: 'http://crl.test/list' });
  const clock = { now: Date.now() };
  const asked: string[] = [];
  const revocation = await createRevocation({
    authorities: [stranger.pem, authority.pem],
    lists,
    mustName,
    now: () => new Date(clock.now),
    fetchList: async (url) => {
      asked.push(url);
      return listFor(made.serialNumber);
    },
  });
  return { revocation, certificate: new X509Certificate(made.pem), clock, asked };
}

describe('a list that a certificate names', () => {
  it('lets pass those that it does not hold, and refuses those that it holds', async () => {
    const passes = await setUp(() => makeRevocationList(authority, ['0102']));
    await passes.revocation.check(passes.certificate);
    const held = await setUp((serial) => makeRevocationList(authority, ['0102', serial]));
    await expect(held.revocation.check(held.certificate)).rejects.toMatchObject({
      code: 403,
      message: 'Your certificate has been revoked',
    });
  });

  it('is fetched once for all who ask, and again once the next is due', async () => {
    let revoked: string[] = [];
    const next = () => new Date(Date.now() + hourMs);
    const { revocation, certificate, clock, asked } = await setUp((serial) =>
      makeRevocationList(authority, revoked.length > 0 ? [serial] : [], next()),
    );
    await Promise.all(Array.from({ length: 20 }, () => revocation.check(certificate)));
    expect(asked).toHaveLength(1);
    revoked = ['yes'];
    clock.now += hourMs / 2;
    await expect(revocation.check(certificate)).rejects.toMatchObject({ code: 403 });
    expect(asked).toHaveLength(2);
  });

  it('is not believed without the signature of the authority: nobody passes then', async () => {
    const forged = await setUp(() => makeRevocationList(stranger, []));
    await expect(forged.revocation.check(forged.certificate)).rejects.toMatchObject({ code: 500 });
    const namesake = await makeAuthority('An authority');
    const posing = await setUp(() => makeRevocationList(namesake, []));
    await expect(posing.revocation.check(posing.certificate)).rejects.toMatchObject({ code: 500 });
    const broken = await setUp(async () => Buffer.from('no list'));
    await expect(broken.revocation.check(broken.certificate)).rejects.toMatchObject({
      code: 500,
      message: 'Internal Error: Could not access CRL http://crl.test/list',
    });
  });

  it('is not believed once it is out of date', async () => {
    const old = await setUp(() => makeRevocationList(authority, [], new Date(Date.now() - hourMs)));
    await expect(old.revocation.check(old.certificate)).rejects.toMatchObject({ code: 500 });
  });

  it('that could not be fetched is asked for again the next time', async () => {
    let up = false;
    const { revocation, certificate } = await setUp(() => {
      if (!up) return Promise.reject(new Error('down'));
      return makeRevocationList(authority, []);
    });
    await expect(revocation.check(certificate)).rejects.toMatchObject({ code: 500 });
    up = true;
    await revocation.check(certificate);
  });
});

it('a given list counts for certificates of its issuer alone', async () => {
  const { certificate, revocation } = await setUp(() => makeRevocationList(authority, []), {
    lists: [await makeRevocationList(stranger, ['01'])],
  });
  await revocation.check(certificate);
  const serial = certificate.serialNumber;
  const others = await createRevocation({
    authorities: [stranger.pem, authority.pem],
    lists: [await makeRevocationList(stranger, [serial])],
    mustName: false,
    now: () => new Date(),
    fetchList: () => makeRevocationList(authority, []),
  });
  await others.check(certificate);
});
