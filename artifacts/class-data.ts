/**
 * Class-data sharing: an archive of a service's parsed and verified classes, which a JVM maps instead of loading them one by one from jars.
 * It halves the start of a broker. Made by one short training run (training.ts), kept in the cache by what it depends on.
 *
 * Facts: `java` manual, -XX:ArchiveClassesAtExit and -XX:SharedArchiveFile; JEP 350. The JVM itself checks at each start that the archive fits (its own
 * build, and the class path's paths, sizes and times) and with -Xshare:auto goes on without it if not: a stale archive is slow, never wrong.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, rename, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { withFileLock } from '../platform/file-lock.ts';
import { cacheRootOf, newWorkFolder } from './cache.ts';
import type { Artifact } from './ensure-artifact.ts';
import type { Java } from './find-java.ts';
import { type TrainingCertificate, trainKafka } from './train-kafka.ts';
import { trainStandIn } from './train-stand-in.ts';
import { trainZooKeeper } from './train-zookeeper.ts';

export interface EnsureClassDataOptions {
  readonly java: Java;
  readonly artifact: Artifact;
  /** Called when Kafka's run is made: with it the broker speaks TLS to itself, as real ones do, and TLS's many classes are in the archive. */
  readonly certificate?: (() => Promise<TrainingCertificate>) | undefined;
  readonly cacheDirectory?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Counts up when the training runs learn something else, so that archives of the old recipe are not taken for new ones. */
const recipe = 1;

/**
 * The path of the archive, for `-XX:SharedArchiveFile=<path> -Xshare:auto` with exactly `artifact.classpath`. Undefined, with a notice, where it
 * cannot be made: everything works without it. Throws only the abort's reason.
 */
export async function ensureClassData(options: EnsureClassDataOptions): Promise<string | undefined> {
  const { java, artifact, signal, onProgress } = options;
  const { service } = artifact;
  try {
    const folder = join(cacheRootOf(options.cacheDirectory, options.env ?? process.env), 'class-data');
    const key = createHash('sha256');
    // The class path's own paths belong to it: the JVM refuses an archive made of the same jars elsewhere.
    const tls = service === 'kafka' && options.certificate !== undefined;
    key.update(JSON.stringify([recipe, service, tls, java.home, java.version, artifact.sha256, artifact.classpath]));
    const archive = join(folder, `${service}-${artifact.version}-${key.digest('hex').slice(0, 12)}.jsa`);
    if (await isThere(archive)) return archive;
    await mkdir(folder, { recursive: true });
    const wait = { signal, onWait: () => onProgress?.(`waiting for another run that prepares ${service}`) };
    return await withFileLock(join(folder, `${service}.lock`), wait, async () => {
      if (await isThere(archive)) return archive;
      onProgress?.(`${service} is started once on the side, so that later starts are faster`);
      const work = await newWorkFolder(folder);
      try {
        const made = join(work.path, 'classes.jsa');
        const run = { java, classpath: artifact.classpath, folder: work.path, archive: made, signal };
        if (service === 'kafka') await trainKafka(run, await options.certificate?.());
        else await (service === 'zookeeper' ? trainZooKeeper : trainStandIn)(run);
        await checkArchive(java, artifact.classpath, made);
        await rename(made, archive);
        return archive;
      } finally {
        await work.remove();
      }
    });
  } catch (error) {
    signal?.throwIfAborted();
    onProgress?.(
      `no class-data archive for ${service}, so it starts more slowly: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

/** JVM flags that use the archive; none without one. */
export function classDataFlags(archive: string | undefined): readonly string[] {
  return archive === undefined ? [] : [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto'];
}

async function isThere(archive: string): Promise<boolean> {
  const found = await stat(archive).catch(() => undefined);
  return found?.isFile() === true && found.size > 0;
}

/** With -Xshare:on a JVM refuses to start where the archive does not fit, which -Xshare:auto would hide for ever. */
function checkArchive(java: Java, classpath: readonly string[], archive: string): Promise<void> {
  const flags = [`-XX:SharedArchiveFile=${archive}`, '-Xshare:on', '-cp', classpath.join(delimiter), '-version'];
  return new Promise((resolve, reject) => {
    const child = spawn(java.executable, flags, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`Java refuses it: ${output.trim().split('\n')[0] ?? code}`)),
    );
  });
}
