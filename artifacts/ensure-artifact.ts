/**
 * Sees to it that a service's programs are on this machine: out of the cache, or through the first way that works. I/O throughout.
 * Whatever the way, what enters the cache is the archive that the lock names; only a Kafka that is there already may be used unlocked, visibly.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EnsembleError } from '../contracts/error.ts';
import { withFileLock } from '../platform/file-lock.ts';
import { type ApacheArchive, fetchApacheArchive, kafkaArchive } from './apache-archive.ts';
import { makeArchive, recordFiles } from './archive.ts';
import { type ArtifactService, artifactsLock, type LockedArtifact } from './artifacts-lock.ts';
import { cacheRootOf, entryFault, entryPath, newWorkFolder, publish, type WorkFolder } from './cache.ts';
import { cacheDamaged, type FailedWay, notFetched, wayFailed } from './errors.ts';
import { copyFromHome, inspectHome } from './kafka-home.ts';
import { fetchWithMaven } from './maven.ts';
import { addLauncher } from './stand-in-launcher.ts';

export interface Artifact {
  readonly service: ArtifactService;
  readonly version: string;
  /** Of the archive; of an unlocked one, over the names and hashes of its jars. */
  readonly sha256: string;
  /** The unpacked folder; a locked one holds the archive too. */
  readonly directory: string;
  /** Absolute paths of jars, always in this order: class-data sharing depends on it. */
  readonly classpath: readonly string[];
  readonly source: 'cache' | 'maven' | 'kafka-home' | 'apache-archive';
  /** Whether it is exactly what artifacts.lock.json names. */
  readonly locked: boolean;
}

export interface EnsureArtifactOptions {
  /** Instead of ENSEMBLE_CACHE and the user's cache folder. */
  readonly cacheDirectory?: string | undefined;
  /** PATH, KAFKA_HOME and ENSEMBLE_CACHE are read from it; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Notices for a person, a line each. */
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Instead of the committed lock's entry: for tests. */
  readonly locked?: LockedArtifact | undefined;
  /** Instead of Apache's: for mirrors and tests. */
  readonly apacheArchive?: ApacheArchive | undefined;
}

type Source = Exclude<Artifact['source'], 'cache'>;

interface Way {
  readonly name: string;
  /** Fills the work folder with the lock's jars; or gives the unlocked artifact to be used instead. */
  fetch(work: WorkFolder): Promise<{ readonly source: Source; readonly unlocked?: Artifact }>;
}

/** Throws ARTIFACTS_NOT_FETCHED, which says why each way failed; the abort's reason when aborted. */
export async function ensureArtifact(service: ArtifactService, options: EnsureArtifactOptions = {}): Promise<Artifact> {
  const env = options.env ?? process.env;
  const locked = options.locked ?? artifactsLock[service];
  const cacheRoot = cacheRootOf(options.cacheDirectory, env);
  const entry = entryPath(cacheRoot, service, locked);
  const at = (source: Artifact['source']): Artifact => ({
    service,
    version: locked.version,
    sha256: locked.sha256,
    directory: entry,
    classpath: locked.files.map((file) => join(entry, file.path)),
    source,
    locked: true,
  });

  if ((await entryFault(entry, locked, 'quick')) === undefined) return at('cache');
  const wait = {
    signal: options.signal,
    onWait: () => options.onProgress?.(`waiting for another run that fetches ${service}`),
  };
  return withFileLock(join(cacheRoot, `${service}.lock`), wait, async () => {
    const fault = await entryFault(entry, locked, 'quick');
    if (fault === undefined) return at('cache');
    if (fault !== 'absent') options.onProgress?.(`${entry} is damaged (${fault.damage}); it is made anew`);

    const failed: FailedWay[] = [];
    for (const way of waysTo(service, locked, cacheRoot, env, options)) {
      options.signal?.throwIfAborted();
      const work = await newWorkFolder(cacheRoot);
      try {
        const { source, unlocked } = await way.fetch(work);
        if (unlocked !== undefined) return unlocked;
        await finish(work, way.name, entry, locked);
        return at(source);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(error instanceof EnsembleError) || error.code !== 'ARTIFACTS_WAY_FAILED') throw error;
        failed.push({ name: way.name, reason: error.message, evidence: error.evidence });
      } finally {
        await work.remove();
      }
    }
    throw notFetched(service, locked.version, failed, cacheRoot);
  });
}

