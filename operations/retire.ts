/**
 * A node leaves for good. It is listed under `retired:` first, and still runs; this asks the cluster whether it can do without it, refuses with every reason
 * where it cannot, stops its services, and lets its volumes go: only then may the environment stop naming it (docs/environment.md, "Numbers, and nodes that
 * leave"). Nothing is deleted here, and `keep` takes it back.
 */

import { unknownNode } from '../cluster/errors.ts';
import type { Cluster, Group, Id, Node } from '../cluster/model.ts';
import { allNodes } from '../cluster/resolve.ts';
import type { ServiceState } from '../drivers/driver.ts';
import type { ClusterHealth } from '../topics/status/health.ts';
import type { Deployment } from './deployment.ts';
import { nodeNeeded, nodeStays } from './errors.ts';
import type { Quorum } from './health.ts';
import { type NodeOptions, stopNode } from './nodes.ts';

/** What is asked before a node goes. Silence is an answer: it never lets one go. */
export interface RetireAnswers {
  readonly states: readonly ServiceState[];
  /** Of every ZooKeeper server; empty where the node's group is none. */
  readonly quorum: Quorum;
  /** Undefined where nobody answers. */
  readonly brokers: Pick<ClusterHealth, 'brokers' | 'leaderless' | 'underReplicated' | 'moving'> | undefined;
}

export interface RetireTarget extends Pick<Deployment, 'environment' | 'addressing' | 'driver' | 'stateDirectory'> {
  quorum(): Promise<Quorum>;
  brokers(): Promise<RetireAnswers['brokers']>;
  /** Marks a node's volumes as free to be deleted, or takes the mark back; their ids. Empty where the target keeps none by name. */
  release(node: Id, released: boolean): Promise<readonly string[]>;
}

export interface RetireReport {
  readonly environment: string;
  readonly node: string;
  readonly released: boolean;
  readonly stopped: readonly { readonly service: string; readonly outcome: string }[];
  readonly volumes: readonly string[];
}

export interface RetireOptions extends NodeOptions {
  /** Its volumes are not to be deleted after all. */
  readonly keep: boolean;
  readonly timeoutMs: number;
}

/** @throws EnsembleError CLUSTER_UNKNOWN_NODE, OPERATIONS_NODE_STAYS, OPERATIONS_NODE_NEEDED, DRIVER_..., CLIENT_AWS_... */
export async function retireNode(target: RetireTarget, id: Id, options: RetireOptions): Promise<RetireReport> {
  const { cluster } = target.environment;
  const { group, node } = find(cluster, id);
  if (options.keep) {
    const volumes = await target.release(id, false);
    return { environment: cluster.environment, node: id, released: false, stopped: [], volumes };
  }
  if (!node.leaving) throw nodeStays(id);
  const has = (service: string) => group.services.includes(service);
  const answers: RetireAnswers = {
    states: await target.driver.status(),
    quorum: has('zookeeper') ? await target.quorum() : new Map(),
    brokers: has('kafka') ? await target.brokers() : undefined,
  };
  const reasons = retireObstacles(group, node, answers);
  if (reasons.length > 0) throw nodeNeeded(id, reasons, { holds: replicasOn(node, answers.brokers) > 0 });
  // Stopped before it is let go: from here on nothing can give it work again.
  const stopped = await stopNode(target, id, options);
  const volumes = await target.release(id, true);
  return {
    environment: cluster.environment,
    node: id,
    released: true,
    stopped: stopped.map(({ service, outcome }) => ({ service, outcome })),
    volumes,
  };
}

/** Why the others cannot do without it, a sentence each. Pure. @internal */
export function retireObstacles(group: Group, node: Node, answers: RetireAnswers): readonly string[] {
  const holds = group.services.includes('kafka') ? brokerObstacles(node, answers.brokers) : [];
  const needed = group.tolerates === 'quorum' ? quorumObstacles(group, node, answers) : [];
  return [...holds, ...needed];
}

function brokerObstacles(node: Node, health: RetireAnswers['brokers']): readonly string[] {
  if (health === undefined) return [`no broker answers, so that nobody knows what ${node.id} holds`];
  const replicas = replicasOn(node, health);
  const amiss = health.leaderless + health.underReplicated;
  return [
    ...(replicas === 0 ? [] : [`it holds ${replicas} ${replicas === 1 ? 'replica' : 'replicas'} of partitions`]),
    ...(health.moving === 0 ? [] : [`${health.moving} partitions move from broker to broker`]),
    ...(amiss === 0 ? [] : [`${amiss} partitions lack a leader or a replica in sync`]),
  ];
}

function replicasOn({ ordinal }: Node, health: RetireAnswers['brokers']): number {
  return health?.brokers.find(({ id }) => id === ordinal)?.replicas ?? 0;
}

/** Those that stay must be whole by themselves: with one of them away, the loss of this one might end the majority. */
function quorumObstacles(group: Group, node: Node, { states, quorum }: RetireAnswers): readonly string[] {
  const others = group.nodes.filter(({ id, leaving }) => id !== node.id && !leaving);
  if (others.length === 0) return ['nobody of its group would be left'];
  return others.flatMap(({ id }) => {
    const silent = group.services.flatMap((service) => {
      const state = states.find((each) => each.node === id && each.service === service)?.state;
      return state === 'running' ? [] : [`${service} on ${id} is ${state ?? 'not seen'}`];
    });
    const apart = quorum.size > 0 && quorum.get(id) === undefined ? [`${id} does not serve within the quorum`] : [];
    return [...silent, ...apart];
  });
}

function find(cluster: Cluster, id: Id): { readonly group: Group; readonly node: Node } {
  for (const group of cluster.groups) {
    const node = group.nodes.find((each) => each.id === id);
    if (node !== undefined) return { group, node };
  }
  const known = allNodes(cluster).filter(({ leaving }) => leaving);
  throw unknownNode(
    id,
    (known.length > 0 ? known : allNodes(cluster)).map((node) => node.id),
  );
}
