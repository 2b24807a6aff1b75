/**
 * Produce (0), version 7: one batch of records for one partition, answered once every in-sync replica has it (acks=all). The batch carries a producer's id and
 * its place in that producer's sequence, so that sending it again is no second effect (KIP-98); publisher.ts keeps the numbers.
 */
import writeRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import recordBatch from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import { type Api, type Throttled, writeArray } from '../api.ts';
import { faultOf, type KafkaFault } from '../fault.ts';
import type { TopicPartition } from './list-offsets.ts';
import '../kafkajs.ts';

export interface PublishedRecord {
  readonly key?: Buffer | undefined;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, Buffer>> | undefined;
}

export interface BatchPlace {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
}

export interface ProduceRequest extends TopicPartition {
  /** As `encodeBatch` made it. */
  readonly batch: Buffer;
  /** How long the leader waits for the other replicas. */
  readonly brokerTimeoutMs: number;
}

export interface Produced extends Throttled {
  /** NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, REQUEST_TIMED_OUT and the like. */
  readonly fault: KafkaFault | undefined;
  /** Of the first record; the others follow it without a gap. -1 with a fault. */
  readonly firstOffset: number;
}

const allInSync = -1;

/** @internal */
export const produceApi: Api<ProduceRequest, Produced> = {
  name: 'Produce',
  version: 7,
  repeatable: false, // its caller repeats it, and must know that it did
  encode(encoder, { topic, partition, batch, brokerTimeoutMs }) {
    encoder.writeString(null); // no transaction
    encoder.writeInt16(allInSync).writeInt32(brokerTimeoutMs);
    writeArray(encoder, [topic], () => {
      encoder.writeString(topic);
      writeArray(encoder, [partition], () => encoder.writeInt32(partition).writeBytes(batch));
    });
  },
  decode(decoder) {
    const answers = decoder.readArray((row) => {
      row.readString(); // topic
      return row.readArray((cell) => {
        cell.readInt32(); // partition
        const fault = faultOf(cell.readInt16());
        const firstOffset = Number(cell.readInt64());
        cell.forward(16); // log_append_time, log_start_offset
        return { fault, firstOffset };
      });
    });
    const [answer = { fault: faultOf(-1), firstOffset: -1 }] = answers.flat();
    return { throttleTimeMs: decoder.readInt32(), ...answer };
  },
};

/** A batch's bytes (DefaultRecordBatch, magic 2, not compressed), all its records at one time. */
export async function encodeBatch(
  records: readonly PublishedRecord[],
  { producerId, producerEpoch, firstSequence }: BatchPlace,
  timestampMs: number,
): Promise<Buffer> {
  const encoded = await recordBatch.RecordBatch({
    firstTimestamp: timestampMs,
    maxTimestamp: timestampMs,
    lastOffsetDelta: records.length - 1,
    producerId,
    producerEpoch,
    firstSequence,
    records: records.map(({ key, value, headers }, offsetDelta) =>
      writeRecord({ offsetDelta, timestampDelta: 0, key: key ?? null, value, headers: { ...headers } }),
    ),
  });
  return encoded.buffer;
}
