/**
 * Makes X.509 certificates with @peculiar/x509 (docs/decisions/0012); the only importer of that library, and imported lazily, since most commands
 * issue nothing. Keys are ECDSA P-256: Java 17, librdkafka, OpenSSL and browsers all take them, and a handshake costs a fraction of RSA's.
 */
import 'reflect-metadata'; // the library's dependency container needs it, before the library itself
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { badCommonName } from './errors.ts';
import type { Host } from './hosts.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A new private key: PKCS#8 in PEM, not encrypted, since what protects it is the store. */
export function newKeyPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

/** A CA that signs itself, and signs nodes directly (path length 0). PEM. Throws SECRETS_BAD_COMMON_NAME. */
export async function issueAuthority(commonName: string, keyPem: string, validity: Validity): Promise<string> {
  const keys = await importKeys(keyPem);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: newSerialNumber(),
    name: nameOf(commonName),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return withNewline(certificate.toString('pem'));
}

export interface NodeCertificateProps extends Validity {
  readonly commonName: string;
  readonly hosts: readonly Host[];
  /** Of the node. */
  readonly keyPem: string;
  readonly authority: { readonly certificatePem: string; readonly keyPem: string };
}

/** A certificate for both ends of a connection, since a broker is a server to clients and a client to other brokers. PEM. Throws SECRETS_BAD_COMMON_NAME. */
export async function issueCertificate(props: NodeCertificateProps): Promise<string> {
  const issuer = new x509.X509Certificate(props.authority.certificatePem);
  const { privateKey: signingKey } = await importKeys(props.authority.keyPem);
  const { publicKey } = await importKeys(props.keyPem);
  const certificate = await x509.X509CertificateGenerator.create({
    notBefore: props.notBefore,
    notAfter: props.notAfter,
    serialNumber: newSerialNumber(),
    subject: nameOf(props.commonName),
    issuer: issuer.subjectName.toJSON(),
    publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(props.hosts.map(({ type, value }) => ({ type, value }))),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return withNewline(certificate.toString('pem'));
}

async function importKeys(
  keyPem: string,
): Promise<{ privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey }> {
  const key: KeyObject = createPrivateKey(keyPem);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
  };
}

/** 127 random bits, never zero: positive and within 20 octets (RFC 5280, 4.1.2.2), and 64 random bits at least (CA/Browser Forum, 7.1). */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function nameOf(commonName: string): x509.JsonName {
  // Plain characters only: others are escaped when a name is read back, and would not compare.
  if (!/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(commonName)) throw badCommonName(commonName);
  return [{ CN: [commonName] }];
}

function withNewline(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
