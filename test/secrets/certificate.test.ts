/** A node's certificate: what it says, when it is issued again, and in which secrets it stands. */
import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Authority, ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { listExpiries } from '../../secrets/expiry.ts';
import type { SecretStore } from '../../secrets/store.ts';
import { memoryStore } from './memory-store.ts';

const now = new Date('2026-03-01T12:00:00Z');
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);
const worker = { id: 'worker-1', commonName: 'worker-1.local', hosts: ['worker-1.local.internal', '127.0.1.1', '::1'] };

describe("a node's certificate", () => {
  let store: SecretStore;
  let authority: Authority;
  beforeEach(async () => {
    store = memoryStore();
    authority = await ensureAuthority(store, 'local', now);
  });
  const ensure = (change: Partial<typeof worker> = {}, at = now) =>
    ensureCertificate(store, authority, { ...worker, ...change }, at);
  const textOf = async (id: string) => (await store.read(id))?.toString();

  it('names the node and its hosts, addresses as addresses, and is issued by the authority', async () => {
    const certificate = new X509Certificate((await ensure()).certificatePem);
    const issuer = new X509Certificate(authority.certificatePem);
    expect(certificate.subject).toBe('CN=worker-1.local');
    expect(certificate.checkHost('worker-1.local.internal')).toBe('worker-1.local.internal');
    expect(certificate.checkIP('127.0.1.1')).toBe('127.0.1.1');
    expect(certificate.checkIP('::1')).toBe('::1');
    expect(certificate.checkIP('127.0.1.2')).toBeUndefined();
    expect(certificate.checkIssued(issuer)).toBe(true);
    expect(certificate.verify(issuer.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
  });

  it('serves both ends of a connection', async () => {
    const usages = new X509Certificate((await ensure()).certificatePem).keyUsage;
    expect(usages).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  });

  it('begins five minutes back and holds for 397 days at most', async () => {
    const certificate = new X509Certificate((await ensure()).certificatePem);
    expect(new Date(certificate.validFrom).toISOString()).toBe('2026-03-01T11:55:00.000Z');
    expect(new Date(certificate.validTo).toISOString()).toBe('2027-04-02T11:54:59.000Z');
  });

  it('ends with its authority when that ends sooner', async () => {
    const late = new Date(authority.expiresAt.getTime() - 86_400_000 * 100);
    expect((await ensure({}, late)).expiresAt).toEqual(authority.expiresAt);
  });

  it('stands in the store as chain, key and keystore, which hold the same', async () => {
    const certificate = await ensure();
    expect(await textOf('tls/worker-1.pem')).toBe(certificate.certificatePem);
    expect(await textOf('tls/worker-1.key.pem')).toBe(certificate.keyPem);
    expect(await textOf('tls/worker-1.keystore.pem')).toBe(certificate.keyPem + certificate.certificatePem);
    expect(certificate.keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(certificate.certificatePem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(certificate.certificatePem.endsWith(authority.certificatePem)).toBe(true);
  });

  it('stays as it is while it fits, however the hosts are ordered and spelled', async () => {
    const first = await ensure();
    expect(first.issued).toBe('missing');
    const again = await ensure({ hosts: ['0:0::1', '127.0.1.1', 'WORKER-1.local.internal', '::1'] }, later(366));
    expect(again).toEqual({ ...first, issued: undefined });
  });

  it('is issued again, with a new key, when fewer than 30 days are left', async () => {
    const first = await ensure();
    expect((await ensure({}, later(366))).issued).toBeUndefined();
    const renewed = await ensure({}, later(367));
    expect(renewed.issued).toBe('expiring');
    expect(renewed.keyPem).not.toBe(first.keyPem);
    expect(await textOf('tls/worker-1.keystore.pem')).toBe(renewed.keystorePem);
    expect((await ensure({}, later(367))).issued).toBeUndefined();
  });

  it('is issued again when a host is added or taken away, or the node renamed', async () => {
    await ensure();
    expect((await ensure({ hosts: [...worker.hosts, 'broker.example'] })).issued).toBe('hosts changed');
    expect((await ensure({ hosts: ['127.0.1.1'] })).issued).toBe('hosts changed');
    expect((await ensure({ hosts: ['127.0.1.1'], commonName: 'worker-1.other' })).issued).toBe('renamed');
  });

  it('is issued again when the authority changed, even to one of the same name', async () => {
    await ensure();
    authority = await ensureAuthority(memoryStore(), 'local', now);
    expect((await ensure()).issued).toBe('authority changed');
  });

  it('is issued again when its secret is damaged or holds the key of another', async () => {
    const first = await ensure();
    await store.write('tls/worker-1.keystore.pem', Buffer.from(first.keystorePem.slice(0, 100)));
    expect((await ensure()).issued).toBe('unreadable');
    const other = await ensure({ id: 'worker-2' });
    await store.write('tls/worker-1.keystore.pem', Buffer.from(other.keyPem + first.certificatePem));
    expect((await ensure()).issued).toBe('unreadable');
  });

  it('has its copies mended after a run that was killed between the writes', async () => {
    const first = await ensure();
    await store.write('tls/worker-1.key.pem', Buffer.from('of an earlier certificate'));
    expect((await ensure()).issued).toBeUndefined();
    expect(await textOf('tls/worker-1.key.pem')).toBe(first.keyPem);
  });

  it('is one when several runs issue it at once', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => ensure()));
    expect(new Set(all.map((certificate) => certificate.keystorePem)).size).toBe(1);
    expect(all.filter((certificate) => certificate.issued === 'missing')).toHaveLength(1);
  });

  it.each(['worker 1', 'host:9093', '127.0.0.256', '-a.b', '', 'a..b', 'ü.example'])(
    'refuses the host %j',
    async (host) => {
      await expect(ensure({ hosts: [host] })).rejects.toMatchObject({
        code: 'SECRETS_BAD_HOST',
        message: expect.stringContaining(`"${host}"`),
      });
    },
  );

  it('refuses a node without hosts, and a name that no certificate can carry', async () => {
    await expect(ensure({ hosts: [] })).rejects.toMatchObject({ code: 'SECRETS_NO_HOSTS' });
    await expect(ensure({ commonName: 'a'.repeat(65) })).rejects.toMatchObject({ code: 'SECRETS_BAD_COMMON_NAME' });
    await expect(ensure({ commonName: 'a, O=b' })).rejects.toMatchObject({ code: 'SECRETS_BAD_COMMON_NAME' });
  });
});

describe('the list of expiries', () => {
  it('puts the soonest first and says what is expiring, expired or unreadable', async () => {
    const store = memoryStore();
    const authority = await ensureAuthority(store, 'local', now);
    await ensureCertificate(store, authority, worker, now);
    await ensureCertificate(store, authority, { ...worker, id: 'worker-2' }, later(-20));
    await ensureCertificate(store, authority, { ...worker, id: 'worker-3' }, later(-30));
    await store.write('tls/worker-4.pem', Buffer.from('damaged'));
    const list = await listExpiries(store, later(370));
    expect(list.map(({ id, kind, state, daysLeft }) => [id, kind, state, daysLeft])).toEqual([
      ['tls/worker-4.pem', 'node', 'unreadable', undefined],
      ['tls/worker-3.pem', 'node', 'expired', -4],
      ['tls/worker-2.pem', 'node', 'expiring', 6],
      ['tls/worker-1.pem', 'node', 'expiring', 26],
      ['tls/ca.pem', 'authority', 'valid', 3281],
    ]);
    expect(list[1]?.hosts).toEqual(['127.0.1.1', '::1', 'worker-1.local.internal']);
  });
});
