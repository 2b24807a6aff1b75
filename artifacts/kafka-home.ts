/**
 * The way through a Kafka that is there already: KAFKA_HOME, or Apache's archive unpacked. Its libs/ holds ZooKeeper's jars too, so it serves both.
 * If it has every file of the lock, byte for byte, our own archive is made of them. Otherwise its own class path is used as it is, and said so.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { hashFile } from './archive.ts';
import type { ArtifactService, LockedArtifact } from './artifacts-lock.ts';
import { wayFailed } from './errors.ts';

export type HomeContent =
  | { readonly kind: 'locked' }
  | {
      readonly kind: 'other';
      readonly version: string;
      readonly sha256: string;
      readonly libs: string;
      readonly files: readonly string[];
      readonly difference: string;
    };

/** What `home` holds for the service. Throws ARTIFACTS_WAY_FAILED if that is no Kafka that runs with ZooKeeper. Reads and hashes its jars. */
export async function inspectHome(
  way: string,
  home: string,
  service: ArtifactService,
  locked: LockedArtifact,
): Promise<HomeContent> {
  const libs = resolve(home, 'libs');
  const names = await readdir(libs).catch((cause: unknown) => {
    throw wayFailed(way, `${libs} cannot be read`, [], cause);
  });
  const files = names.filter((name) => name.endsWith('.jar')).sort();
  const main = service === 'kafka' ? /^kafka_2\.1\d-(\d[\w.]*?)\.jar$/ : /^zookeeper-(\d[\w.]*?)\.jar$/;
  const version = files.map((name) => main.exec(name)?.[1]).find((found) => found !== undefined);
  const neededBesides = /^zookeeper-\d/;
  if (version === undefined || !files.some((name) => neededBesides.test(name))) {
    throw wayFailed(
      way,
      `${libs} holds no Kafka that runs with ZooKeeper (Kafka 4 no longer does; 3.9 is the last line)`,
    );
  }
  const difference = await differenceFrom(locked, libs, new Set(files));
  if (difference === undefined) return { kind: 'locked' };
  const content = createHash('sha256');
  for (const name of files) content.update(`${name} ${await hashFile(join(libs, name))}\n`);
  return { kind: 'other', version, sha256: content.digest('hex'), libs, files, difference };
}

/** The first file in which the home differs from the lock. */
async function differenceFrom(
  locked: LockedArtifact,
  libs: string,
  present: ReadonlySet<string>,
): Promise<string | undefined> {
  for (const file of locked.files) {
    const name = file.path.slice('libs/'.length);
    if (!present.has(name)) return `${name} is missing`;
    if ((await hashFile(join(libs, name))) !== file.sha256) return `${name} has other bytes`;
  }
  return undefined;
}

/** Copies the lock's files out of the home into `folder`/libs. */
export async function copyFromHome(home: string, locked: LockedArtifact, folder: string): Promise<void> {
  await mkdir(join(folder, 'libs'), { recursive: true });
  for (const file of locked.files) await copyFile(resolve(home, file.path), join(folder, file.path));
}
