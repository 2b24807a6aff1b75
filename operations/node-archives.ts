/**
 * The archives of a project's environments: what every deployment installs, and what an environment itself names (upstream programs, the agent).
 * Joins the model, which knows the names, with artifacts/, which has the bytes.
 */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type ArchiveFile,
  type ArchiveFilesOptions,
  buildArchives,
  dropOtherArchives,
  lookAtArchives,
  type PlacedArtifact,
} from '../artifacts/archive-files.ts';
import type { NodeArchive } from '../artifacts/node-archives.ts';
import { operatorArtifacts } from '../artifacts/operator-artifacts.ts';
import { loadEnvironment } from '../cluster/load.ts';

export interface ProjectArchivesOptions {
  /** One alone, a name or a path; else all of the folder that are not for this machine. */
  readonly environment: string | undefined;
  readonly environmentsDirectory: string;
  readonly projectFolder: string;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Changes nothing, fetches nothing. */
export async function examineProjectArchives(options: ProjectArchivesOptions): Promise<readonly ArchiveFile[]> {
  return await lookAtArchives(await filesOptions(options));
}

export interface BuiltArchives {
  readonly archives: readonly ArchiveFile[];
  /** Files of before that no environment names any more; removed only where all environments were looked at. */
  readonly removed: number;
}

export async function buildProjectArchives(
  options: ProjectArchivesOptions,
  made?: (archive: NodeArchive, ms: number) => void,
): Promise<BuiltArchives> {
  const archives = await buildArchives(await filesOptions(options), made);
  const removed = options.environment === undefined ? await dropOtherArchives(archives, options.projectFolder) : 0;
  return { archives, removed };
}

async function filesOptions({
  environment,
  environmentsDirectory,
  ...rest
}: ProjectArchivesOptions): Promise<ArchiveFilesOptions> {
  const names =
    environment === undefined
      ? (await readdir(environmentsDirectory)).filter((file) => file.endsWith('.yaml')).sort()
      : [environment];
  const operator: PlacedArtifact[] = [];
  for (const name of names) {
    const path = environment === undefined ? join(environmentsDirectory, name) : name;
    const loaded = await loadEnvironment(path, environmentsDirectory);
    if (loaded.cluster.target !== 'local')
      operator.push(
        ...operatorArtifacts(loaded.cluster).map((artifact) => ({ ...artifact, relativeTo: dirname(loaded.file) })),
      );
  }
  return { ...rest, operator };
}
