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
  type OperatorArtifact,
} from '../artifacts/archive-files.ts';
import type { NodeArchive } from '../artifacts/node-archives.ts';
import { namedAddressing } from '../cluster/addressing.ts';
import { type Environment, loadEnvironment } from '../cluster/load.ts';
import { programsOf } from './model-programs.ts';

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
  const operator: OperatorArtifact[] = [];
  for (const name of names) {
    const path = environment === undefined ? join(environmentsDirectory, name) : name;
    const loaded = await loadEnvironment(path, environmentsDirectory);
    if (loaded.cluster.target !== 'local') operator.push(...operatorArtifactsOf(loaded));
  }
  return { ...rest, operator };
}

/** What an environment names by a place and a hash. */
function operatorArtifactsOf(environment: Environment): readonly OperatorArtifact[] {
  const { cluster, file } = environment;
  const relativeTo = dirname(file);
  const upstream = programsOf({ environment, addressing: namedAddressing(cluster) }).flatMap((program) =>
    program.runtime === 'upstream' ? [program] : [],
  );
  const agent = cluster.cloud?.agent;
  return [
    ...upstream.map(({ program, source, sha256 }) => ({
      program,
      source,
      sha256,
      form: 'program' as const,
      relativeTo,
    })),
    ...(agent === undefined
      ? []
      : [
          {
            program: 'agent',
            source: agent.from,
            sha256: agent.sha256,
            form: 'deb' as const,
            namedBy: 'aws.agent',
            relativeTo,
          },
        ]),
  ];
}
