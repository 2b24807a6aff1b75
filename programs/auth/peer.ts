/**
 * What is asked of a client's certificate before it counts (reference, section 6): an authority that is trusted here signed it, and with `verify_certificate`
 * host, expiry and revocation, in this order. Upstream ends the handshake with a certificate that it does not trust; here the client is told why.
 */
import type { X509Certificate } from 'node:crypto';
import { reverse } from 'node:dns/promises';
import type { TLSSocket } from 'node:tls';
import type { AuthConfig } from '../../contracts/auth-config.ts';
import { badRequest, forbidden, type Refusal } from './errors.ts';
import type { Revocation } from './revocation.ts';

export interface Peer {
  readonly certificate: X509Certificate;
  /** Why the handshake did not trust it, in OpenSSL's word; undefined: it did. */
  readonly distrust: string | undefined;
  readonly address: string;
}

/** Undefined where the client gave no certificate. */
export function peerOf(socket: TLSSocket): Peer | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const error: unknown = socket.authorizationError;
  const distrust = socket.authorized ? undefined : error instanceof Error ? error.message : String(error);
  return { certificate, distrust, address: socket.remoteAddress ?? '' };
}

export interface PeerChecks {
  readonly config: Pick<AuthConfig, 'trust_unknown_cas' | 'verify_certificate' | 'client_cert_host_verification'>;
  readonly revocation: Revocation;
  readonly now: () => Date;
  /** Host names of an address; a test's own. */
  readonly reverseLookup?: (address: string) => Promise<readonly string[]>;
}

/** Throws a Refusal. */
export async function checkPeer(peer: Peer, checks: PeerChecks): Promise<void> {
  const { certificate, distrust } = peer;
  const { trust_unknown_cas, verify_certificate, client_cert_host_verification } = checks.config;
  const expiry = expired(certificate, checks.now());
  // A certificate out of its time is distrusted for that alone, so that it is asked for first.
  if (!trust_unknown_cas && distrust !== undefined)
    throw expiry ?? forbidden(`Your certificate is not trusted here: ${distrust}`);
  if (!verify_certificate) return;
  if (client_cert_host_verification) await checkHost(peer, checks.reverseLookup ?? reverse);
  if (expiry !== undefined) throw expiry;
  // Whoever signed it would also say where its list is, and sign that: neither tells anything.
  if (distrust !== undefined)
    throw forbidden('Your certificate is of an unknown authority: nobody can say whether it was revoked');
  await checks.revocation.check(certificate);
}

function expired(certificate: X509Certificate, now: Date): Refusal | undefined {
  if (now > new Date(certificate.validTo)) return forbidden('Your certificate has expired');
  if (now < new Date(certificate.validFrom)) return forbidden('Your certificate is not active yet');
  return undefined;
}

/** Upstream passes an address without a name, since nothing then contradicts the certificate. */
async function checkHost({ certificate, address }: Peer, lookup: NonNullable<PeerChecks['reverseLookup']>) {
  const plain = address.replace(/^::ffff:/, '');
  const names = await lookup(plain).catch(() => {
    throw badRequest(`The address ${plain} has no name`);
  });
  if (!names.some((name) => certificate.checkHost(name) !== undefined))
    throw forbidden(`x509: certificate is not valid for ${names.join(', ') || plain}`);
}
