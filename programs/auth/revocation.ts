/**
 * Whether a certificate was revoked: by the lists (CRLs, RFC 5280) that it names, and by those that the operator put beside the service. A list counts
 * only with the signature of an authority that is trusted here; upstream takes any, over plain HTTP. Fetched lists are kept until they say that the next
 * one is due, at most ten minutes, and fetched once however many ask; upstream fetches one for every login.
 */
import 'reflect-metadata'; // the library's dependency container needs it, before the library itself
import type { X509Certificate as NodeCertificate } from 'node:crypto';
import { CRLDistributionPointsExtension, X509Certificate, X509Crl } from '@peculiar/x509';
import { forbidden, internal } from './errors.ts';

export interface RevocationOptions {
  /** PEM of the authorities that may sign a list. */
  readonly authorities: readonly string[];
  /** Lists given by the operator, DER or PEM. */
  readonly lists: readonly Buffer[];
  /** Whether a certificate must name a list. */
  readonly mustName: boolean;
  /** The body of a GET. Throws where there is none. */
  readonly fetchList: (url: string) => Promise<Buffer>;
  readonly now: () => Date;
}

export interface Revocation {
  /** Throws a Refusal: 403 where it was revoked or names no list, 500 where none of its lists could be had. */
  check(certificate: NodeCertificate): Promise<void>;
}

const longestKeptMs = 600_000;

interface List {
  readonly issuer: string;
  readonly serials: ReadonlySet<string>;
  readonly until: number;
}

/** Throws what a given list is at fault. */
export async function createRevocation(options: RevocationOptions): Promise<Revocation> {
  const authorities = options.authorities.map((pem) => new X509Certificate(pem));
  const given = await Promise.all(options.lists.map((bytes) => readList(bytes, authorities, options.now())));
  const kept = new Map<string, List>();
  const coming = new Map<string, Promise<List>>();

  const fetchList = async (url: string): Promise<List> => {
    const list = await readList(await options.fetchList(url), authorities, options.now());
    // Whoever stands between could show an old one for ever.
    if (list.until <= options.now().getTime()) throw new Error('this list is out of date');
    kept.set(url, list);
    return list;
  };
  const listAt = (url: string): Promise<List> => {
    const known = kept.get(url);
    if (known !== undefined && known.until > options.now().getTime()) return Promise.resolve(known);
    const asked = coming.get(url) ?? fetchList(url).finally(() => coming.delete(url));
    coming.set(url, asked);
    return asked;
  };

  return {
    async check(certificate) {
      const parsed = new X509Certificate(certificate.raw);
      const [issuer, serial] = [parsed.issuer, normal(parsed.serialNumber)];
      const holds = (list: List) => list.issuer === issuer && list.serials.has(serial);
      if (given.some(holds)) throw forbidden('Your certificate has been revoked');
      const urls = distributionPoints(parsed);
      if (urls === undefined) {
        if (!options.mustName) return;
        throw forbidden('Your certificate is invalid. No CRLDistributionPoints found on the certificate');
      }
      // Each point leads to the same list; upstream asks the first alone.
      for (const url of urls) {
        const list = await listAt(url).catch(() => undefined);
        if (list === undefined || list.issuer !== issuer) continue;
        if (list.serials.has(serial)) throw forbidden('Your certificate has been revoked');
        return;
      }
      throw internal(`Could not access CRL ${urls[0] ?? ''}`);
    },
  };
}

/** Undefined where the certificate names none. Those that are not spoken here, such as ldap, are left out. */
function distributionPoints(certificate: X509Certificate): readonly string[] | undefined {
  const extension = certificate.getExtension(CRLDistributionPointsExtension);
  if (extension === null) return undefined;
  return extension.distributionPoints
    .flatMap((point) => point.distributionPoint?.fullName ?? [])
    .flatMap((name) => name.uniformResourceIdentifier ?? [])
    .filter((url) => /^https?:\/\//i.test(url));
}

async function readList(bytes: Buffer, authorities: readonly X509Certificate[], now: Date): Promise<List> {
  const text = bytes.toString('latin1');
  const crl = new X509Crl(text.includes('-----BEGIN X509 CRL-----') ? text : new Uint8Array(bytes));
  for (const authority of authorities) {
    if (authority.subject !== crl.issuer || !(await signedBy(crl, authority))) continue;
    return {
      issuer: crl.issuer,
      serials: new Set(crl.entries.map((entry) => normal(entry.serialNumber))),
      until: Math.min(crl.nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY, now.getTime() + longestKeptMs),
    };
  }
  throw new Error('no authority that is trusted here signed this list');
}

/** The library throws where key and signature are of different kinds. */
async function signedBy(crl: X509Crl, authority: X509Certificate): Promise<boolean> {
  return crl.verify({ publicKey: authority }).catch(() => false);
}

/** Without leading zeros, which writers of serial numbers add or not. */
function normal(serial: string): string {
  return serial.toLowerCase().replace(/^0+/, '');
}
