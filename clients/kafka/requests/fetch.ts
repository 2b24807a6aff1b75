/**
 * Fetch (1), version 10 (zstd needs it): records straight from a partition's leader. No consumer group is joined and nothing is committed, so that looking
 * into a topic leaves no trace on the cluster, which a consumer always does.
 */
import Decoder from 'kafkajs/src/protocol/decoder.js';
import readRecordBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import { reason } from '../../errors.ts';
import { type Api, readText, type Throttled, writeArray } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';
import '../kafkajs.ts';
import { byTopic } from './by-topic.ts';
import type { TopicPartition } from './list-offsets.ts';

export interface FetchFrom extends TopicPartition {
  readonly offset: number;
}

export interface FetchedRecord {
  readonly offset: number;
  readonly key: Buffer | undefined;
}

export interface FetchedPartition extends TopicPartition {
  /** OFFSET_OUT_OF_RANGE, NOT_LEADER_OR_FOLLOWER and the like: no records then. */
  readonly fault: KafkaFault | undefined;
  /** From the offset asked for on, in order; those of Kafka's own (a transaction's end) are left out. */
  readonly records: readonly FetchedRecord[];
  /** Where to go on; the offset asked for where nothing could be read. */
  readonly nextOffset: number;
  /** Why the rest of the answer could not be read: a batch of before Kafka 0.11, or one that does not decompress. */
  readonly unreadable: string | undefined;
}

/** @internal */
export interface FetchRequest {
  readonly partitions: readonly FetchFrom[];
  readonly maxBytesPerPartition: number;
}

interface RawPartition extends TopicPartition {
  readonly fault: KafkaFault | undefined;
  /** Where the records end that may be read now; -1 with a fault. */
  readonly end: number;
  readonly batches: Buffer;
}

const noReplica = -1;
const noSession = { id: 0, epoch: -1 };
const anyEpoch = -1;
const noLogStart = -1;
const readCommitted = 1;
/** What is asked for is there already, but for a log's last moment; a broker with nothing answers after this. */
const maxWaitMs = 100;

/** @internal */
export const fetchApi: Api<FetchRequest, Throttled & { readonly partitions: readonly RawPartition[] }> = {
  name: 'Fetch',
  version: 10,
  repeatable: true,
  encode(encoder, { partitions, maxBytesPerPartition }) {
    encoder.writeInt32(noReplica).writeInt32(maxWaitMs).writeInt32(1);
    encoder.writeInt32(maxBytesPerPartition * partitions.length).writeInt8(readCommitted);
    encoder.writeInt32(noSession.id).writeInt32(noSession.epoch);
    writeArray(encoder, byTopic(partitions), ([topic, list]) => {
      encoder.writeString(topic);
      writeArray(encoder, list, ({ partition, offset }) => {
        encoder.writeInt32(partition).writeInt32(anyEpoch).writeInt64(offset);
        encoder.writeInt64(noLogStart).writeInt32(maxBytesPerPartition);
      });
    });
    writeArray(encoder, [], () => {}); // forgotten topics, of a session
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const whole = faultOf(decoder.readInt16());
    decoder.readInt32(); // session_id
    const topics = decoder.readArray((row) => {
      const topic = readText(row);
      return row.readArray((cell): RawPartition => {
        const partition = cell.readInt32();
        const fault = faultOf(cell.readInt16()) ?? whole;
        cell.forward(8); // high_watermark
        const end = Number(cell.readInt64()); // last_stable_offset
        cell.forward(8); // log_start_offset
        cell.readArray((aborted) => aborted.forward(16)); // producer_id, first_offset
        return { topic, partition, fault, end, batches: cell.readBytes() ?? Buffer.alloc(0) };
      });
    });
    return { throttleTimeMs, partitions: topics.flat() };
  },
};

/**
 * One request to one leader. A partition answers with at least one whole batch where it has any, however great, and with none where its log ends.
 * Throws as KafkaConnection.send.
 */
export async function fetchRecords(
  connection: KafkaConnection,
  partitions: readonly FetchFrom[],
  options: {
    readonly leader: number;
    readonly maxBytesPerPartition: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly FetchedPartition[]> {
  if (partitions.length === 0) return [];
  const { leader, maxBytesPerPartition, signal } = options;
  const answer = await connection.send(fetchApi, { partitions, maxBytesPerPartition }, { to: leader, signal });
  const from = new Map(partitions.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]));
  return await Promise.all(
    answer.partitions.map(async ({ batches, end: _end, ...raw }) => ({
      ...raw,
      ...(await readBatches(batches, from.get(`${raw.topic}/${raw.partition}`) ?? 0)),
    })),
  );
}

/** Offsets of a batch's fields, from Kafka's DefaultRecordBatch: base offset (8 bytes), length (4), leader epoch (4), magic (1). */
const lengthAt = 8;
const magicAt = 16;
const afterLength = 12;

async function readBatches(
  bytes: Buffer,
  from: number,
): Promise<Pick<FetchedPartition, 'records' | 'nextOffset' | 'unreadable'>> {
  const records: FetchedRecord[] = [];
  let nextOffset = from;
  for (let at = 0; at + magicAt < bytes.length; ) {
    const end = at + afterLength + bytes.readInt32BE(at + lengthAt);
    if (end > bytes.length) break; // cut off by the limit of the answer
    if (bytes.readInt8(at + magicAt) !== 2) {
      return { records, nextOffset, unreadable: 'its records are in a format of before Kafka 0.11' };
    }
    try {
      const batch = await readRecordBatch(new Decoder(bytes.subarray(at, end)));
      nextOffset = Number(batch.firstOffset) + batch.lastOffsetDelta + 1;
      for (const { offset, key } of batch.isControlBatch ? [] : batch.records) {
        if (Number(offset) >= from) records.push({ offset: Number(offset), key: key ?? undefined });
      }
    } catch (error) {
      return { records, nextOffset, unreadable: reason(error) };
    }
    at = end;
  }
  return { records, nextOffset, unreadable: undefined };
}
