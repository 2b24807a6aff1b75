/**
 * Records with their keys, values, headers and times, straight from a partition's leader: fetch.ts tells only offsets and keys. One request; the same bytes on the wire.
 */
import Decoder from 'kafkajs/src/protocol/decoder.js';
import readRecordBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import type { KafkaConnection } from '../connection.ts';
import type { KafkaFault } from '../fault.ts';
import { type FetchFrom, fetchApi } from './fetch.ts';

export interface ValueRecord {
  readonly offset: number;
  readonly key: Buffer | undefined;
  /** Empty for a record without a value. */
  readonly value: Buffer;
  /** The last of those that share a name. */
  readonly headers: Readonly<Record<string, Buffer>>;
  readonly timestampMs: number;
}

export interface ReadValues {
  /** OFFSET_OUT_OF_RANGE, NOT_LEADER_OR_FOLLOWER and the like: no records then. */
  readonly fault: KafkaFault | undefined;
  /** From the offset asked for on, in order. */
  readonly records: readonly ValueRecord[];
  /** Where to go on: behind the last batch that was read, whose last records may be Kafka's own or compacted away. */
  readonly nextOffset: number;
  /** Where the records end that may be read now; -1 with a fault. */
  readonly end: number;
  /** Of the answer's batches, which the records' buffers are parts of. */
  readonly bytes: number;
}

type HeaderValue = Buffer | string | null | undefined;

/** What KafkaJS reads beyond what our declaration of it says. */
interface WithValue {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value?: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;
  readonly timestamp?: string;
}

/** DefaultRecordBatch: base offset (8 bytes), length (4), leader epoch (4), magic (1). */
const lengthAt = 8;
const afterLength = 12;
const shortest = 17;

/** Throws as KafkaConnection.send, and KafkaJS's error for a batch that does not decompress. */
export async function readValues(
  connection: KafkaConnection,
  from: FetchFrom,
  options: { readonly leader: number; readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<ReadValues> {
  const request = { partitions: [from], maxBytesPerPartition: options.maxBytes };
  const answer = await connection.send(fetchApi, request, { to: options.leader, signal: options.signal });
  const [partition] = answer.partitions;
  const records: ValueRecord[] = [];
  let nextOffset = from.offset;
  const bytes = partition?.batches ?? Buffer.alloc(0);
  for (let at = 0; at + shortest <= bytes.length; ) {
    const end = at + afterLength + bytes.readInt32BE(at + lengthAt);
    if (end > bytes.length) break; // cut off by the limit of the answer
    const batch = await readRecordBatch(new Decoder(bytes.subarray(at, end)));
    nextOffset = Number(batch.firstOffset) + batch.lastOffsetDelta + 1;
    const found: readonly WithValue[] = batch.isControlBatch ? [] : batch.records;
    for (const record of found) {
      if (Number(record.offset) >= from.offset) records.push(readable(record));
    }
    at = end;
  }
  return { fault: partition?.fault, records, nextOffset, end: partition?.end ?? -1, bytes: bytes.length };
}

function readable({ offset, key, value, headers = {}, timestamp }: WithValue): ValueRecord {
  const named = Object.entries(headers).map(([name, given]): [string, Buffer] => {
    const last = Array.isArray(given) ? given.at(-1) : given;
    return [name, Buffer.from(last ?? '')];
  });
  return {
    offset: Number(offset),
    key: key ?? undefined,
    value: value ?? Buffer.alloc(0),
    headers: Object.fromEntries(named),
    timestampMs: Number(timestamp ?? 0),
  };
}
