/** What the running cluster says of itself: the quorum through srvr, brokers and partitions through a broker's metadata. */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type KafkaConnection } from '../clients/kafka/connection.ts';
import { type ClusterMetadata, metadataApi } from '../clients/kafka/requests/metadata.ts';
import { srvr } from '../clients/zookeeper/four-letter-words.ts';
import type { Node } from '../cluster/model.ts';
import type { Deployment } from './deployment.ts';
import { brokersNotRegistered, quorumNotFormed } from './errors.ts';

/** How often a forming cluster is asked. An election takes a few hundred milliseconds. */
const pollMs = 50;

/** By node id: the server's mode, or `undefined` where it does not serve. */
export type Quorum = ReadonlyMap<string, string | undefined>;

export async function observeQuorum({
  environment,
  addressing,
}: Pick<Deployment, 'environment' | 'addressing'>): Promise<Quorum> {
  const members = nodesRunning(environment.cluster.groups, 'zookeeper');
  const modes = members.map(async (node): Promise<[string, string | undefined]> => {
    const port = addressing.port(node, 'zookeeper', 'client');
    const state = await srvr(addressing.host(node), port).catch(() => undefined);
    return [node.id, state?.serving === true ? state.mode : undefined];
  });
  return new Map(await Promise.all(modes));
}

/** Every member serves, and exactly one of them leads (or the one that there is stands alone). */
export function isWhole(quorum: Quorum): boolean {
  const modes = [...quorum.values()];
  const leaders = modes.filter((mode) => mode === 'leader' || mode === 'standalone').length;
  return leaders === 1 && modes.every((mode) => mode !== undefined);
}

export function nodesRunning(groups: Deployment['environment']['cluster']['groups'], service: string): readonly Node[] {
  return groups.filter((group) => group.services.includes(service)).flatMap((group) => group.nodes);
}

/** @throws EnsembleError OPERATIONS_NO_QUORUM, DRIVER_SERVICE_DIED */
export async function awaitQuorum(deployment: Deployment, timeoutMs: number, signal: AbortSignal): Promise<Quorum> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const quorum = await observeQuorum(deployment);
    if (isWhole(quorum)) return quorum;
    for (const node of quorum.keys()) await deployment.driver.assertAlive({ node, service: 'zookeeper' });
    if (performance.now() > deadline) {
      const members = [...quorum].map(([node, mode]) => `${node}: ${mode ?? 'does not serve'}`);
      throw quorumNotFormed(Math.round(timeoutMs / 1000), members);
    }
    await delay(pollMs, undefined, { signal });
  }
}

/**
 * Waits until every broker is registered with the controller.
 * @throws EnsembleError OPERATIONS_BROKERS_NOT_REGISTERED, DRIVER_SERVICE_DIED
 */
export async function awaitBrokers(
  deployment: Deployment,
  timeoutMs: number,
  report: (registered: number) => void,
  signal: AbortSignal,
): Promise<ClusterMetadata> {
  const deadline = performance.now() + timeoutMs;
  const workers = nodesRunning(deployment.environment.cluster.groups, 'kafka');
  let connection: KafkaConnection | undefined;
  try {
    for (;;) {
      connection ??= await tryConnect(deployment);
      const metadata = await connection?.metadata([], { signal }).catch(ignoreUnlessAborted(signal));
      const registered = new Set(metadata?.brokers.map((broker) => broker.id));
      report(registered.size);
      const missing = workers.filter((node) => !registered.has(node.ordinal));
      if (connection !== undefined && missing.length === 0) {
        const agreed = await agreedMetadata(connection, [...registered], signal);
        if (agreed !== undefined) return agreed;
      }
      for (const node of missing) await deployment.driver.assertAlive({ node: node.id, service: 'kafka' });
      if (performance.now() > deadline)
        throw brokersNotRegistered(
          Math.round(timeoutMs / 1000),
          missing.map((node) => node.id),
        );
      await delay(pollMs, undefined, { signal });
    }
  } finally {
    await connection?.close();
  }
}

/**
 * What every broker says of the cluster, once all of them say the same. After a restart of the whole cluster each hears from the new controller
 * in its own time, and until then answers with fewer brokers and topics than there are.
 */
async function agreedMetadata(
  connection: KafkaConnection,
  brokers: readonly number[],
  signal: AbortSignal,
): Promise<ClusterMetadata | undefined> {
  const answers = await Promise.all(
    brokers.map((id) => connection.send(metadataApi, { topics: undefined }, { to: id, signal })),
  ).catch(ignoreUnlessAborted(signal));
  const views = new Set(
    answers?.map(({ controllerId, brokers: seen, topics }) =>
      JSON.stringify([controllerId, seen.map(({ id }) => id), topics.map(({ topic }) => topic).sort()]),
    ),
  );
  const [first] = answers ?? [];
  return views.size === 1 && first?.controllerId !== undefined && first.brokers.length === brokers.length
    ? first
    : undefined;
}

async function tryConnect({ bootstrap }: Deployment): Promise<KafkaConnection | undefined> {
  return await connect({ bootstrap, clientId: 'ensemble', connectionTimeoutMs: 1_000, requestTimeoutMs: 2_000 }).catch(
    () => undefined,
  );
}

function ignoreUnlessAborted(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    if (signal.aborted) throw error;
    return undefined;
  };
}

/** Partitions by what is amiss with them. */
export interface PartitionHealth {
  readonly partitions: number;
  readonly leaderless: number;
  readonly underReplicated: number;
}

export function partitionHealth({ topics }: ClusterMetadata): PartitionHealth {
  const partitions = topics.flatMap((topic) => topic.partitions);
  return {
    partitions: partitions.length,
    leaderless: partitions.filter((partition) => partition.leader === undefined).length,
    underReplicated: partitions.filter((partition) => partition.inSync.length < partition.replicas.length).length,
  };
}
