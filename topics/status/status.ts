/**
 * How topics fare now: partitions, leaders, replicas in sync, size on disk, and how far consumer groups are behind. Reads only, and of whatever answers:
 * a broker that is down and a partition that nobody leads are what a status is for. What could not be had is said, and never counted as zero.
 */
import { isClientError, reason } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { describeConfigs } from '../../clients/kafka/requests/describe-configs.ts';
import { describeLogDirs } from '../../clients/kafka/requests/log-dirs.ts';
import type { BrokerMetadata, TopicMetadata } from '../../clients/kafka/requests/metadata.ts';
import { listReassignments } from '../../clients/kafka/requests/reassignments.ts';
import { chunksOf } from '../apply/chunks.ts';
import { type ConsumerGroup, readConsumerGroups, type SilentBroker } from './consumer-groups.ts';
import { brokerGone, partitionKey, readOffsets } from './partition-offsets.ts';

export interface BrokerStatus {
  readonly id: number;
  /** `undefined` for a broker that has replicas and is not registered: it is down. */
  readonly address: string | undefined;
  readonly rack: string | undefined;
  readonly up: boolean;
  /** Partitions that it leads and that it has a replica of, of the topics looked at. */
  readonly leaders: number;
  readonly replicas: number;
  /** `undefined` where it did not say. */
  readonly sizeBytes: number | undefined;
}

export interface TopicStatus {
  readonly topic: string;
  readonly partitions: number;
  /** The fewest and the most that any partition has. */
  readonly replicas: { readonly fewest: number; readonly most: number };
  /** Replicas in sync, and all of them, over the partitions. */
  readonly inSync: number;
  readonly assigned: number;
  /** Partitions that nobody can read or write. */
  readonly leaderless: readonly number[];
  /** Partitions with a replica out of sync. */
  readonly underReplicated: readonly number[];
  /** Partitions that refuse writers with acks=all; `undefined` where min.insync.replicas could not be read. */
  readonly belowMinInSync: readonly number[] | undefined;
  /** Partitions whose replicas move. */
  readonly moving: readonly number[];
  /** Of all replicas on brokers that answered. */
  readonly sizeBytes: number;
  /** Whether a broker that has a replica did not say its size. */
  readonly sizeIsPartial: boolean;
}

export interface GroupLag {
  readonly topic: string;
  /** Messages between what is committed and the end, over the partitions where both are known. */
  readonly lag: number;
  /** Partitions without a commit: nobody knows how far the group is behind. */
  readonly uncommitted: readonly number[];
  /** Partitions with a commit and without a leader to ask for their end. */
  readonly unknown: readonly number[];
}

export interface GroupStatus {
  readonly group: string;
  /** Kafka's words, such as `Stable` and `Empty`. */
  readonly state: string;
  readonly members: number;
  readonly lag: number;
  /** Of the topics looked at that the group has committed. */
  readonly topics: readonly GroupLag[];
}

export interface TopicsStatus {
  readonly clusterId: string;
  readonly controllerId: number | undefined;
  readonly brokers: readonly BrokerStatus[];
  /** By name. */
  readonly topics: readonly TopicStatus[];
  /** By name; those that have to do with a topic looked at. */
  readonly groups: readonly GroupStatus[];
  /** Brokers that are registered and did not answer a question. */
  readonly silent: readonly SilentBroker[];
}

export interface StatusOptions {
  /** Which topics to look at. Default: all but Kafka's own. */
  readonly wanted?: (topic: string, internal: boolean) => boolean;
  readonly signal?: AbortSignal | undefined;
}

const topicsPerRequest = 300;

