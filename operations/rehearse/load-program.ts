/**
 * A producer that goes on while the platform is changed, run inside the machines' network: `load-program.ts BOOTSTRAP TOPIC REPLICAS`. Each record carries a
 * number of its own; one is acknowledged once every replica in sync has it. Its caller hears `{"acknowledged":n}` each second; once its standard input ends, it
 * reads back every partition to its end, says what it found as `{"report":...}`, and ends.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { createProducer } from '../../clients/kafka/messaging.ts';
import { createTopics } from '../../clients/kafka/requests/create-topics.ts';
import { listOffsets } from '../../clients/kafka/requests/list-offsets.ts';
import { readValues } from '../../clients/kafka/requests/read-values.ts';
import { judgeLoad, type LoadReport } from './load-report.ts';

const [, , servers = '', topic = '', replicas = '3'] = process.argv;
const bootstrap = servers.split(',');
const everyMs = 20;
const attemptMs = 500;
const answerBytes = 4 * 1024 * 1024;
const partitionsAtFirst = 3;
const readBackMs = 120_000;

let going = true;
process.stdin.on('end', () => {
  going = false;
});
process.stdin.resume();

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const connection = await connect({ bootstrap, clientId: 'ensemble-rehearsal' });
const config = { 'min.insync.replicas': String(Math.max(1, Number(replicas) - 1)) };
const [made] = await createTopics(
  connection,
  [{ topic, partitions: partitionsAtFirst, replicas: Number(replicas), config }],
  {
    brokerTimeoutMs: 30_000,
  },
);
// One that was there may hold numbers of another run, which would pass for those of this one.
if (made?.error !== undefined) throw new Error(`${topic}: ${made.error.message}`);

const newProducer = () => createProducer({ bootstrap, acks: 'all', retries: 8 });
/** The last of them sends. */
const producers = [await newProducer()];
let partitions = partitionsAtFirst;
/** One that is connected learns of further partitions within minutes alone. */
async function followPartitions(): Promise<void> {
  const { topics } = await connection.metadata([topic]);
  const now = topics[0]?.partitions.length ?? 0;
  if (now <= partitions) return;
  partitions = now;
  producers.push(await newProducer());
}
const acknowledged: number[] = [];
let sent = 0;
let failed = 0;
let lastMs = performance.now();
let longestMs = 0;
const told = setInterval(() => {
  say({ acknowledged: acknowledged.length });
  followPartitions().catch(() => undefined); // asked again in a second
}, 1_000);
const lane = async () => {
  while (going) {
    sent += 1;
    const id = sent;
    try {
      await producers.at(-1)?.send(topic, [{ key: String(id), value: String(id) }]);
      acknowledged.push(id);
      longestMs = Math.max(longestMs, performance.now() - lastMs);
      lastMs = performance.now();
      await delay(everyMs);
    } catch {
      // Whether it was written is not known: it is neither counted as kept nor as lost.
      failed += 1;
      await delay(attemptMs);
    }
  }
};
// Two, so that one that waits for a leader does not hide that the other partitions serve.
await Promise.all([lane(), lane()]);
clearInterval(told);
for (const producer of producers) await producer.close();
partitions = (await connection.metadata([topic])).topics[0]?.partitions.length ?? partitions;

const found = await readBack(connection);
await connection.close();
const report: LoadReport = judgeLoad({ sent, failed, acknowledged, found, longestMs: Math.round(longestMs) });
say({ report });

/** Every record's number, once each time that it is there. Waits for leaders. */
async function readBack(asked: KafkaConnection): Promise<readonly number[]> {
  const deadline = performance.now() + readBackMs;
  const numbers: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    let offset = 0;
    for (;;) {
      const next = await piece(asked, partition, offset).catch(() => undefined);
      if (next === undefined) {
        if (performance.now() > deadline) throw new Error(`partition ${partition} is not to be read from ${offset} on`);
        await delay(attemptMs);
        continue;
      }
      numbers.push(...next.numbers);
      offset = next.nextOffset;
      if (offset >= next.end) break;
    }
  }
  return numbers;
}

/** Undefined while nobody leads the partition. */
async function piece(asked: KafkaConnection, partition: number, offset: number) {
  const { topics } = await asked.metadata([topic]);
  const leader = topics[0]?.partitions.find((each) => each.partition === partition)?.leader;
  if (leader === undefined) return undefined;
  const [latest] = await listOffsets(asked, [{ topic, partition }], { leader, at: 'latest' });
  const end = latest?.offset;
  if (end === undefined) return undefined;
  if (offset >= end) return { numbers: [], nextOffset: offset, end };
  const answer = await readValues(asked, { topic, partition, offset }, { leader, maxBytes: answerBytes });
  if (answer.fault !== undefined || answer.nextOffset <= offset) return undefined;
  return {
    numbers: answer.records.map(({ value }) => Number(value.toString())),
    nextOffset: answer.nextOffset,
    end,
  };
}
