/**
 * The brokers that clients inside the platform begin with. Any one of them tells of all the others, so that a broker more, or one that leaves later,
 * changes the settings of no client and rolls none.
 */
import type { Cluster, Node } from '../../model.ts';
import { nodesRunning } from '../peers.ts';

/** The first of each zone, and more where more may fail: one answers while as many are down as the environment tolerates, or a zone is gone. */
export function bootstrapNodes(cluster: Cluster): readonly Node[] {
  const staying = nodesRunning(cluster, 'kafka')
    .filter(({ leaving }) => !leaving)
    .sort((one, other) => one.ordinal - other.ordinal);
  const firsts = staying.filter((node, index) => staying.findIndex(({ zone }) => zone === node.zone) === index);
  const others = staying.filter((node) => !firsts.includes(node));
  return [...firsts, ...others.slice(0, Math.max(0, cluster.tolerate + 1 - firsts.length))];
}
