/**
 * Whether a cluster can do without one of its brokers now, in one or two requests: what a rolling restart asks before each node, retiring a node before it
 * goes, and an alarm each minute. Unlike a status it looks at every topic, Kafka's own included, and at no disk and no group.
 */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import type { ClusterMetadata, PartitionMetadata } from '../../clients/kafka/requests/metadata.ts';
import { listReassignments, type Reassignment } from '../../clients/kafka/requests/reassignments.ts';
import { reassignmentsUnreadable } from '../errors.ts';
import { partitionKey } from './partition-offsets.ts';

export interface BrokerHealth {
  readonly id: number;
  /** Whether it is registered. */
  readonly up: boolean;
  readonly rack: string | undefined;
  /** Partitions that it has a replica of, those on their way to and from it included. */
  readonly replicas: number;
  readonly leaders: number;
}

export interface ClusterHealth {
  readonly clusterId: string;
  readonly controllerId: number | undefined;
  /** By id: those registered, and those that hold replicas and are not. */
  readonly brokers: readonly BrokerHealth[];
  readonly partitions: number;
  /** Partitions that nobody leads: closed to everybody. */
  readonly leaderless: number;
  /**
   * Partitions with fewer replicas in sync than they had before any move under way began: as Kafka's own metric counts (UnderReplicatedPartitions,
   * KIP-352), else every reassignment would raise an alarm.
   */
  readonly underReplicated: number;
  /** Partitions whose replicas move. */
  readonly moving: number;
  /** Up to ten of those amiss, as `topic/partition`. */
  readonly amiss: readonly string[];
}

const brokerTimeoutMs = 30_000;
const amissShown = 10;

/** Throws as KafkaConnection.send, and TOPICS_REASSIGNMENTS_UNREADABLE. */
export async function readClusterHealth(
  connection: KafkaConnection,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ClusterHealth> {
  // The list first: a move that ends in between has all its replicas in sync in what comes after.
  const { error, reassignments } = await listReassignments(connection, { brokerTimeoutMs, signal });
  if (error !== undefined) throw reassignmentsUnreadable(error);
  return healthOf(await connection.metadata(undefined, { signal }), reassignments);
}

/** @internal */
export function healthOf(metadata: ClusterMetadata, reassignments: readonly Reassignment[]): ClusterHealth {
  const { clusterId, controllerId, brokers, topics } = metadata;
  const adding = new Map(reassignments.map((each) => [partitionKey(each), each.adding]));
  const partitions = topics.flatMap((topic) =>
    topic.partitions.map((each) => ({ ...each, key: partitionKey({ topic: topic.topic, partition: each.partition }) })),
  );
  const isShort = ({ key, replicas, inSync }: PartitionMetadata & { readonly key: string }) => {
    const coming = adding.get(key) ?? [];
    return inSync.length < replicas.filter((id) => !coming.includes(id)).length;
  };
  const leaderless = partitions.filter(({ leader }) => leader === undefined);
  const short = partitions.filter(isShort);
  const held = new Map<number, { replicas: number; leaders: number }>();
  const countOf = (id: number) => {
    const counts = held.get(id) ?? { replicas: 0, leaders: 0 };
    held.set(id, counts);
    return counts;
  };
  for (const { replicas, leader } of partitions) {
    for (const id of replicas) countOf(id).replicas += 1;
    if (leader !== undefined) countOf(leader).leaders += 1;
  }
  const registered = new Map(brokers.map((broker) => [broker.id, broker]));
  const ids = [...new Set([...registered.keys(), ...held.keys()])].sort((one, other) => one - other);
  return {
    clusterId,
    controllerId,
    brokers: ids.map((id) => ({ id, up: registered.has(id), rack: registered.get(id)?.rack, ...countOf(id) })),
    partitions: partitions.length,
    leaderless: leaderless.length,
    underReplicated: short.length,
    moving: adding.size,
    amiss: [...new Set([...leaderless, ...short].map(({ key }) => key))].slice(0, amissShown),
  };
}
