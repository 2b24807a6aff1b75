/** Reads certificates, authorities and revocation lists from their files: at the start, and again on SIGHUP. */
import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthConfig } from '../../contracts/auth-config.ts';
import type { ServerTls } from './app.ts';
import { fileUnusable, noAuthorities } from './errors.ts';
import type { PeerChecks } from './peer.ts';
import { createRevocation } from './revocation.ts';
import { createTokenLookup, type TokenLookup } from './token-lookup.ts';

export interface Trust {
  readonly tls: ServerTls;
  readonly lookup: TokenLookup;
  readonly checks: PeerChecks;
}

/** Upstream's figure for a list; the greatest that is taken: a million entries. */
const listTimeoutMs = 30_000;
const listBytes = 67_108_864;

/** Throws AUTH_FILE_UNUSABLE and AUTH_NO_AUTHORITIES. `warn` is told of files in the folder of authorities that hold none. */
export async function readTrust(config: AuthConfig, now: () => Date, warn: (words: string) => void): Promise<Trust> {
  const { certificateAuthority, revocation: asked, revocationLists } = config.ensemble;
  const [cert, key] = await Promise.all([
    textOf(config.certificate, 'a certificate'),
    textOf(config.certificate_key, 'a key'),
  ]);
  const own = certificateAuthority === '' ? [] : certificatesIn(await textOf(certificateAuthority, 'a certificate'));
  if (certificateAuthority !== '' && own.length === 0)
    throw fileUnusable(certificateAuthority, 'a certificate', undefined);
  const authorities = [...own, ...(await authoritiesIn(config.certificate_authorities, warn))];
  if (authorities.length === 0 && !config.trust_unknown_cas) throw noAuthorities(config.certificate_authorities);
  const lists = await Promise.all(revocationLists.map((file) => bytesOf(file, 'a revocation list')));
  const mustName = asked === 'required';
  const revocation = await createRevocation({ authorities, lists, mustName, fetchList, now }).catch((cause) => {
    throw fileUnusable(revocationLists.join(', '), 'a revocation list of an authority that is trusted here', cause);
  });
  return {
    tls: { cert, key, ca: authorities },
    lookup: createTokenLookup(config, own.length > 0 ? own : undefined),
    checks: { config, revocation, now },
  };
}

async function authoritiesIn(folder: string, warn: (words: string) => void): Promise<readonly string[]> {
  const names = await readdir(folder).catch((cause) => {
    throw fileUnusable(folder, 'a folder', cause);
  });
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.pem'))
      .map(async (name) => {
        const file = join(folder, name);
        const certificates = certificatesIn(await textOf(file, 'a certificate'));
        if (certificates.length === 0) warn(`${file} holds no certificate`);
        return certificates;
      }),
  );
  return found.flat();
}

/** Those that can be read, one PEM each. */
function certificatesIn(text: string): readonly string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.filter((pem) => {
    try {
      return new X509Certificate(pem).raw.length > 0;
    } catch {
      return false;
    }
  });
}

async function bytesOf(file: string, what: string): Promise<Buffer> {
  return readFile(file).catch((cause) => {
    throw fileUnusable(file, what, cause);
  });
}

async function textOf(file: string, what: string): Promise<string> {
  return (await bytesOf(file, what)).toString('utf8');
}

async function fetchList(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(listTimeoutMs), redirect: 'error' });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > listBytes) throw new Error(`${url} is too large`);
  return Buffer.from(await response.arrayBuffer());
}
