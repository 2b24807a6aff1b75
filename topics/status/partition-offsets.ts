/**
 * Where many partitions begin or end, each asked of its leader: one ListOffsets request a leader and a chunk. A partition that nobody leads, or whose
 * leader does not answer, is left out of the answer and not in the way of the others.
 */
import { isClientError } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { listOffsets, type OffsetAt, type TopicPartition } from '../../clients/kafka/requests/list-offsets.ts';
import { chunksOf } from '../apply/chunks.ts';

export interface LedPartition extends TopicPartition {
  /** As the metadata says; `undefined` while nobody leads. */
  readonly leader: number | undefined;
}

/** One text for a partition, for maps. A slash is in no topic's name. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** An answer takes about 30 bytes a partition, and a leader looks each up in turn. */
const partitionsPerRequest = 2_000;

/** Offsets by `partitionKey`; those that could not be had are not in it. Throws CLIENT_ABORTED. */
export async function readOffsets(
  connection: KafkaConnection,
  partitions: readonly LedPartition[],
  at: OffsetAt,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ReadonlyMap<string, number>> {
  const byLeader = new Map<number, TopicPartition[]>();
  for (const { topic, partition, leader } of partitions) {
    if (leader === undefined) continue;
    const list = byLeader.get(leader);
    if (list === undefined) byLeader.set(leader, [{ topic, partition }]);
    else list.push({ topic, partition });
  }
  const found = new Map<string, number>();
  await Promise.all(
    [...byLeader].map(async ([leader, list]) => {
      for (const chunk of chunksOf(list, { items: partitionsPerRequest })) {
        try {
          for (const each of await listOffsets(connection, chunk, { leader, at, signal })) {
            if (each.offset !== undefined) found.set(partitionKey(each), each.offset);
          }
        } catch (error) {
          if (!isClientError(error, ...brokerGone)) throw error;
          return;
        }
      }
    }),
  );
  return found;
}

/** What a single broker that is down, or dies now, makes a request throw. */
export const brokerGone = [
  'CLIENT_UNREACHABLE',
  'CLIENT_CONNECTION_LOST',
  'CLIENT_TIMED_OUT',
  'CLIENT_BROKER_UNKNOWN',
] as const;
