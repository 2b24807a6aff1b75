/**
 * Whom a step befalls, out of what the cluster says of itself at that moment and the seed's choice. A program that comes later joins by a row.
 */
import type { Scenario, Target } from '../../chaos/scenario.ts';
import type { Cluster, Id } from '../../cluster/model.ts';
import type { ServiceRef } from '../../drivers/driver.ts';
import { nodesRunning } from '../health.ts';
import type { ObservedState } from './observer.ts';

export interface ChosenTarget extends ServiceRef {
  readonly broker?: number;
}

interface Asked {
  readonly cluster: Cluster;
  readonly state: ObservedState;
  readonly partition: number;
  readonly count: number;
  /** Of the metadata store; or why there can be none. */
  readonly primary: Id | { readonly cannot: string } | undefined;
  /** Below 1. */
  readonly choice: number;
  /** Nodes that a fault is on already. */
  readonly down: ReadonlySet<Id>;
  /** Nodes that may be broken; all of them where it is absent. */
  readonly breakable?: ReadonlySet<Id> | undefined;
}

type Chosen = readonly ChosenTarget[] | { readonly cannot: string };

/** Any node of those that run the service. */
const anyOf =
  (service: Id) =>
  (asked: Asked): Chosen => {
    const nodes = nodesRunning(asked.cluster.groups, service).filter(({ id }) => isFree(asked, id));
    if (nodes.length < asked.count)
      return { cannot: `${asked.count} are asked for, and ${nodes.length} run ${service}${ofThose(asked)}` };
    return pick(nodes, asked).map(({ id }) => ({ node: id, service }));
  };

/** Whose nodes a step may befall. */
export const serviceOf: Readonly<Record<Target, Id>> = {
  leader: 'kafka',
  follower: 'kafka',
  controller: 'kafka',
  worker: 'kafka',
  master: 'zookeeper',
  balancer: 'haproxy',
  'api-node': 'messaging-api',
  'push-server': 'push-server',
  'metadata-primary': 'mongodb',
};

const rows: Readonly<Record<Target, (asked: Asked) => Chosen>> = {
  leader: (asked) => brokers(asked, [leaderOf(asked)], `leader of partition ${asked.partition}`),
  follower: (asked) => {
    const leader = leaderOf(asked);
    const inSync = asked.state.partitions.find(({ partition }) => partition === asked.partition)?.inSync ?? [];
    const followers = inSync.filter((id) => id !== leader);
    return brokers(asked, followers, `followers in sync of partition ${asked.partition}`);
  },
  controller: (asked) => brokers(asked, [asked.state.controller], 'controller'),
  worker: workers,
  master: anyOf(serviceOf.master),
  balancer: anyOf(serviceOf.balancer),
  'api-node': anyOf(serviceOf['api-node']),
  'push-server': anyOf(serviceOf['push-server']),
  'metadata-primary': ({ primary }) => {
    if (primary === undefined) return { cannot: 'no member of the metadata store says that it is the primary' };
    return typeof primary === 'string' ? [{ node: primary, service: serviceOf['metadata-primary'] }] : primary;
  },
};

export function chooseTargets(on: Scenario['steps'][number]['on'], asked: Asked): Chosen {
  return rows[on](asked);
}

/** Those that hold replicas of the partition first, since the prediction takes them for it: a worker beside them is none of its failures. */
function workers(asked: Asked): Chosen {
  const service = serviceOf.worker;
  const free = nodesRunning(asked.cluster.groups, service).filter(({ id }) => isFree(asked, id));
  if (free.length < asked.count)
    return { cannot: `${asked.count} are asked for, and ${free.length} run ${service}${ofThose(asked)}` };
  const { partition, state, count } = asked;
  const replicas = state.partitions.find((each) => each.partition === partition)?.replicas ?? [];
  const holding = free.filter(({ ordinal }) => replicas.includes(ordinal));
  const others = free.filter((node) => !holding.includes(node));
  const ordered = [holding, others].flatMap((nodes) => pick(nodes, { ...asked, count: nodes.length }));
  return ordered.slice(0, count).map(({ id, ordinal }) => ({ node: id, service, broker: ordinal }));
}

function isFree({ down, breakable }: Asked, node: Id): boolean {
  return !down.has(node) && breakable?.has(node) !== false;
}

function ofThose({ breakable }: Asked): string {
  return breakable === undefined ? '' : `, of those that may be broken: ${[...breakable].join(', ')}`;
}

function leaderOf({ state, partition }: Asked): number | undefined {
  return state.partitions.find((each) => each.partition === partition)?.leader;
}

/** As many of these brokers as are asked for; never fewer, since the prediction speaks of all of them. */
function brokers(asked: Asked, ids: readonly (number | undefined)[], what: string): Chosen {
  const nodes = nodesRunning(asked.cluster.groups, 'kafka').filter(({ id }) => isFree(asked, id));
  const found = ids.flatMap((id) => nodes.find(({ ordinal }) => ordinal === id) ?? []);
  if (found.length < asked.count)
    return {
      cannot: `${what}: ${asked.count} asked for, and ${found.length} there that no fault is on${ofThose(asked)}`,
    };
  return pick(found, asked).map(({ id, ordinal }) => ({ node: id, service: 'kafka', broker: ordinal }));
}

/** `count` of them, beginning at the one that the choice falls on. */
function pick<T>(candidates: readonly T[], { count, choice }: Asked): readonly T[] {
  const first = Math.floor(choice * candidates.length);
  return [...candidates.slice(first), ...candidates.slice(0, first)].slice(0, count);
}
