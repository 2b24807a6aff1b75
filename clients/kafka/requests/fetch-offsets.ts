/** OffsetFetch (9), version 5: how far a group has come, asked of its coordinator. */
import { type Api, readText, type Throttled, writeArray, writeNullableArray } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';
import { byTopic } from './by-topic.ts';
import type { TopicPartition } from './list-offsets.ts';

export interface CommittedOffset extends TopicPartition {
  /** The next record to read; `undefined` where the group has committed nothing. */
  readonly offset: number | undefined;
}

/** @internal */
export interface FetchOffsetsRequest {
  readonly group: string;
  /** `undefined` for every partition that the group has committed. */
  readonly partitions: readonly TopicPartition[] | undefined;
}

interface FetchOffsetsResponse extends Throttled {
  readonly fault: KafkaFault | undefined;
  readonly offsets: readonly CommittedOffset[];
}

/** @internal */
export const fetchOffsetsApi: Api<FetchOffsetsRequest, FetchOffsetsResponse> = {
  name: 'OffsetFetch',
  version: 5,
  repeatable: true,
  encode(encoder, { group, partitions }) {
    encoder.writeString(group);
    writeNullableArray(encoder, partitions && byTopic(partitions), ([topic, list]) => {
      encoder.writeString(topic);
      writeArray(encoder, list, ({ partition }) => encoder.writeInt32(partition));
    });
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const topics = decoder.readArray((row) => {
      const topic = readText(row);
      return row.readArray((cell): CommittedOffset => {
        const partition = cell.readInt32();
        const offset = Number(cell.readInt64());
        cell.readInt32(); // committed_leader_epoch
        cell.readString(); // metadata
        cell.readInt16(); // UNSTABLE_OFFSET_COMMIT from version 7 on, none here
        return { topic, partition, offset: offset >= 0 ? offset : undefined };
      });
    });
    return { throttleTimeMs, offsets: topics.flat(), fault: faultOf(decoder.readInt16()) };
  },
};

/** One group, or NOT_COORDINATOR and the like as the fault. Throws as KafkaConnection.send. */
export async function fetchOffsets(
  connection: KafkaConnection,
  group: string,
  {
    broker,
    partitions,
    signal,
  }: {
    readonly broker: number;
    readonly partitions?: readonly TopicPartition[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Pick<FetchOffsetsResponse, 'fault' | 'offsets'>> {
  const { fault, offsets } = await connection.send(fetchOffsetsApi, { group, partitions }, { to: broker, signal });
  return { fault, offsets };
}
