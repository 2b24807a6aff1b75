/**
 * The cache of artifacts, under the user's cache folder: one folder a content, `<service>-<version>-<first 12 digits of the SHA-256>`.
 *
 * An entry appears by one rename of a finished and synced folder, so a half-made one never has the name of a whole one. Work happens in folders that
 * say whose they are; those of processes that died are swept by the next. Two that finish the same entry: the first rename wins, the other takes it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { identify, isAlive } from '../platform/process-identity.ts';
import { hashFile } from './archive.ts';
import type { ArtifactService, LockedArtifact } from './artifacts-lock.ts';

export interface WorkFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Where artifacts are kept: what the caller says, else ENSEMBLE_CACHE, else this system's place for a user's caches. */
export function cacheRootOf(cacheDirectory: string | undefined, env: NodeJS.ProcessEnv): string {
  return resolve(cacheDirectory ?? (env.ENSEMBLE_CACHE || userCacheRoot()));
}

/** This system's place, whatever ENSEMBLE_CACHE says: things shared by all caches of a user, such as Maven's turn, go there. */
export function userCacheRoot(): string {
  return envPaths('ensemble', { suffix: '' }).cache;
}

export function entryPath(
  cacheRoot: string,
  service: ArtifactService,
  locked: Pick<LockedArtifact, 'version' | 'sha256'>,
): string {
  return join(cacheRoot, `${service}-${locked.version}-${locked.sha256.slice(0, 12)}`);
}

/**
 * Why the entry cannot be used; undefined if it can. `quick` compares names and sizes, which finds what a full disk or a careless hand does and costs
 * a millisecond; `thorough` compares every byte's hash.
 */
export async function entryFault(
  folder: string,
  locked: LockedArtifact,
  care: 'quick' | 'thorough',
): Promise<'absent' | { readonly damage: string } | undefined> {
  if (!(await stat(folder).catch(() => undefined))) return 'absent';
  for (const file of [{ path: locked.archive, size: locked.size, sha256: locked.sha256 }, ...locked.files]) {
    const path = join(folder, file.path);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return { damage: `${file.path} is missing` };
    if (found.size !== file.size) return { damage: `${file.path} has ${found.size} bytes instead of ${file.size}` };
    if (care === 'thorough' && (await hashFile(path)) !== file.sha256)
      return { damage: `the bytes of ${file.path} have changed` };
  }
  return undefined;
}

const workPrefix = '.work';

/** A folder of this process's own inside the cache (so that renaming out of it is atomic); sweeps those that dead processes left. */
export async function newWorkFolder(cacheRoot: string): Promise<WorkFolder> {
  await mkdir(cacheRoot, { recursive: true });
  for (const name of await readdir(cacheRoot)) {
    const [prefix, pid, startedAt] = name.split('~');
    if (prefix !== workPrefix || startedAt === undefined) continue;
    const owner = { pid: Number(pid), startedAt: Buffer.from(startedAt, 'base64url').toString() };
    if (!isAlive(owner)) await rm(join(cacheRoot, name), { recursive: true, force: true });
  }
  const startedAt = Buffer.from(identify(process.pid)?.startedAt ?? '').toString('base64url');
  const path = join(cacheRoot, [workPrefix, process.pid, startedAt, randomUUID()].join('~'));
  await mkdir(path);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Gives a finished work folder its entry's name. Where an entry stands already it is kept if `isGood`, else moved aside and replaced.
 * Returns when a good entry is there, whoever made it.
 */
export async function publish(work: WorkFolder, entry: string, isGood: () => Promise<boolean>): Promise<void> {
  // Bounded: each further round needs yet another process to have put a bad entry there in between.
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await rename(work.path, entry);
      return;
    } catch (error) {
      if (!isOccupied(error)) throw error;
    }
    if (await isGood()) return work.remove();
    // The name keeps the work folders' form, so that a crash between the next two lines leaves something that is swept.
    const aside = `${work.path}~aside`;
    await rename(entry, aside).catch(() => undefined);
    await rm(aside, { recursive: true, force: true });
  }
  await rename(work.path, entry);
}

function isOccupied(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOTEMPTY' || error.code === 'EEXIST' || error.code === 'ENOTDIR')
  );
}
