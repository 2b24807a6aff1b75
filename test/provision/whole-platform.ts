/** Every kind of node that there is, with the names that a deployment gives, and what each of them fetches. */
import { namedAddressing } from '../../cluster/addressing.ts';
import { type NodeObjects, nodeObjects } from '../../provision/node-objects.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';
import { madeUpSoftware } from './node-software.ts';

const others = `metadata: { count: 3, machine: { memoryMiB: 2048, cpus: 2 }, volumeGiB: 10 }
api:
  count: 2
  machine: { memoryMiB: 2048, cpus: 2 }
  projects: { monitoring: {} }
  users: { collector: { email: c@example.org, projects: { monitoring: [publisher] } } }
push: { count: 2, machine: { memoryMiB: 1024, cpus: 1 } }
balancer: { count: 2, machine: { memoryMiB: 1024, cpus: 1 }, names: [messaging.example.org] }
`;

export const wholeCluster = clusterOf(smallEnvironment + others);

/** @param id such as `worker-2`. */
export function objectsOf(id: string, cluster = wholeCluster): NodeObjects {
  for (const group of cluster.groups)
    for (const node of group.nodes)
      if (node.id === id) return nodeObjects(cluster, group, node, namedAddressing(cluster), madeUpSoftware);
  throw new Error(`no node ${id}`);
}

/** One node of each kind; the first of its group, which also has the jobs that are done once. */
export const kinds = wholeCluster.groups.map(({ role }) => `${role}-1`);
