/** What an environment itself names by a place and a SHA-256, to be installed as it is: upstream's programs, and the agent by which operators reach nodes. Pure. */
import { namedAddressing } from '../cluster/addressing.ts';
import type { Cluster } from '../cluster/model.ts';
import { renderNode } from '../cluster/render.ts';
import { type NodeArchive, type NodeArchives, operatorArchive } from './node-archives.ts';

export interface OperatorArtifact {
  /** `argo-messaging`, or `agent`. */
  readonly program: string;
  readonly source: string;
  readonly sha256: string;
  /** `program`: a binary, or a tar that holds one; `deb`: a package of Debian's kind. */
  readonly form: 'program' | 'deb';
  /** Where the environment names it, for whoever must mend it; the service's `program:` if absent. */
  readonly namedBy?: string;
}

/** Each once, in the order of groups. */
export function operatorArtifacts(cluster: Cluster): readonly OperatorArtifact[] {
  const addressing = namedAddressing(cluster);
  const programs = cluster.groups.flatMap((group) => {
    const [node] = group.nodes;
    const rendered = node === undefined ? [] : renderNode(cluster, group, node, addressing);
    return rendered.map(({ process }) => process.program);
  });
  const upstream = programs.flatMap((each): OperatorArtifact[] =>
    each.runtime === 'upstream'
      ? [{ program: each.program, source: each.source, sha256: each.sha256, form: 'program' }]
      : [],
  );
  const agent = cluster.cloud?.agent;
  const all: readonly OperatorArtifact[] =
    agent === undefined
      ? upstream
      : [
          ...upstream,
          { program: 'agent', source: agent.from, sha256: agent.sha256, form: 'deb', namedBy: 'aws.agent' },
        ];
  return [...new Map(all.map((each) => [`${each.sha256}-${each.program}`, each])).values()];
}

/** Everything that an environment's bucket holds of archives: every one of ours, and what the environment names. @internal */
export function environmentArchives(cluster: Cluster, archives: NodeArchives): readonly NodeArchive[] {
  const named = operatorArtifacts(cluster).map(({ program, sha256 }) => operatorArchive(program, sha256));
  return [...Object.values(archives), ...named];
}
