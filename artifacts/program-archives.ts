/**
 * Our own programs as archives: each bundle (program-bundle.ts) alone in a tar, or in a zip where it is a function's code.
 *
 * Their hashes are no entries of the lock but are computed from the sources each time, offline: a commit names its own sources, so locking would only
 * write down again what it says, and every change of a program would need a second step (decision 0032). I/O throughout.
 */
import { copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile, packFolder } from './archive.ts';
import { cacheRootOf, newWorkFolder } from './cache.ts';
import { isWhole } from './kept-file.ts';
import { functionPrograms, type ProgramArchives } from './node-archives.ts';
import { type EnsureProgramOptions, ensureProgram, type ProgramName, programs } from './program-bundle.ts';
import { storedZip } from './stored-zip.ts';

export interface ProgramArchive {
  /** In the cache. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** Bundles all programs, by the cache where no source changed, and says their archives. Throws what ensureProgram throws. */
export async function ensureProgramArchives(
  options: EnsureProgramOptions = {},
): Promise<Readonly<Record<ProgramName, ProgramArchive>>> {
  const made: [ProgramName, ProgramArchive][] = [];
  for (const name of programs) made.push([name, await archiveProgram(name, options)]);
  return Object.fromEntries(made) as Record<ProgramName, ProgramArchive> satisfies ProgramArchives;
}

async function archiveProgram(name: ProgramName, options: EnsureProgramOptions): Promise<ProgramArchive> {
  const cacheRoot = cacheRootOf(options.cacheDirectory, options.env ?? process.env);
  const { file } = await ensureProgram(name, options);
  const extension = functionPrograms.has(name) ? 'zip' : 'tar';
  // The bundle decides the archive: beside the bundle is its place, and it goes when the bundle goes.
  const path = join(file, '..', `${name}.${extension}`);
  const known = await readFile(`${path}.sha256`, 'utf8').catch(() => '');
  if (!(await isWhole(path, known))) {
    const work = await newWorkFolder(cacheRoot);
    try {
      const target = join(work.path, 'archive');
      if (extension === 'zip') {
        await writeFile(target, storedZip([{ path: `${name}.mjs`, bytes: await readFile(file) }]));
      } else {
        const content = join(work.path, 'content');
        await mkdir(content);
        await copyFile(file, join(content, `${name}.mjs`));
        await packFolder(content, target);
      }
      const sha256 = await hashFile(target);
      await rename(target, path);
      await writeFile(join(work.path, 'sha256'), sha256);
      await rename(join(work.path, 'sha256'), `${path}.sha256`);
    } finally {
      await work.remove();
    }
  }
  const sha256 = await readFile(`${path}.sha256`, 'utf8');
  return { path, sha256, size: (await stat(path)).size };
}
