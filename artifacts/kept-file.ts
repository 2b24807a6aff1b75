/**
 * One file of the cache that is named by its SHA-256: taken where its bytes are right, made where it is absent or damaged, and never there half-made.
 * Every use hashes it: a gigabyte a second, and what a deployment uploads is exactly what the lock names.
 */
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from '../platform/file-lock.ts';
import { hashFile, syncToDisk } from './archive.ts';
import { newWorkFolder } from './cache.ts';
import type { DownloadOptions } from './download.ts';

export interface KeptFile {
  readonly cacheRoot: string;
  /** Below the cache's root. */
  readonly folder: string;
  /** The file's name after its hash: `java.tar`. */
  readonly name: string;
  readonly sha256: string;
}

/** Where it is kept, whether or not it is there. */
function keptPath({ cacheRoot, folder, name, sha256 }: KeptFile): string {
  return join(cacheRoot, folder, `${sha256}-${name}`);
}

/**
 * The file's path. `make` writes the file that it is given, in a work folder that it may use otherwise too; what it wrote with other bytes is
 * refused with `wrongBytes`, which is told their hash. Throws that, what `make` throws, and the abort's reason.
 */
export async function keepFile(
  kept: KeptFile,
  options: DownloadOptions,
  make: (file: string, workFolder: string) => Promise<void>,
  wrongBytes: (found: string) => Error,
): Promise<string> {
  const path = keptPath(kept);
  if (await isWhole(path, kept.sha256)) return path;
  await mkdir(join(kept.cacheRoot, kept.folder), { recursive: true });
  const wait = {
    signal: options.signal,
    onWait: () => options.onProgress?.('waiting for another run that makes it'),
  };
  const lock = join(kept.cacheRoot, kept.folder, `${kept.name}.lock`);
  return withFileLock(lock, wait, async () => {
    if (await isWhole(path, kept.sha256)) return path;
    if (await stat(path).catch(() => undefined)) options.onProgress?.(`${path} is damaged; it is made anew`);
    const work = await newWorkFolder(kept.cacheRoot);
    try {
      const file = join(work.path, kept.name);
      await make(file, work.path);
      const found = await hashFile(file);
      if (found !== kept.sha256) throw wrongBytes(found);
      await syncToDisk(file);
      await rename(file, path);
      return path;
    } finally {
      await work.remove();
    }
  });
}

/** Whether a file is there with these bytes. */
export async function isWhole(path: string, sha256: string): Promise<boolean> {
  return (await hashFile(path).catch(() => undefined)) === sha256;
}
