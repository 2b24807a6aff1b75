/** Fetched records: what a leader's bytes mean, where they are cut off, and what cannot be read. */
import { createRequire } from 'node:module';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { describe, expect, test } from 'vitest';
import type { Api, Throttled } from '../../clients/kafka/api.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { fetchApi, fetchRecords } from '../../clients/kafka/requests/fetch.ts';

const require = createRequire(import.meta.url);

interface Batch {
  readonly firstOffset: number;
  readonly keys: readonly (string | null)[];
  readonly transactional?: boolean;
}

/** As a producer writes it, by KafkaJS's own encoder. */
async function batchOf({ firstOffset, keys }: Batch): Promise<Buffer> {
  const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js');
  const Record = require('kafkajs/src/protocol/recordBatch/record/v0/index.js');
  const records = keys.map((key, offsetDelta) => Record({ offsetDelta, key, value: 'v', headers: {} }));
  const encoder: Encoder = await RecordBatch({
    records,
    firstOffset,
    lastOffsetDelta: keys.length - 1,
    firstTimestamp: 1,
    maxTimestamp: 1,
  });
  return encoder.buffer;
}

const controlBit = 0x20;
const attributesAt = 21;

function answer(bytes: Buffer, errorCode = 0): Buffer {
  const encoder = new Encoder().writeInt32(0).writeInt16(0).writeInt32(0); // throttle, error, session
  encoder.writeInt32(1).writeString('t').writeInt32(1).writeInt32(4).writeInt16(errorCode);
  encoder.writeInt64(100).writeInt64(100).writeInt64(0); // high watermark, last stable, log start
  encoder.writeInt32(1).writeInt64(7).writeInt64(8); // one aborted transaction
  encoder.writeInt32(bytes.length);
  return Buffer.concat([encoder.buffer, bytes]);
}

async function fetchFrom(offset: number, bytes: Buffer, errorCode = 0) {
  const connection: Pick<KafkaConnection, 'send'> = {
    async send<Request, Response extends Throttled>(api: Api<Request, Response>) {
      return api.decode(new Decoder(answer(bytes, errorCode)));
    },
  };
  const from = [{ topic: 't', partition: 4, offset }];
  const [partition] = await fetchRecords(connection as KafkaConnection, from, { leader: 1, maxBytesPerPartition: 9 });
  return partition;
}

describe('a leader’s answer', () => {
  test('is read batch by batch, from the offset that was asked for', async () => {
    const bytes = Buffer.concat([
      await batchOf({ firstOffset: 10, keys: ['a', null, 'b'] }),
      await batchOf({ firstOffset: 13, keys: ['c'] }),
    ]);
    expect(await fetchFrom(11, bytes)).toEqual({
      topic: 't',
      partition: 4,
      fault: undefined,
      unreadable: undefined,
      nextOffset: 14,
      records: [
        { offset: 11, key: undefined },
        { offset: 12, key: Buffer.from('b') },
        { offset: 13, key: Buffer.from('c') },
      ],
    });
  });

  test('that is cut off within a batch goes on at that batch', async () => {
    const whole = await batchOf({ firstOffset: 10, keys: ['a'] });
    const next = await batchOf({ firstOffset: 11, keys: ['b'] });
    for (const length of [1, 20, next.length - 1]) {
      const partition = await fetchFrom(10, Buffer.concat([whole, next.subarray(0, length)]));
      expect(partition).toMatchObject({ nextOffset: 11, unreadable: undefined, records: [{ offset: 10 }] });
    }
  });

  test('leaves the marks of transactions out, and goes on behind them', async () => {
    const mark = await batchOf({ firstOffset: 10, keys: ['mark'] });
    mark.writeInt16BE(mark.readInt16BE(attributesAt) | controlBit, attributesAt);
    expect(await fetchFrom(10, mark)).toMatchObject({ nextOffset: 11, records: [] });
  });

  test('in a format of before Kafka 0.11, or that does not decompress, says so and keeps what came before', async () => {
    const good = await batchOf({ firstOffset: 10, keys: ['a'] });
    const old = await batchOf({ firstOffset: 11, keys: ['b'] });
    old.writeInt8(1, 16);
    expect(await fetchFrom(10, Buffer.concat([good, old]))).toMatchObject({
      nextOffset: 11,
      unreadable: 'its records are in a format of before Kafka 0.11',
    });
    for (const codec of [1, 2, 3, 4]) {
      const torn = await batchOf({ firstOffset: 11, keys: ['b'] });
      torn.writeInt16BE(codec, attributesAt);
      const partition = await fetchFrom(10, Buffer.concat([good, torn]));
      expect(partition?.records).toHaveLength(1);
      expect(partition?.unreadable).toBeTruthy();
    }
  });

  test('with a fault has no records', async () => {
    expect(await fetchFrom(10, Buffer.alloc(0), 1)).toMatchObject({
      fault: { name: 'OFFSET_OUT_OF_RANGE' },
      nextOffset: 10,
      records: [],
    });
  });
});

test('a request names each topic once, and no session', () => {
  const encoder = new Encoder();
  fetchApi.encode(encoder, { partitions: [{ topic: 't', partition: 4, offset: 10 }], maxBytesPerPartition: 9 });
  expect(encoder.buffer.toString('hex')).toBe(
    'ffffffff' + // no replica
      '00000064' + // 100 ms
      '00000001' + // 1 byte
      '00000009' +
      '01' + // read committed
      '00000000' + // no session
      'ffffffff' +
      '00000001' +
      '000174' + // t
      '00000001' +
      '00000004' +
      'ffffffff' + // any epoch
      '000000000000000a' +
      'ffffffffffffffff' + // no log start
      '00000009' +
      '00000000', // nothing forgotten
  );
});
