/**
 * The files behind node-archives.ts: each made or fetched into the cache where it is absent, its every byte compared, and then put into the project's
 * .ensemble/archives, from where a deployment uploads it. A second run finds everything and makes nothing. I/O throughout.
 */
import { randomUUID } from 'node:crypto';
import { constants, copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ArtifactService, artifactsLock, type RuntimesLock, runtimesLock } from './artifacts-lock.ts';
import { cacheRootOf } from './cache.ts';
import type { DebianOptions } from './debian-packages.ts';
import type { DownloadOptions } from './download.ts';
import { ensureArtifact, verifyArtifact } from './ensure-artifact.ts';
import { archiveWrongBytes, notTheLocked } from './errors.ts';
import { isWhole, keepFile } from './kept-file.ts';
import { archivesFolder, type NodeArchive, nodeArchives, operatorArchive } from './node-archives.ts';
import type { OperatorArtifact } from './operator-artifacts.ts';
import { ensureProgramArchives, type ProgramArchive } from './program-archives.ts';
import { runtimeMakers } from './runtime-archives.ts';
import { fetchUpstream, unpackUpstream, wrongBytesOf } from './upstream.ts';

/** As the environment names it, and where a relative path in it starts. */
export interface PlacedArtifact extends OperatorArtifact {
  readonly relativeTo: string;
}

export interface ArchiveFilesOptions extends DownloadOptions {
  /** The folder that `.ensemble` lies in. */
  readonly projectFolder: string;
  readonly operator?: readonly PlacedArtifact[] | undefined;
  /** Instead of ENSEMBLE_CACHE and the user's cache folder. */
  readonly cacheDirectory?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Instead of the committed lock's: for tests. */
  readonly runtimes?: RuntimesLock | undefined;
}

export interface ArchiveFile extends NodeArchive {
  /** Of the file in the project's folder. */
  readonly state: 'whole' | 'damaged' | 'absent';
}

/** Every archive and the state of its file, by all its bytes. Bundles our programs, since that is how they get their hashes; fetches nothing. */
export async function lookAtArchives(options: ArchiveFilesOptions): Promise<readonly ArchiveFile[]> {
  const looked: ArchiveFile[] = [];
  for (const archive of allArchives(await ensureProgramArchives(options), options))
    looked.push(await lookAt(archive, options.projectFolder));
  return looked;
}

async function lookAt(archive: NodeArchive, projectFolder: string): Promise<ArchiveFile> {
  const path = join(projectFolder, archive.file);
  if (await isWhole(path, archive.sha256)) return { ...archive, size: (await stat(path)).size, state: 'whole' };
  return { ...archive, state: (await stat(path).catch(() => undefined)) ? 'damaged' : 'absent' };
}

function allArchives(
  bundles: Awaited<ReturnType<typeof ensureProgramArchives>>,
  { operator = [], runtimes }: ArchiveFilesOptions,
): readonly NodeArchive[] {
  const named = operator.map(({ program, sha256 }) => operatorArchive(program, sha256));
  return [
    ...Object.values(nodeArchives(bundles, runtimes)),
    ...new Map(named.map((each) => [each.file, each])).values(),
  ];
}

/**
 * Makes what is absent or damaged, one after the other, and says what is there then: all of it, whole. `made` hears of each that was not.
 * Throws what the makers throw; what was made before stays.
 */
export async function buildArchives(
  options: ArchiveFilesOptions,
  made: (archive: NodeArchive, ms: number) => void = () => undefined,
): Promise<readonly ArchiveFile[]> {
  const bundles = await ensureProgramArchives(options);
  const built: ArchiveFile[] = [];
  for (const archive of allArchives(bundles, options)) {
    options.signal?.throwIfAborted();
    const before = await lookAt(archive, options.projectFolder);
    if (before.state === 'whole') {
      built.push(before);
      continue;
    }
    const start = performance.now();
    await place(await inCache(archive, bundles, options), join(options.projectFolder, archive.file));
    made(archive, performance.now() - start);
    built.push(await lookAt(archive, options.projectFolder));
  }
  return built;
}

/** Removes files of `.ensemble/archives` that none of these names, such as those of programs as they were before. */
export async function dropOtherArchives(archives: readonly NodeArchive[], projectFolder: string): Promise<number> {
  const named = new Set(archives.map(({ file }) => file));
  const others = (await readdir(join(projectFolder, archivesFolder)).catch(() => [])).filter(
    // Only what has the form of a name of ours.
    (name) => /^[0-9a-f]{64}-/.test(name) && !named.has(`${archivesFolder}/${name}`),
  );
  for (const name of others) await rm(join(projectFolder, archivesFolder, name));
  return others.length;
}

/** The archive's file in the cache: found, or made. */
async function inCache(
  archive: NodeArchive,
  bundles: Readonly<Record<string, ProgramArchive>>,
  options: ArchiveFilesOptions,
): Promise<string> {
  const { name, sha256 } = archive;
  const env = options.env ?? process.env;
  const cacheRoot = cacheRootOf(options.cacheDirectory, env);
  const bundle = Object.hasOwn(bundles, name) ? bundles[name] : undefined;
  if (bundle !== undefined) return bundle.path;
  if (isService(name)) {
    const artifact = await ensureArtifact(name, options);
    if (!artifact.locked) throw notTheLocked(name, artifact.source);
    await verifyArtifact(artifact);
    return join(artifact.directory, artifactsLock[name].archive);
  }
  const kept = { cacheRoot, folder: 'archives', name, sha256 };
  const artifact = options.operator?.find((each) => each.program === name && each.sha256 === sha256);
  if (artifact !== undefined)
    return keepFile(
      kept,
      options,
      (file, folder) => fetchChecked(artifact, file, folder, options),
      (found) => wrongBytesOf(artifact, found),
    );
  const debian: DebianOptions = { cacheRoot, env, onProgress: options.onProgress, signal: options.signal };
  const make = runtimeMakers(options.runtimes ?? runtimesLock, debian)[name as keyof RuntimesLock];
  return keepFile(kept, options, make, (found) => archiveWrongBytes(name, sha256, found));
}

/** A program must be one for x86-64 too: better said here than by a node that starts nothing. */
async function fetchChecked(artifact: PlacedArtifact, file: string, folder: string, options: DownloadOptions) {
  await fetchUpstream(file, artifact, { ...options, relativeTo: artifact.relativeTo });
  if (artifact.form !== 'program' || !(await isWhole(file, artifact.sha256))) return;
  const tried = join(folder, 'tried');
  await mkdir(tried);
  await copyFile(file, join(tried, 'fetched'));
  await unpackUpstream(tried, join(tried, 'fetched'), artifact, 'x64');
}

function isService(name: string): name is ArtifactService {
  return Object.hasOwn(artifactsLock, name);
}

/** A second name for the same bytes where the two folders lie on one disk, else a copy; there at once, and whole. */
async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const unfinished = `${to}.${randomUUID()}`;
  await link(from, unfinished).catch(() => copyFile(from, unfinished, constants.COPYFILE_FICLONE));
  await rename(unfinished, to);
  // Of two names for one file, rename leaves both.
  await rm(unfinished, { force: true });
}