/** Throws as KafkaConnection.send where no broker answers. */
export async function readTopicsStatus(
  connection: KafkaConnection,
  { wanted = (_topic, internal) => !internal, signal }: StatusOptions = {},
): Promise<TopicsStatus> {
  const metadata = await connection.metadata(undefined, { signal });
  const { clusterId, controllerId, brokers } = metadata;
  const topics = metadata.topics
    .filter(({ topic, internal }) => wanted(topic, internal))
    .sort((a, b) => (a.topic < b.topic ? -1 : 1));
  const led = topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, leader }) => ({ topic, partition, leader })),
  );
  const [sizes, least, moving, consumers, ends] = await Promise.all([
    readSizes(connection, brokers, signal),
    readMinInSync(connection, topics, signal),
    readMoving(connection, signal),
    readConsumerGroups(connection, brokers, { signal }),
    readOffsets(connection, led, 'latest', { signal }),
  ]);
  const known = new Map(topics.map(({ topic, partitions }) => [topic, partitions.map(({ partition }) => partition)]));
  return {
    clusterId,
    controllerId,
    brokers: brokersOf(brokers, topics, sizes),
    topics: topics.map((topic) => topicStatus(topic, sizes, least.get(topic.topic), moving)),
    groups: consumers.groups.flatMap((group) => groupStatus(group, known, ends)),
    silent: uniqueBrokers([...sizes.silent, ...consumers.silent]),
  };
}

/** Whether anybody is kept from reading or writing, or a copy is missing. Lag is no fault. */
export function isTroubled({ leaderless, underReplicated, belowMinInSync }: TopicStatus): boolean {
  return leaderless.length > 0 || underReplicated.length > 0 || (belowMinInSync ?? []).length > 0;
}

interface Sizes {
  /** By broker, then by partition key. */
  readonly byBroker: ReadonlyMap<number, ReadonlyMap<string, number>>;
  readonly silent: readonly SilentBroker[];
}

async function readSizes(
  connection: KafkaConnection,
  brokers: readonly BrokerMetadata[],
  signal: AbortSignal | undefined,
): Promise<Sizes> {
  const byBroker = new Map<number, ReadonlyMap<string, number>>();
  const silent: SilentBroker[] = [];
  await Promise.all(
    brokers.map(async ({ id }) => {
      try {
        const dirs = await describeLogDirs(connection, { broker: id, signal });
        const sizes = new Map<string, number>();
        for (const replica of dirs.flatMap(({ replicas }) => replicas)) {
          const key = partitionKey(replica);
          sizes.set(key, (sizes.get(key) ?? 0) + replica.sizeBytes);
        }
        byBroker.set(id, sizes);
        const failed = dirs.find(({ fault }) => fault !== undefined);
        if (failed !== undefined) silent.push({ broker: id, why: `${failed.path}: ${failed.fault?.message}` });
      } catch (error) {
        if (!isClientError(error, ...brokerGone)) throw error;
        silent.push({ broker: id, why: reason(error) });
      }
    }),
  );
  return { byBroker, silent };
}

