/**
 * Packages of Debian 12 by version and SHA-256, from the archive that this machine's apt is set to, or from one that ENSEMBLE_DEBIAN_MIRROR names.
 *
 * Debian removes a package of its security archive when the next one comes, so a locked version can go out of reach: then the lock is made anew, or the
 * version is asked of an archive of all that ever was (snapshot.debian.org keeps the pool's paths). I/O throughout.
 */
import { execFile } from 'node:child_process';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DebianPackage } from './artifacts-lock.ts';
import { type DownloadOptions, download } from './download.ts';
import { debianNotAsked, debianNotFetched, debianWrongBytes } from './errors.ts';
import { keepFile } from './kept-file.ts';
import { findOnPath } from './maven.ts';

export interface DebianOptions extends DownloadOptions {
  readonly cacheRoot: string;
  /** PATH and ENSEMBLE_DEBIAN_MIRROR are read from it. */
  readonly env: NodeJS.ProcessEnv;
}

const run = promisify(execFile);

/** The package's file, in the cache. Throws ARTIFACTS_DEBIAN_NOT_FETCHED, ARTIFACTS_DEBIAN_WRONG_BYTES, or the abort's reason. */
export function fetchDebianPackage(wanted: DebianPackage, options: DebianOptions): Promise<string> {
  const { package: name, sha256 } = wanted;
  return keepFile(
    { cacheRoot: options.cacheRoot, folder: 'debian', name: `${name}.deb`, sha256 },
    options,
    async (file, folder) => {
      options.onProgress?.(`fetching Debian's ${name} ${wanted.version} (${Math.ceil(wanted.size / 1e6)} MB)`);
      const reasons = [await throughApt(wanted, file, folder, options)];
      if (reasons[0] !== undefined) reasons.push(await throughMirrors(wanted, file, options));
      const failed = reasons.filter((reason) => reason !== undefined);
      if (failed.length === reasons.length) throw debianNotFetched(name, wanted.version, failed);
    },
    (found) => debianWrongBytes(name, wanted.version, sha256, found),
  );
}

/** Undefined once the file is there; else why not. */
async function throughApt(
  wanted: DebianPackage,
  file: string,
  folder: string,
  { env, signal }: DebianOptions,
): Promise<string | undefined> {
  const apt = await findOnPath('apt-get', env);
  if (apt === undefined) return 'apt-get is not on the PATH';
  try {
    // apt would fetch as a user of its own, who may not write into this folder.
    const unsandboxed = ['-q', '-o', 'APT::Sandbox::User=root'];
    await run(apt, [...unsandboxed, 'download', `${nameForApt(wanted)}=${wanted.version}`], {
      cwd: folder,
      env,
      signal,
    });
  } catch (error) {
    signal?.throwIfAborted();
    return `apt-get: ${lastLine(error)}`;
  }
  const [downloaded] = (await readdir(folder)).filter((each) => each.endsWith('.deb'));
  if (downloaded === undefined) return 'apt-get downloaded nothing';
  await rename(join(folder, downloaded), file);
  return undefined;
}

async function throughMirrors(
  wanted: DebianPackage,
  file: string,
  options: DebianOptions,
): Promise<string | undefined> {
  const mirrors = (options.env.ENSEMBLE_DEBIAN_MIRROR ?? '').split(/\s+/).filter((each) => each !== '');
  if (mirrors.length === 0) return 'ENSEMBLE_DEBIAN_MIRROR is not set';
  const reasons: string[] = [];
  for (const mirror of mirrors) {
    try {
      // A version's `+` stands for itself in a path, and some servers read it as a space.
      const path = wanted.path.split('/').map(encodeURIComponent).join('/');
      await download(`${mirror.replace(/\/+$/, '')}/${path}`, file, options);
      return undefined;
    } catch (error) {
      options.signal?.throwIfAborted();
      reasons.push(`${mirror}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return reasons.join('; ');
}

/** What Debian carries of these packages today, in this order. Throws ARTIFACTS_DEBIAN_NOT_ASKED. */
export async function askDebian(names: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly DebianPackage[]> {
  let text: string;
  try {
    const asked = names.map((name) => `${name}:amd64`);
    text = (await run('apt-cache', ['show', '--no-all-versions', ...asked], { env })).stdout;
  } catch (error) {
    throw debianNotAsked(names.join(', '), lastLine(error));
  }
  const carried = parsePackages(text);
  return names.map((name) => {
    const found = carried.find((each) => each.package === name);
    if (found === undefined) throw debianNotAsked(name, 'no archive that apt is set to has it');
    return found;
  });
}

/** Of `apt-cache show`: those that have a file; that of a package that is only installed has none. @internal */
export function parsePackages(text: string): readonly DebianPackage[] {
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(paragraph)?.[1];
    const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
    const [size, sha256, path] = [field('Size'), field('SHA256'), field('Filename')];
    if (!name || !version || !architecture || !size || !sha256 || !path) return [];
    return [{ package: name, version, architecture, size: Number(size), sha256, path }];
  });
}

function nameForApt({ package: name, architecture }: DebianPackage): string {
  return architecture === 'all' ? name : `${name}:${architecture}`;
}

function lastLine(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return stderr.split('\n').at(-1) || (error instanceof Error ? error.message : String(error));
}
