/**
 * Every consumer group with its members and how far it has come. Each broker knows the groups that it coordinates, so each is asked; one that does
 * not answer is named in the result, since its groups are missing from it.
 */
import { isClientError, reason } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { type CommittedOffset, fetchOffsets } from '../../clients/kafka/requests/fetch-offsets.ts';
import {
  type DescribedGroup,
  describeGroups,
  type GroupMember,
  listGroups,
} from '../../clients/kafka/requests/groups.ts';
import { chunksOf } from '../apply/chunks.ts';
import { brokerGone } from './partition-offsets.ts';

export interface ConsumerGroup {
  readonly group: string;
  /** Kafka's words: `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Dead`. */
  readonly state: string;
  readonly members: readonly GroupMember[];
  /** What the group has committed, partitions without a commit left out. */
  readonly offsets: readonly (CommittedOffset & { readonly offset: number })[];
}

/** A broker whose part of an answer is missing. */
export interface SilentBroker {
  readonly broker: number;
  readonly why: string;
}

export interface ConsumerGroups {
  /** By name. */
  readonly groups: readonly ConsumerGroup[];
  /** Groups that these coordinate may be missing. */
  readonly silent: readonly SilentBroker[];
}

const groupsPerRequest = 100;
/** OffsetFetch takes one group a request; so many are under way to a broker at a time. */
const fetchesAtOnce = 20;

/** Of the brokers given: those registered. Groups of other kinds (Kafka Connect's workers) are left out. Throws CLIENT_ABORTED. */
export async function readConsumerGroups(
  connection: KafkaConnection,
  brokers: readonly { readonly id: number }[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ConsumerGroups> {
  const answers = await Promise.all(brokers.map(({ id }) => readOfBroker(connection, id, signal)));
  return {
    groups: answers.flatMap(({ groups }) => groups).sort((a, b) => (a.group < b.group ? -1 : 1)),
    silent: answers.flatMap(({ silent }) => silent),
  };
}

async function readOfBroker(
  connection: KafkaConnection,
  broker: number,
  signal: AbortSignal | undefined,
): Promise<ConsumerGroups> {
  try {
    const { fault, groups } = await listGroups(connection, { broker, signal });
    if (fault !== undefined) return { groups: [], silent: [{ broker, why: `${fault.message} (${fault.name})` }] };
    const names = groups.filter((each) => kinds.has(each.protocolType)).map(({ group }) => group);
    const described: DescribedGroup[] = [];
    for (const chunk of chunksOf(names, { items: groupsPerRequest })) {
      described.push(...(await describeGroups(connection, chunk, { broker, signal })));
    }
    const read: ConsumerGroup[] = [];
    for (const chunk of chunksOf(described, { items: fetchesAtOnce })) {
      read.push(...(await Promise.all(chunk.map((each) => withOffsets(connection, each, broker, signal)))));
    }
    return { groups: read, silent: [] };
  } catch (error) {
    if (!isClientError(error, ...brokerGone)) throw error;
    return { groups: [], silent: [{ broker, why: reason(error) }] };
  }
}

/** Groups whose offsets were committed without anyone joining have no type. */
const kinds: ReadonlySet<string> = new Set(['consumer', '']);

async function withOffsets(
  connection: KafkaConnection,
  { group, state, members }: DescribedGroup,
  broker: number,
  signal: AbortSignal | undefined,
): Promise<ConsumerGroup> {
  const { offsets } = await fetchOffsets(connection, group, { broker, signal });
  const committed = offsets.flatMap(({ topic, partition, offset }) =>
    offset === undefined ? [] : [{ topic, partition, offset }],
  );
  return { group, state, members, offsets: committed };
}