/** Compares every byte of a locked artifact with the lock. Throws ARTIFACTS_CACHE_DAMAGED. */
export async function verifyArtifact(
  artifact: Artifact,
  locked: LockedArtifact = artifactsLock[artifact.service],
): Promise<void> {
  if (!artifact.locked) return;
  const fault = await entryFault(artifact.directory, locked, 'thorough');
  if (fault !== undefined) throw cacheDamaged(artifact.directory, fault === 'absent' ? 'it is gone' : fault.damage);
}

function waysTo(
  service: ArtifactService,
  locked: LockedArtifact,
  cacheRoot: string,
  env: NodeJS.ProcessEnv,
  options: EnsureArtifactOptions,
): readonly Way[] {
  const shared = { env, onProgress: options.onProgress, signal: options.signal };
  const throughHome = async (name: string, source: Source, home: string, work: WorkFolder) => {
    const content = await inspectHome(name, home, service, locked);
    if (content.kind === 'locked') {
      await copyFromHome(home, locked, work.path);
      return { source };
    }
    const { version, sha256, libs, files, difference } = content;
    options.onProgress?.(
      `${service} ${version} is used from ${libs} as it is; it is not the archive that artifacts.lock.json names (${difference})`,
    );
    const classpath = files.map((file) => join(libs, file));
    return { source, unlocked: { service, version, sha256, directory: libs, classpath, source, locked: false } };
  };
  const maven: Way = {
    name: 'Maven',
    async fetch(work) {
      await fetchWithMaven(service, work.path, shared);
      if (service === 'mongodb-stand-in') await addLauncher(work.path);
      return { source: 'maven' };
    },
  };
  // Apache knows nothing of the metadata store's stand-in.
  if (service === 'mongodb-stand-in') return [maven];
  return [
    maven,
    {
      name: 'KAFKA_HOME',
      async fetch(work) {
        const home = env.KAFKA_HOME;
        if (!home) throw wayFailed('KAFKA_HOME', 'not set');
        return throughHome('KAFKA_HOME', 'kafka-home', home, work);
      },
    },
    {
      name: 'the Apache archive',
      async fetch(work) {
        const home = await fetchApacheArchive(cacheRoot, options.apacheArchive ?? kafkaArchive, shared);
        return throughHome('the Apache archive', 'apache-archive', home, work);
      },
    },
  ];
}

/** From jars in a work folder to an entry in the cache, if they are what the lock says. */
async function finish(work: WorkFolder, way: string, entry: string, locked: LockedArtifact): Promise<void> {
  const found = new Map((await recordFiles(work.path)).map((file) => [file.path, file.sha256]));
  for (const file of locked.files) {
    const sha256 = found.get(file.path);
    if (sha256 === undefined) throw wayFailed(way, `it gave no ${file.path}, which artifacts.lock.json names`);
    if (sha256 !== file.sha256)
      throw wayFailed(
        way,
        `its ${file.path} is not the one that artifacts.lock.json names (SHA-256 ${sha256.slice(0, 16)}…)`,
      );
    found.delete(file.path);
  }
  const [surplus] = found.keys();
  if (surplus !== undefined) throw wayFailed(way, `it gave ${surplus}, which artifacts.lock.json does not name`);
  const made = await makeArchive(work.path, locked.archive, locked.files);
  if (made.sha256 !== locked.sha256)
    throw wayFailed(
      way,
      `the archive made of its jars has the SHA-256 ${made.sha256.slice(0, 16)}… instead of the lock's`,
    );
  await publish(work, entry, async () => (await entryFault(entry, locked, 'quick')) === undefined);
  // Only now is it certain that something good stands there; anything else is a defect of ours.
  await stat(entry);
}
