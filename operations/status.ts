/** The platform as it runs: processes from the driver, roles and health from the cluster's own answers. */
import { connect } from '../clients/kafka/connection.ts';
import type { ClusterMetadata } from '../clients/kafka/requests/metadata.ts';
import type { ServiceState } from '../drivers/driver.ts';
import { balancerDetail, balancerTroubles, observeBalancers } from './balancer-health.ts';
import type { Deployment } from './deployment.ts';
import { isWhole, nodesRunning, observeQuorum, type PartitionHealth, partitionHealth, type Quorum } from './health.ts';
import { machineNotes } from './machine.ts';

export interface ServiceStatus extends ServiceState {
  /** What the node is within its cluster now: `leader`, `follower`, `controller`; empty where the cluster does not say. */
  readonly detail: string;
}

export interface KafkaStatus extends PartitionHealth {
  readonly clusterId: string;
  readonly brokers: readonly number[];
  readonly controller: number | undefined;
  /** Topics of people; Kafka's own are not counted. Undefined where nobody says. */
  readonly topics: number | undefined;
}

export interface StatusReport {
  readonly environment: string;
  /** Everything runs, the quorum is whole, every broker is registered, every partition has its leader and all its replicas in sync. */
  readonly healthy: boolean;
  /** Why not, a sentence each. */
  readonly troubles: readonly string[];
  /** What stands in for something, or is lacking on this machine; no trouble by itself. */
  readonly notes: readonly string[];
  readonly services: readonly ServiceStatus[];
  readonly strays: readonly { readonly node: string; readonly service: string }[];
  /** Undefined while no broker answers. */
  readonly kafka: KafkaStatus | undefined;
}

export async function observeStatus(deployment: Deployment): Promise<StatusReport> {
  const { cluster } = deployment.environment;
  const [states, strays] = await Promise.all([deployment.driver.status(), deployment.driver.strays()]);
  const runs = (service: string) => states.some((state) => state.service === service && state.pid !== undefined);
  const [quorum, metadata, balancers] = await Promise.all([
    runs('zookeeper') ? observeQuorum(deployment) : new Map<string, undefined>(),
    runs('kafka') ? observeMetadata(deployment) : undefined,
    runs('haproxy') ? observeBalancers(deployment) : new Map<string, undefined>(),
  ]);
  const ordinals = new Map(cluster.groups.flatMap((group) => group.nodes).map((node) => [node.id, node.ordinal]));
  const services = states.map((state) => ({
    ...state,
    detail:
      state.service === 'haproxy' && state.pid !== undefined
        ? balancerDetail(balancers.get(state.node))
        : detailOf(state, ordinals.get(state.node), quorum, metadata),
  }));
  const kafka = metadata === undefined ? undefined : kafkaStatus(metadata);
  const workers = nodesRunning(cluster.groups, 'kafka');
  const troubles = [
    ...findTroubles(
      services,
      quorum,
      kafka,
      workers.map((node) => node.ordinal),
    ),
    ...balancerTroubles(balancers),
  ];
  const notes = machineNotes(cluster);
  return { environment: cluster.environment, healthy: troubles.length === 0, troubles, notes, services, strays, kafka };
}

async function observeMetadata({ bootstrap }: Deployment): Promise<ClusterMetadata | undefined> {
  const connection = await connect({
    bootstrap,
    clientId: 'ensemble',
    connectionTimeoutMs: 1_000,
    requestTimeoutMs: 5_000,
  }).catch(() => undefined);
  try {
    return await connection?.metadata();
  } catch {
    return undefined;
  } finally {
    await connection?.close();
  }
}

function detailOf(
  state: ServiceState,
  ordinal: number | undefined,
  quorum: Quorum,
  metadata: ClusterMetadata | undefined,
): string {
  if (state.pid === undefined) return '';
  if (state.service === 'mongodb-stand-in') return 'stand-in, not a replica set';
  if (state.service !== 'zookeeper' && state.service !== 'kafka') return '';
  if (state.service === 'zookeeper') return quorum.get(state.node) ?? 'not serving';
  if (metadata === undefined || ordinal === undefined) return '';
  if (metadata.controllerId === ordinal) return 'controller';
  return metadata.brokers.some((broker) => broker.id === ordinal) ? 'registered' : 'not registered';
}

function kafkaStatus(metadata: ClusterMetadata): KafkaStatus {
  return {
    clusterId: metadata.clusterId,
    brokers: metadata.brokers.map((broker) => broker.id),
    controller: metadata.controllerId,
    topics: metadata.topics.filter((topic) => !topic.internal).length,
    ...partitionHealth(metadata),
  };
}

/** Why a platform is not healthy, a sentence each. */
export function findTroubles(
  services: readonly ServiceStatus[],
  quorum: Quorum,
  kafka: KafkaStatus | undefined,
  expected: readonly number[],
): readonly string[] {
  const notRunning = services
    .filter((service) => service.state !== 'running')
    .map((service) => `${service.service} on ${service.node} is ${service.state}`);
  const ofQuorum = isWhole(quorum) ? [] : ['the masters are not one whole quorum'];
  if (kafka === undefined) return [...notRunning, ...ofQuorum, 'no broker answers'];
  const missing = expected.filter((id) => !kafka.brokers.includes(id));
  return [
    ...notRunning,
    ...ofQuorum,
    ...(missing.length === 0 ? [] : [`not registered: broker ${missing.join(', ')}`]),
    ...(kafka.controller === undefined ? ['no controller'] : []),
    ...(kafka.leaderless === 0 ? [] : [`${kafka.leaderless} partitions without a leader`]),
    ...(kafka.underReplicated === 0 ? [] : [`${kafka.underReplicated} partitions under-replicated`]),
  ];
}
