/**
 * ListOffsets (2), version 5: where a partition's log begins, ends, or stood at a time. Each partition's leader alone can say; one request asks it
 * about many partitions, where KafkaJS's fetchTopicOffsets takes one topic a time, and throws for the first partition that nobody leads.
 */
import { type Api, readText, type Throttled, writeArray } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';
import { byTopic } from './by-topic.ts';

/** A time is in milliseconds since 1970: the first record from then on. */
export type OffsetAt = 'earliest' | 'latest' | { readonly sinceMs: number };

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface ListedOffset extends TopicPartition {
  /** NOT_LEADER_OR_FOLLOWER and the like, where there is no offset. */
  readonly fault: KafkaFault | undefined;
  /** `undefined` with a fault, and where no record is as late as the time asked for. */
  readonly offset: number | undefined;
}

/** @internal */
export interface ListOffsetsRequest {
  readonly partitions: readonly TopicPartition[];
  readonly at: OffsetAt;
}

interface ListOffsetsResponse extends Throttled {
  readonly offsets: readonly ListedOffset[];
}

const anyEpoch = -1;
const noReplica = -1;
/** Records of open transactions count too: they take part in lag and in throughput. */
const readUncommitted = 0;

/** @internal */
export const listOffsetsApi: Api<ListOffsetsRequest, ListOffsetsResponse> = {
  name: 'ListOffsets',
  version: 5,
  repeatable: true,
  encode(encoder, { partitions, at }) {
    const timestamp = at === 'latest' ? -1 : at === 'earliest' ? -2 : at.sinceMs;
    encoder.writeInt32(noReplica).writeInt8(readUncommitted);
    writeArray(encoder, byTopic(partitions), ([topic, list]) => {
      encoder.writeString(topic);
      writeArray(encoder, list, ({ partition }) =>
        encoder.writeInt32(partition).writeInt32(anyEpoch).writeInt64(timestamp),
      );
    });
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const topics = decoder.readArray((row) => {
      const topic = readText(row);
      return row.readArray((cell): ListedOffset => {
        const partition = cell.readInt32();
        const fault = faultOf(cell.readInt16());
        cell.readInt64(); // timestamp
        const offset = Number(cell.readInt64());
        cell.readInt32(); // leader_epoch
        return { topic, partition, fault, offset: fault === undefined && offset >= 0 ? offset : undefined };
      });
    });
    return { throttleTimeMs, offsets: topics.flat() };
  },
};

/** One request to one leader. Throws as KafkaConnection.send. */
export async function listOffsets(
  connection: KafkaConnection,
  partitions: readonly TopicPartition[],
  { leader, at, signal }: { readonly leader: number; readonly at: OffsetAt; readonly signal?: AbortSignal | undefined },
): Promise<readonly ListedOffset[]> {
  if (partitions.length === 0) return [];
  return (await connection.send(listOffsetsApi, { partitions, at }, { to: leader, signal })).offsets;
}
