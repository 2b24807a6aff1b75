/** Certificates of clients as authorities elsewhere make them: any subject, any dates, revocation lists. Ours (secrets/) have none of these. */
import 'reflect-metadata'; // the library's dependency container needs it, before the library itself
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

export interface TestAuthority {
  readonly pem: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface TestCertificate {
  readonly pem: string;
  readonly keyPem: string;
  readonly serialNumber: string;
}

export interface SubjectOptions {
  /** One entry an RDN, in the certificate's order; OpenSSL's short names or object identifiers. */
  readonly subject: x509.JsonName;
  readonly from?: Date;
  readonly until?: Date;
  /** Where its revocation list is. */
  readonly crl?: string;
  readonly hosts?: readonly string[];
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

export async function makeAuthority(name: string): Promise<TestAuthority> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    serialNumber: '01',
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + 365 * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return { pem: `${certificate.toString('pem')}\n`, certificate, keys };
}

export async function makeCertificate(
  authority: TestAuthority,
  { subject, from, until, crl, hosts = [] }: SubjectOptions,
): Promise<TestCertificate> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const serialNumber = `4${randomBytes(8).toString('hex').slice(1)}`;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject,
    issuer: authority.certificate.subjectName.toJSON(),
    notBefore: from ?? new Date(Date.now() - dayMs),
    notAfter: until ?? new Date(Date.now() + dayMs),
    publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
    signingKey: authority.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ...(crl === undefined ? [] : [new x509.CRLDistributionPointsExtension([crl])]),
      ...(hosts.length === 0
        ? []
        : [new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns' as const, value })))]),
    ],
  });
  return {
    pem: `${certificate.toString('pem')}\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    serialNumber,
  };
}

/** DER. `next`: when the following list is due. */
export async function makeRevocationList(
  authority: TestAuthority,
  serialNumbers: readonly string[],
  next = new Date(Date.now() + dayMs),
): Promise<Buffer> {
  const list = await x509.X509CrlGenerator.create({
    issuer: authority.certificate.subjectName.toJSON(),
    thisUpdate: new Date(Date.now() - dayMs),
    nextUpdate: next,
    entries: serialNumbers.map((serialNumber) => ({ serialNumber, revocationDate: new Date() })),
    signingAlgorithm: algorithm,
    signingKey: authority.keys.privateKey,
  });
  return Buffer.from(list.rawData);
}
