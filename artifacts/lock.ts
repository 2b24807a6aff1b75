/** Makes the lock anew, from Maven. A person does that after a change of a pom.xml, and reviews the difference. */
import { makeArchive, recordFiles } from './archive.ts';
import { type ArtifactService, type ArtifactsLock, type LockedArtifact, versions } from './artifacts-lock.ts';
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

/** The lock file's text: one file a line, so that a difference shows which jar changed. */
export function formatLock(lock: ArtifactsLock): string {
  const one = (service: ArtifactService) => {
    const { version, archive, size, sha256, files } = lock[service];
    const head = JSON.stringify({ version, archive, size, sha256 }).slice(1, -1);
    return `  ${JSON.stringify(service)}: {${head}, "files": [\n${files.map((file) => `    ${JSON.stringify(file)}`).join(',\n')}\n  ]}`;
  };
  return `{\n${one('zookeeper')},\n${one('kafka')},\n${one('mongodb-stand-in')}\n}\n`;
}
