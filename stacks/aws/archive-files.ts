/** Which archives an environment's nodes fetch from its bucket, and where their files lie on the machine that deploys (`ensemble artifacts build`). */
import { join, relative } from 'node:path';
import { archivesFolder } from '../../artifacts/node-archives.ts';
import { operatorArtifacts } from '../../artifacts/operator-artifacts.ts';
import type { Cluster } from '../../cluster/model.ts';
import { archiveKey } from '../../contracts/aws-names.ts';
import type { NodeSoftware } from '../../provision/software.ts';
import type { ArchiveFile } from './vault.ts';

/** With what the environment itself names: the agent through which operators reach its nodes. */
export function softwareOf({ cloud }: Cluster, software: NodeSoftware): NodeSoftware {
  const agent = cloud?.agent;
  return agent === undefined ? software : { ...software, agent: { sha256: agent.sha256 } };
}

/**
 * All that there are, and what the environment names by place and hash: few enough that choosing among them would save nothing.
 * @param folder the stack's own, to which paths are relative: the same text on every machine
 */
export function archiveFilesOf(cluster: Cluster, { archives }: NodeSoftware, folder: string): readonly ArchiveFile[] {
  const ours = Object.entries(archives).map(([name, facts]) => ({ name, sha256: facts?.sha256 ?? '' }));
  const named = operatorArtifacts(cluster).map(({ program, sha256 }) => ({ name: program, sha256 }));
  return [...ours, ...named].map(({ name, sha256 }) => ({
    name,
    sha256,
    key: archiveKey(sha256, name),
    source: join(relative(folder, '.'), archivesFolder, `${sha256}-${name}`),
  }));
}
