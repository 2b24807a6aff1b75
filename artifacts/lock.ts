/** Makes the lock anew, from Maven. A person does that after a change of a pom.xml, and reviews the difference. */
import { makeArchive, recordFiles } from './archive.ts';
import {
  type ArtifactService,
  type ArtifactsLock,
  type LockedArtifact,
  type RuntimesLock,
  versions,
} from './artifacts-lock.ts';
import { newWorkFolder } from './cache.ts';
import { fetchWithMaven, type MavenOptions } from './maven.ts';
import { addLauncher } from './stand-in-launcher.ts';

/** Asks Maven for every service's jars and says what the lock must be. Throws ARTIFACTS_WAY_FAILED. */
export async function lockArtifacts(cacheRoot: string, options: MavenOptions): Promise<ArtifactsLock> {
  const lockOne = async (service: ArtifactService): Promise<LockedArtifact> => {
    const work = await newWorkFolder(cacheRoot);
    try {
      await fetchWithMaven(service, work.path, options);
      if (service === 'mongodb-stand-in') await addLauncher(work.path);
      const files = await recordFiles(work.path);
      const made = await makeArchive(work.path, archiveName(service, versions[service]), files);
      return { version: versions[service], archive: made.path, size: made.size, sha256: made.sha256, files };
    } finally {
      await work.remove();
    }
  };
  return {
    zookeeper: await lockOne('zookeeper'),
    kafka: await lockOne('kafka'),
    'mongodb-stand-in': await lockOne('mongodb-stand-in'),
  };
}

function archiveName(service: ArtifactService, version: string): string {
  return `${service}-${version}.tar`;
}

/** The lock file's text: one file, package or module list a line, so that a difference shows what changed. */
export function formatLock(services: ArtifactsLock, { java, node, haproxy, xfsprogs }: RuntimesLock): string {
  const one = (name: string, head: object, lists: Readonly<Record<string, readonly object[]>> = {}) => {
    const parts = Object.entries(lists).map(
      ([key, items]) => `"${key}": [\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`,
    );
    return `  "${name}": {${[JSON.stringify(head).slice(1, -1), ...parts].join(', ')}}`;
  };
  const service = (name: ArtifactService) => {
    const { files, ...head } = services[name];
    return one(name, head, { files });
  };
  const packed = (name: string, { packages, ...head }: RuntimesLock['java' | 'haproxy']) =>
    one(name, head, { packages });
  const entries = [
    ...(['zookeeper', 'kafka', 'mongodb-stand-in'] as const).map(service),
    packed('java', java),
    one('node', node),
    packed('haproxy', haproxy),
    packed('xfsprogs', xfsprogs),
  ];
  return `{\n${entries.join(',\n')}\n}\n`;
}
