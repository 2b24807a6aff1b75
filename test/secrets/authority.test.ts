/** The authority is made once, whoever asks at the same time, and is never replaced silently. */
import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { ensureAuthority } from '../../secrets/authority.ts';
import type { SecretStore } from '../../secrets/store.ts';
import { memoryStore } from './memory-store.ts';

const unusable = (why: string) => ({ code: 'SECRETS_AUTHORITY_UNUSABLE', message: expect.stringContaining(why) });

describe('the authority', () => {
  let store: SecretStore;
  const now = new Date('2026-03-01T12:00:00Z');
  beforeEach(() => {
    store = memoryStore();
  });

  it('names its environment, signs itself and holds for ten years', async () => {
    const { certificatePem, expiresAt } = await ensureAuthority(store, 'staging', now);
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.subject).toBe('CN=Ensemble CA staging');
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(expiresAt.toISOString()).toBe('2036-02-29T11:55:00.000Z');
    expect(new Date(certificate.validFrom).toISOString()).toBe('2026-03-01T11:55:00.000Z');
  });

  it('is the same at the second run, with its public part at tls/ca.pem', async () => {
    const first = await ensureAuthority(store, 'local', now);
    expect(await ensureAuthority(store, 'local', now)).toEqual(first);
    expect((await store.read('tls/ca.pem'))?.toString()).toBe(first.certificatePem);
    expect(await store.list()).toEqual(['tls/ca.key.pem', 'tls/ca.pem']);
  });

  it('is one when many runs make it at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => ensureAuthority(store, 'local', now)));
    expect(new Set(all.map((authority) => authority.certificatePem + authority.keyPem)).size).toBe(1);
  });

  it('is finished by the next run when one was killed between the key and the certificate', async () => {
    const { keyPem } = await ensureAuthority(store, 'local', now);
    const half = memoryStore();
    await half.write('tls/ca.key.pem', Buffer.from(keyPem));
    expect((await ensureAuthority(half, 'local', now)).keyPem).toBe(keyPem);
  });

  it('has another serial number each time it is made, positive and at most 20 octets', async () => {
    const serials = await Promise.all(
      Array.from(
        { length: 20 },
        async () =>
          new X509Certificate((await ensureAuthority(memoryStore(), 'local', now)).certificatePem).serialNumber,
      ),
    );
    expect(new Set(serials).size).toBe(20);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it('refuses a certificate without its key, rather than making another authority', async () => {
    await store.write('tls/ca.pem', Buffer.from((await ensureAuthority(memoryStore(), 'local', now)).certificatePem));
    await expect(ensureAuthority(store, 'local', now)).rejects.toMatchObject(unusable('tls/ca.key.pem is not'));
  });

  it('refuses a key of another authority', async () => {
    await ensureAuthority(store, 'local', now);
    await store.write('tls/ca.key.pem', Buffer.from((await ensureAuthority(memoryStore(), 'local', now)).keyPem));
    await expect(ensureAuthority(store, 'local', now)).rejects.toMatchObject(unusable('not the key'));
  });

  it('refuses damaged bytes and names the secret', async () => {
    await ensureAuthority(store, 'local', now);
    await store.write('tls/ca.pem', Buffer.from('damaged'));
    await expect(ensureAuthority(store, 'local', now)).rejects.toMatchObject(unusable('tls/ca.pem cannot be read'));
  });

  it('refuses to go on once it expired', async () => {
    await ensureAuthority(store, 'local', now);
    await expect(ensureAuthority(store, 'local', new Date('2036-03-01'))).rejects.toMatchObject(
      unusable('expired on 2036-02-29'),
    );
  });

  it('refuses an environment name that is too long for a certificate', async () => {
    await expect(ensureAuthority(store, 'x'.repeat(60), now)).rejects.toMatchObject({
      code: 'SECRETS_BAD_COMMON_NAME',
    });
  });
});
