/**
 * A node's certificate: issued once, issued again when it no longer fits. The keystore (key and chain in one secret) is the truth, since one write
 * replaces it whole; the certificate and the key beside it are copies for programs that want two files, mended at the next run if one was missed.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Authority } from './authority.ts';
import { type Host, hostsOf, parseHosts } from './hosts.ts';
import type { SecretStore } from './store.ts';
import { certificateDays, clockSkewMs, dayMs, daysLeft, renewalDays } from './validity.ts';

export interface CertificateSpec {
  /** Of the node, such as `worker-1`; names its secrets: `tls/worker-1.pem`, `.key.pem` and `.keystore.pem`. */
  readonly id: string;
  readonly commonName: string;
  /** DNS names and IP addresses under which it is reached. */
  readonly hosts: readonly string[];
  /** Issue a new one also where the present one fits. */
  readonly renew?: boolean;
}

/** Why a certificate is issued. */
export type IssueReason =
  | 'asked for'
  | 'missing'
  | 'unreadable'
  | 'expiring'
  | 'renamed'
  | 'hosts changed'
  | 'authority changed';

export interface Certificate {
  readonly id: string;
  /** The node's certificate, then the authority's. */
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly keyPem: string;
  /** Key, then chain: what Kafka reads with ssl.keystore.type=PEM (KIP-651). */
  readonly keystorePem: string;
  readonly expiresAt: Date;
  /** Undefined when the one that was there still fits. */
  readonly issued: IssueReason | undefined;
}

interface Keystore {
  readonly pem: string;
  readonly keyPem: string;
  readonly chainPem: string;
  readonly leaf: X509Certificate;
}

/** Reads or issues. Throws SECRETS_BAD_ID, SECRETS_BAD_HOST, SECRETS_NO_HOSTS, SECRETS_BAD_COMMON_NAME and what the store throws. */
export async function ensureCertificate(
  store: SecretStore,
  authority: Authority,
  spec: CertificateSpec,
  now: Date = new Date(),
): Promise<Certificate> {
  const hosts = parseHosts(spec.hosts, spec.id);
  const keystoreId = `tls/${spec.id}.keystore.pem`;
  const present = (await store.read(keystoreId))?.toString('utf8');
  const current = present === undefined ? undefined : parseKeystore(present);
  const reason =
    present === undefined
      ? 'missing'
      : current === undefined
        ? 'unreadable'
        : spec.renew === true
          ? 'asked for'
          : reissueReason(current, spec, hosts, authority, now);
  const keystore = reason === undefined && current !== undefined ? current : await issue(spec, hosts, authority, now);
  if (reason === 'missing' && !(await store.create(keystoreId, Buffer.from(keystore.pem)))) {
    return ensureCertificate(store, authority, { ...spec, renew: false }, now); // another run was first: theirs counts, if it fits
  }
  if (reason !== undefined && reason !== 'missing') await store.write(keystoreId, Buffer.from(keystore.pem));
  await mend(store, `tls/${spec.id}.key.pem`, keystore.keyPem);
  await mend(store, `tls/${spec.id}.pem`, keystore.chainPem);
  return {
    id: spec.id,
    certificatePem: keystore.chainPem,
    keyPem: keystore.keyPem,
    keystorePem: keystore.pem,
    expiresAt: new Date(keystore.leaf.validTo),
    issued: reason,
  };
}

function reissueReason(
  current: Keystore,
  spec: CertificateSpec,
  hosts: readonly Host[],
  authority: Authority,
  now: Date,
): IssueReason | undefined {
  const issuer = new X509Certificate(authority.certificatePem);
  if (!current.leaf.verify(issuer.publicKey) || !current.chainPem.endsWith(authority.certificatePem))
    return 'authority changed';
  if (current.leaf.subject !== `CN=${spec.commonName}`) return 'renamed';
  if (hostsOf(current.leaf).join() !== hosts.map((host) => host.value).join()) return 'hosts changed';
  return daysLeft(new Date(current.leaf.validTo), now) < renewalDays ? 'expiring' : undefined;
}

/** A new key each time: a key that leaked is worth something until the next renewal, and no longer. */
async function issue(
  spec: CertificateSpec,
  hosts: readonly Host[],
  authority: Authority,
  now: Date,
): Promise<Keystore> {
  const { issueCertificate, newKeyPem } = await import('./issue.ts');
  const keyPem = newKeyPem();
  const notBefore = new Date(now.getTime() - clockSkewMs);
  // Both ends count (RFC 5280, 4.1.2.5), hence the second less; and a certificate cannot outlive its issuer.
  const notAfter = new Date(
    Math.min(notBefore.getTime() + certificateDays * dayMs - 1_000, authority.expiresAt.getTime()),
  );
  const leafPem = await issueCertificate({
    commonName: spec.commonName,
    hosts,
    keyPem,
    authority,
    notBefore,
    notAfter,
  });
  const chainPem = leafPem + authority.certificatePem;
  return { pem: keyPem + chainPem, keyPem, chainPem, leaf: new X509Certificate(leafPem) };
}

/** Undefined when it is not a key and its certificate: then it is issued again, since nothing else is lost with it. */
function parseKeystore(pem: string): Keystore | undefined {
  const end = '-----END PRIVATE KEY-----\n';
  const at = pem.indexOf(end);
  if (at < 0) return undefined;
  const [keyPem, chainPem] = [pem.slice(0, at + end.length), pem.slice(at + end.length)];
  try {
    const leaf = new X509Certificate(chainPem);
    const key: KeyObject = createPrivateKey(keyPem);
    return leaf.checkPrivateKey(key) ? { pem, keyPem, chainPem, leaf } : undefined;
  } catch {
    return undefined;
  }
}

async function mend(store: SecretStore, id: string, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  if (!(await store.read(id))?.equals(bytes)) await store.write(id, bytes);
}
