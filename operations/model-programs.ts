/** What a deployment's services and their jobs run: every program once, in the order of the start. */
import type { Program } from '../cluster/model.ts';
import { renderNode } from '../cluster/render.ts';
import { startOrder } from '../cluster/services/table.ts';
import type { Deployment } from './deployment.ts';

export function programsOf({
  environment,
  addressing,
}: Pick<Deployment, 'environment' | 'addressing'>): readonly Program[] {
  const { cluster } = environment;
  const rendered = cluster.groups.flatMap((group) => {
    const [node] = group.nodes;
    return node === undefined ? [] : renderNode(cluster, group, node, addressing);
  });
  const order = startOrder()
    .flat()
    .map(({ id }) => id);
  const programs = [...rendered]
    .sort((a, b) => order.indexOf(a.service) - order.indexOf(b.service))
    .flatMap(({ process }) => [process.program, ...(process.jobs ?? []).map(({ program }) => program)]);
  return [...new Map(programs.map((program) => [`${program.runtime}/${program.program}`, program])).values()];
}
