/** What an idempotent publisher sends when answers are lost, refused or late: numbers that a broker can tell a repetition by (KIP-98). */
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { createPublisher, type Publisher } from '../../clients/kafka/publisher.ts';
import { type FakeAnswer, FakeKafka } from './fake-kafka.ts';

const place = { topic: 'a', partition: 0 };
const outOfOrder = 45;
const notLeader = 6;
const tooLarge = 10;

let kafka: FakeKafka;
let connection: KafkaConnection;
let publisher: Publisher;
/** What the broker answers to each batch in turn: an error's code, or what the fake can do instead. */
let answers: (number | 'silence' | 'hang-up')[];
/** producer id, first sequence and number of records of each batch that came. */
let batches: { readonly id: bigint; readonly sequence: number; readonly count: number }[];

beforeEach(async () => {
  kafka = new FakeKafka();
  answers = [];
  batches = [];
  let nextId = 100;
  kafka.answer = ({ api, body }): FakeAnswer | undefined => {
    if (api === 'InitProducerId') {
      nextId += 1;
      return new Encoder().writeInt32(0).writeInt16(0).writeInt64(nextId).writeInt16(0);
    }
    if (api !== 'Produce') return undefined;
    body.readString();
    body.forward(2 + 4 + 4);
    body.readString();
    body.forward(4 + 4);
    const batch = body.readBytes() ?? Buffer.alloc(0);
    batches.push({ id: batch.readBigInt64BE(43), sequence: batch.readInt32BE(53), count: batch.readInt32BE(57) });
    const answer = answers.shift() ?? 0;
    if (typeof answer === 'string') return answer;
    const row = new Encoder().writeInt32(1).writeString('a').writeInt32(1).writeInt32(0).writeInt16(answer);
    return row.writeInt64(7).writeInt64(-1).writeInt64(0).writeInt32(0);
  };
  connection = await connect({ bootstrap: ['broker-1:9092'], clientId: 'test', openSocket: kafka.openSocket });
  publisher = createPublisher(connection);
});

afterEach(() => connection.close());

/** Publishes so many records, asking up to three times where the answer is passing or lost. */
function publish(count: number, tries = 3) {
  const records = Array.from({ length: count }, () => ({ value: Buffer.from('x') }));
  return publisher.publish(place, records, async (send) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await send(1);
        if (answer.fault?.retriable !== true || attempt >= tries) return answer;
      } catch (error) {
        if (attempt >= tries) throw error;
      }
    }
  });
}

test('batches follow one another in one sequence, each with the number of records before it', async () => {
  expect(await publish(2)).toMatchObject({ fault: undefined, firstOffset: 7 });
  await Promise.all([publish(3), publish(1)]);
  expect(batches).toEqual([
    { id: 101n, sequence: 0, count: 2 },
    { id: 101n, sequence: 2, count: 3 },
    { id: 101n, sequence: 5, count: 1 },
  ]);
});

test('a batch whose answer was lost, or that another broker leads by now, is sent again under the same number', async () => {
  answers = ['hang-up', notLeader];
  expect(await publish(2)).toMatchObject({ firstOffset: 7 });
  await publish(1);
  expect(batches.map(({ id, sequence }) => [id, sequence])).toEqual([
    [101n, 0],
    [101n, 0],
    [101n, 0],
    [101n, 2],
  ]);
});

test('after a batch that was given up, perhaps written, the next goes out under a new producer’s number: it is never taken for the other', async () => {
  answers = ['hang-up'];
  await expect(publish(1, 1)).rejects.toMatchObject({ code: 'CLIENT_CONNECTION_LOST' });
  await publish(1);
  expect(batches.map(({ id, sequence }) => [id, sequence])).toEqual([
    [101n, 0],
    [102n, 0],
  ]);
});

test('a batch that was surely not written leaves its number to the next', async () => {
  answers = [tooLarge];
  expect((await publish(1)).fault?.name).toBe('MESSAGE_TOO_LARGE');
  await publish(1);
  expect(batches.map(({ id, sequence }) => [id, sequence])).toEqual([
    [101n, 0],
    [101n, 0],
  ]);
});

test('a broker that no longer knows the producer gets the batch under a new number, where nothing of it was written', async () => {
  await publish(2);
  answers = [outOfOrder];
  expect((await publish(1)).fault).toBeUndefined();
  expect(batches.at(-1)).toEqual({ id: 102n, sequence: 0, count: 1 });
});

test('where the batch was perhaps written before the broker forgot, it is not sent again', async () => {
  await publish(2);
  answers = ['hang-up', outOfOrder];
  expect((await publish(1)).fault?.name).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  expect(batches).toHaveLength(3);
});
