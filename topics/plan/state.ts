/**
 * What a cluster has of the topics that a manifest declares: one Metadata request, and DescribeConfigs in chunks.
 *
 * A broker that is down and a partition that nobody leads are part of the answer, not in its way. Only what a plan can depend on is kept,
 * so that ten thousand topics fit into little memory.
 */

import { isClientError } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import type { KafkaFault } from '../../clients/kafka/fault.ts';
import {
  type ConfigSource,
  type DescribedConfigs,
  describeConfigs,
} from '../../clients/kafka/requests/describe-configs.ts';
import type { BrokerMetadata, PartitionMetadata, TopicMetadata } from '../../clients/kafka/requests/metadata.ts';
import { listReassignments, type Reassignment } from '../../clients/kafka/requests/reassignments.ts';
import { chunksOf } from '../apply/chunks.ts';
import type { DeclaredTopic } from '../manifest/manifest.ts';

export interface ObservedSetting {
  /** What holds now, wherever it comes from. */
  readonly value: string | undefined;
  /** `topic` for one that was set on the topic itself. */
  readonly source: ConfigSource;
}

export interface ObservedTopic {
  readonly name: string;
  readonly internal: boolean;
  /** In order of their numbers. */
  readonly partitions: readonly PartitionMetadata[];
  /** The settings of the topic's own, those that the manifest declares for it, and min.insync.replicas. Of an absent one, none. */
  readonly config: Readonly<Record<string, ObservedSetting>>;
  /** Why the topic's settings could not be read. */
  readonly fault: KafkaFault | undefined;
}

export interface TopicsState {
  readonly clusterId: string;
  /** Those registered now. */
  readonly brokers: readonly BrokerMetadata[];
  /** Ids of brokers that hold replicas and are not registered. */
  readonly down: readonly number[];
  /** Topics that are declared, or declared absent, and there, by name. */
  readonly topics: readonly ObservedTopic[];
  /** Names of all others. They are looked at for collisions, and never touched. */
  readonly others: readonly string[];
  /** The brokers' own min.insync.replicas; asked only where a topic is missing or would return to it, `undefined` otherwise. */
  readonly minInSyncReplicas: number | undefined;
  /** Moves of declared topics' replicas that are under way; asked only where replica counts differ from what is declared, or replicas lag. */
  readonly moving: readonly Reassignment[];
  /** Why moves under way could not be asked for. */
  readonly movingFault: KafkaFault | undefined;
}

/** What is looked at; a manifest is one. */
export interface TopicsToObserve {
  /** Moves under way are of interest only for topics with a replica count. */
  readonly topics: readonly (Pick<DeclaredTopic, 'name' | 'config'> & Partial<Pick<DeclaredTopic, 'replicas'>>)[];
  readonly absent: readonly string[];
}

/** Topics in one DescribeConfigs request: an answer is about 2 KiB a topic, and a broker builds it in one piece. */
const topicsPerRequest = 300;

/** Throws as KafkaConnection.send. */
export async function observeTopics(
  connection: KafkaConnection,
  wanted: TopicsToObserve,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<TopicsState> {
  const { clusterId, brokers, controllerId, topics: found } = await connection.metadata(undefined, { signal });
  const declared = new Map(wanted.topics.map((topic) => [topic.name, topic]));
  const absent = new Set(wanted.absent);
  const byName = [...found].sort((a, b) => (a.topic < b.topic ? -1 : 1));
  const present = byName.filter(({ topic }) => declared.has(topic));
  const described = new Map<string, Pick<ObservedTopic, 'config' | 'fault'>>();
  for (const chunk of chunksOf(present, { items: topicsPerRequest })) {
    const resources = chunk.map(({ topic }) => ({ type: 'topic' as const, name: topic }));
    for (const each of await describeConfigs(connection, resources, { signal })) {
      const config = keep(each, Object.keys(declared.get(each.name)?.config ?? {}));
      described.set(each.name, { config, fault: each.fault });
    }
  }
  const differs = present.some(({ topic, partitions }) => {
    const replicas = declared.get(topic)?.replicas;
    // A move that adds replicas shows the new count from its beginning; that they lag is all that tells it from one that has ended.
    return (
      replicas !== undefined &&
      partitions.some((each) => each.replicas.length !== replicas || each.inSync.length < each.replicas.length)
    );
  });
  const moves = differs
    ? await listReassignments(connection, { brokerTimeoutMs: reassignmentsTimeoutMs, signal })
    : { error: undefined, reassignments: [] };
  const mayReturn = present.some(({ topic }) => {
    const own = described.get(topic)?.config[minInSyncReplicas]?.source === 'topic';
    return own && declared.get(topic)?.config[minInSyncReplicas] === undefined;
  });
  const order = [...brokers.map(({ id }) => id)].sort(
    (a, b) => Number(b === controllerId) - Number(a === controllerId),
  );
  return {
    clusterId,
    brokers,
    down: downOf(found, brokers),
    topics: byName
      .filter(({ topic }) => declared.has(topic) || absent.has(topic))
      .map(({ topic, internal, partitions }) => ({
        name: topic,
        internal,
        partitions,
        ...(described.get(topic) ?? { config: {}, fault: undefined }),
      })),
    others: byName.filter(({ topic }) => !declared.has(topic) && !absent.has(topic)).map(({ topic }) => topic),
    minInSyncReplicas:
      mayReturn || present.length < declared.size ? await readMinInSync(connection, order, signal) : undefined,
    moving: moves.reassignments.filter(({ topic }) => declared.has(topic)),
    movingFault: moves.error,
  };
}

/** A list of moves is read from the controller's memory. */
const reassignmentsTimeoutMs = 30_000;

function downOf(topics: readonly TopicMetadata[], brokers: readonly BrokerMetadata[]): readonly number[] {
  const registered = new Set(brokers.map(({ id }) => id));
  const down = new Set<number>();
  for (const { partitions } of topics)
    for (const { replicas } of partitions) for (const id of replicas) if (!registered.has(id)) down.add(id);
  return [...down].sort((a, b) => a - b);
}

function keep({ entries }: DescribedConfigs, declared: readonly string[]): Readonly<Record<string, ObservedSetting>> {
  const kept = entries.filter(
    ({ name, source }) => source === 'topic' || name === minInSyncReplicas || declared.includes(name),
  );
  return Object.fromEntries(kept.map(({ name, value, source }) => [name, { value, source }]));
}

const minInSyncReplicas = 'min.insync.replicas';

/** Asks one broker after the other, since one that is registered may have died a moment ago. */
async function readMinInSync(
  connection: KafkaConnection,
  brokerIds: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  for (const id of brokerIds) {
    try {
      const resource = { type: 'broker' as const, name: String(id) };
      const [answer] = await describeConfigs(connection, [resource], { to: id, names: [minInSyncReplicas], signal });
      const value = answer?.entries.find(({ name }) => name === minInSyncReplicas)?.value;
      return value === undefined ? undefined : Number(value);
    } catch (error) {
      if (!isClientError(error, 'CLIENT_UNREACHABLE', 'CLIENT_CONNECTION_LOST', 'CLIENT_TIMED_OUT')) throw error;
    }
  }
  return undefined;
}
