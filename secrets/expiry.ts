/** Which certificates of an environment expire when: for doctor, and for renewing before anybody notices. */
import { X509Certificate } from 'node:crypto';
import { authorityCertificateId } from './authority.ts';
import { hostsOf } from './hosts.ts';
import type { SecretStore } from './store.ts';
import { daysLeft, renewalDays } from './validity.ts';

export interface CertificateExpiry {
  /** `tls/worker-1.pem`. */
  readonly id: string;
  readonly kind: 'authority' | 'node';
  readonly state: 'valid' | 'expiring' | 'expired' | 'unreadable';
  readonly hosts: readonly string[];
  /** Undefined when the secret cannot be read as a certificate. */
  readonly expiresAt: Date | undefined;
  /** Whole days; negative once expired. */
  readonly daysLeft: number | undefined;
}

/** The soonest first, the unreadable before them. Throws what the store throws. */
export async function listExpiries(store: SecretStore, now: Date = new Date()): Promise<readonly CertificateExpiry[]> {
  const ids = (await store.list()).filter((id) => /^tls\/.*\.pem$/.test(id) && !/\.(key|keystore)\.pem$/.test(id));
  const expiries = await Promise.all(ids.map(async (id) => expiryOf(id, await store.read(id), now)));
  return expiries.sort((a, b) => (a.expiresAt?.getTime() ?? 0) - (b.expiresAt?.getTime() ?? 0));
}

function expiryOf(id: string, pem: Buffer | undefined, now: Date): CertificateExpiry {
  const kind = id === authorityCertificateId ? 'authority' : 'node';
  const certificate = parse(pem);
  if (certificate === undefined)
    return { id, kind, state: 'unreadable', hosts: [], expiresAt: undefined, daysLeft: undefined };
  const expiresAt = new Date(certificate.validTo);
  const days = daysLeft(expiresAt, now);
  const state = days < 0 ? 'expired' : days < renewalDays ? 'expiring' : 'valid';
  return { id, kind, state, hosts: hostsOf(certificate), expiresAt, daysLeft: days };
}

function parse(pem: Buffer | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