async function readMinInSync(
  connection: KafkaConnection,
  topics: readonly TopicMetadata[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number>> {
  const least = new Map<string, number>();
  for (const chunk of chunksOf(topics, { items: topicsPerRequest })) {
    const resources = chunk.map(({ topic }) => ({ type: 'topic' as const, name: topic }));
    const names = ['min.insync.replicas'];
    for (const { name, entries } of await describeConfigs(connection, resources, { names, signal })) {
      const value = entries[0]?.value;
      if (value !== undefined) least.set(name, Number(value));
    }
  }
  return least;
}

/** Keys of partitions on the move. A cluster between two controllers cannot say, and its status must not wait for that. */
async function readMoving(connection: KafkaConnection, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  try {
    const { reassignments } = await listReassignments(connection, { brokerTimeoutMs: 5_000, signal });
    return new Set(reassignments.map(partitionKey));
  } catch (error) {
    if (!isClientError(error, 'CLIENT_NO_CONTROLLER', ...brokerGone)) throw error;
    return new Set();
  }
}

function brokersOf(
  registered: readonly BrokerMetadata[],
  topics: readonly TopicMetadata[],
  { byBroker }: Sizes,
): readonly BrokerStatus[] {
  const partitions = topics.flatMap((topic) => topic.partitions);
  const ids = new Set([...registered.map(({ id }) => id), ...partitions.flatMap(({ replicas }) => replicas)]);
  return [...ids]
    .sort((a, b) => a - b)
    .map((id) => {
      const broker = registered.find((each) => each.id === id);
      const sizes = byBroker.get(id);
      return {
        id,
        address: broker === undefined ? undefined : `${broker.host}:${broker.port}`,
        rack: broker?.rack,
        up: broker !== undefined,
        leaders: partitions.filter(({ leader }) => leader === id).length,
        replicas: partitions.filter(({ replicas }) => replicas.includes(id)).length,
        sizeBytes: sizes === undefined ? undefined : sum([...sizes.values()]),
      };
    });
}

function topicStatus(
  { topic, partitions }: TopicMetadata,
  { byBroker }: Sizes,
  least: number | undefined,
  moving: ReadonlySet<string>,
): TopicStatus {
  const counts = partitions.map(({ replicas }) => replicas.length);
  const numbers = (is: (partition: TopicMetadata['partitions'][number]) => boolean) =>
    partitions.filter(is).map(({ partition }) => partition);
  const sizes = partitions.flatMap(({ partition, replicas }) =>
    replicas.map((id) => byBroker.get(id)?.get(partitionKey({ topic, partition }))),
  );
  return {
    topic,
    partitions: partitions.length,
    replicas: {
      fewest: counts.reduce((a, b) => Math.min(a, b), counts[0] ?? 0),
      most: counts.reduce((a, b) => Math.max(a, b), 0),
    },
    inSync: sum(partitions.map(({ inSync }) => inSync.length)),
    assigned: sum(counts),
    leaderless: numbers(({ leader }) => leader === undefined),
    underReplicated: numbers(({ inSync, replicas }) => inSync.length < replicas.length),
    belowMinInSync: least === undefined ? undefined : numbers(({ inSync }) => inSync.length < least),
    moving: numbers(({ partition }) => moving.has(partitionKey({ topic, partition }))),
    sizeBytes: sum(sizes.map((size) => size ?? 0)),
    sizeIsPartial: sizes.includes(undefined),
  };
}

function groupStatus(
  { group, state, members, offsets }: ConsumerGroup,
  known: ReadonlyMap<string, readonly number[]>,
  ends: ReadonlyMap<string, number>,
): readonly GroupStatus[] {
  const committed = new Map(offsets.map((each) => [partitionKey(each), each.offset]));
  const assigned = members.flatMap((member) => member.assigned.map(({ topic }) => topic));
  const names = [...new Set([...offsets.map(({ topic }) => topic), ...assigned])].sort();
  const topics = names.flatMap((topic): GroupLag[] => {
    const partitions = known.get(topic);
    if (partitions === undefined) return [];
    const seen = partitions.map((partition) => {
      const key = partitionKey({ topic, partition });
      return { partition, at: committed.get(key), end: ends.get(key) };
    });
    return [
      {
        topic,
        lag: sum(seen.map(({ at, end }) => (at === undefined || end === undefined ? 0 : Math.max(end - at, 0)))),
        uncommitted: seen.filter(({ at }) => at === undefined).map(({ partition }) => partition),
        unknown: seen.filter(({ at, end }) => at !== undefined && end === undefined).map(({ partition }) => partition),
      },
    ];
  });
  return topics.length === 0
    ? []
    : [{ group, state, members: members.length, lag: sum(topics.map(({ lag }) => lag)), topics }];
}

function uniqueBrokers(silent: readonly SilentBroker[]): readonly SilentBroker[] {
  return [...new Map(silent.map((each) => [each.broker, each])).values()].sort((a, b) => a.broker - b.broker);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
