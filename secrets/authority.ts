/**
 * The environment's own certificate authority: made once, kept in the store, trusted by every node and client of the environment and by nobody else.
 * The key is created before the certificate, each in one step that only one of several runs wins, so that runs at once, and runs after one
 * that was killed half-way, end with the same pair.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { authorityUnusable } from './errors.ts';
import type { SecretStore } from './store.ts';
import { clockSkewMs, dayMs } from './validity.ts';

export const authorityCertificateId = 'tls/ca.pem';
const authorityKeyId = 'tls/ca.key.pem';

/** Ten years: replacing it means touching every client, so it outlives the cluster's machines. 3,652 days hold two or three leap days. */
const authorityDays = 3_652;

export interface Authority {
  /** Public: what clients trust. */
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly keyPem: string;
  readonly expiresAt: Date;
}

/** Makes the authority, or reads it. Throws SECRETS_AUTHORITY_UNUSABLE, SECRETS_BAD_COMMON_NAME and what the store throws. */
export async function ensureAuthority(
  store: SecretStore,
  environment: string,
  now: Date = new Date(),
): Promise<Authority> {
  const present = await readPair(store);
  if (present.certificatePem !== undefined) return checked(present.certificatePem, present.keyPem, now);
  const { issueAuthority, newKeyPem } = await import('./issue.ts');
  const keyPem = present.keyPem ?? (await createOrRead(store, authorityKeyId, newKeyPem()));
  const notBefore = new Date(now.getTime() - clockSkewMs);
  const notAfter = new Date(notBefore.getTime() + authorityDays * dayMs);
  const fresh = await issueAuthority(`Ensemble CA ${environment}`, keyPem, { notBefore, notAfter });
  return checked(await createOrRead(store, authorityCertificateId, fresh), keyPem, now);
}

async function readPair(
  store: SecretStore,
): Promise<{ certificatePem: string | undefined; keyPem: string | undefined }> {
  // The certificate first: it is created last, so that with it the key is there too.
  const certificate = await store.read(authorityCertificateId);
  const key = await store.read(authorityKeyId);
  return { certificatePem: certificate?.toString('utf8'), keyPem: key?.toString('utf8') };
}

async function createOrRead(store: SecretStore, id: string, text: string): Promise<string> {
  if (await store.create(id, Buffer.from(text))) return text;
  const winner = await store.read(id);
  if (winner === undefined) throw authorityUnusable(`${id} vanished while it was made`);
  return winner.toString('utf8');
}

function checked(certificatePem: string, keyPem: string | undefined, now: Date): Authority {
  if (keyPem === undefined) throw authorityUnusable(`${authorityCertificateId} is there, ${authorityKeyId} is not`);
  const certificate = readOr(authorityCertificateId, () => new X509Certificate(certificatePem));
  const key = readOr(authorityKeyId, () => createPrivateKey(keyPem));
  if (!certificate.ca) throw authorityUnusable(`${authorityCertificateId} is not the certificate of an authority`);
  if (!certificate.checkPrivateKey(key))
    throw authorityUnusable(`${authorityKeyId} is not the key of ${authorityCertificateId}`);
  const expiresAt = new Date(certificate.validTo);
  if (expiresAt <= now) throw authorityUnusable(`it expired on ${expiresAt.toISOString()}`);
  return { certificatePem, keyPem, expiresAt };
}

function readOr<T>(id: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw authorityUnusable(`${id} cannot be read`, cause);
  }
}
