/**
 * Publishing and pulling through HAProxy and the messaging API against KafkaJS alone, on the same cluster in the same run: three brokers, three replicas,
 * acks=all, messages of 200 bytes, 16 connections for batches and 64 for single messages. That is the place in which upstream's API was measured
 * (the platform's reference): 230 messages a second one at a time, 1,400 in batches of 100.
 */
import { readFile } from 'node:fs/promises';
import { kafkaJsFloor } from './api-floor.ts';
import { apiClient, sustain } from './api-load.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { benchPlatform } from './platform.ts';

const rounds = 5;
const forMs = 6_000;
const batch = 100;
const batchConnections = 16;
const singleConnections = 64;
const messageBytes = 200;
const replicas = 3;

const upstream = { single: 230, batch: 1_400 };

const names = {
  publish: `publish in batches of ${batch}`,
  publishFloor: `KafkaJS: send batches of ${batch}`,
  single: `publish one at a time, ${singleConnections} connections`,
  singleFloor: `KafkaJS: send one at a time, ${singleConnections} at once, a request each`,
  pull: `pull and acknowledge in batches of ${batch}`,
  pullFloor: `KafkaJS: consume, committing each batch of ${batch}`,
} as const;

export const api: Figure = {
  name: 'api',
  async measure(progress) {
    const rates = new Samples('1/s');
    const latencies = new Samples('ms');
    const platform = await benchPlatform(26, { api: true, tolerate: replicas - 1 });
    try {
      const up: unknown = JSON.parse(await platform.ensemble(['up', '--no-messages', '--json']));
      const { entrance, bootstrap } = up as { entrance: { url: string; authorityFile: string }; bootstrap: string[] };
      const token = (await platform.ensemble(['token'])).trim();
      const authorityPem = await readFile(entrance.authorityFile, 'utf8');
      const client = apiClient({ url: entrance.url, authorityPem, token, connections: singleConnections });
      const floor = await kafkaJsFloor(bootstrap);
      try {
        await client.post('/projects/bench', { description: '' });
        for (let round = 0; round <= rounds; round += 1) {
          // The first round warms up compilers on both sides, and counts nothing.
          const kept = round === 0 ? { rates: new Samples('1/s'), latencies: new Samples('ms') } : { rates, latencies };
          await measureRound(round, client, floor, kept);
          if (round > 0)
            progress(
              `round ${round}: ${rates
                .all()
                .map(({ name, values }) => `${name} ${Math.round(values.at(-1) ?? 0)}`)
                .join('; ')}`,
            );
        }
      } finally {
        client.close();
        await floor.close();
      }
    } finally {
      await platform.dispose();
    }
    const target = (least: number) => ({ target: { atLeast: least } });
    const sample = (name: string) => rates.get(name);
    return {
      figure: 'api',
      about: `Messages a second through HAProxy and two API nodes, and by KafkaJS alone: ${replicas} brokers, ${replicas} replicas, acks=all, ${messageBytes} bytes.`,
      samples: [
        { ...sample(names.publish), ...target(5 * upstream.batch) },
        sample(names.publishFloor),
        { ...sample(names.single), ...target(5 * upstream.single) },
        sample(names.singleFloor),
        sample(names.pull),
        sample(names.pullFloor),
        ...latencies.all(),
      ],
      comparisons: [
        compare('publish in batches / KafkaJS', sample(names.publish), sample(names.publishFloor), { atLeast: 0.4 }),
        compare('publish one at a time / KafkaJS without sharing', sample(names.single), sample(names.singleFloor), {
          atLeast: 1,
        }),
        compare('pull and acknowledge / KafkaJS', sample(names.pull), sample(names.pullFloor), { atLeast: 0.4 }),
      ],
      notes: [
        `Upstream's API in the same place, measured once (the platform's reference): ${upstream.single} messages/s one at a time, ${upstream.batch}/s in batches of ${batch}. The floors of the first two rows are five times that; the aim was ten times.`,
        'Brokers, API nodes, HAProxy, the metadata store and the load all run on the same cores, so that whatever the load costs is taken from what it measures; KafkaJS alone has no HTTP, TLS, JSON or metadata store to pay for.',
        'KafkaJS without sharing: a produce request for each message, which is what a program does that awaits each send.',
        'Pulling is one puller on one subscription: pull, then acknowledge, then the next; the metadata store is the stand-in.',
        'p99 is of one request: a batch, or a message.',
      ],
    };
  },
};

type Client = ReturnType<typeof apiClient>;
type Kept = { readonly rates: Samples; readonly latencies: Samples };

async function measureRound(
  round: number,
  client: Client,
  floor: Awaited<ReturnType<typeof kafkaJsFloor>>,
  { rates, latencies }: Kept,
): Promise<void> {
  const [topic, plain] = [`t${round}`, `floor-${round}`];
  const path = `/projects/bench/topics/${topic}`;
  await client.put(path, {});
  await client.put(`/projects/bench/subscriptions/${topic}`, { topic: `projects/bench/topics/${topic}` });
  await floor.makeTopic(plain, replicas);
  const data = Buffer.alloc(messageBytes, 'x');
  const body = (count: number) => ({
    messages: Array.from({ length: count }, () => ({ data: data.toString('base64') })),
  });
  const values = (count: number) => Array.from({ length: count }, () => ({ value: data }));

  const ours = { workers: batchConnections, messages: batch, forMs };
  const published = await sustain(ours, () => client.post(`${path}:publish`, body(batch)));
  rates.add(names.publish, published.perSecond);
  latencies.add(`${names.publish}: p99`, published.p99Ms);
  const sent = await sustain(ours, () => floor.send(plain, values(batch)));
  rates.add(names.publishFloor, sent.perSecond);
  latencies.add(`${names.publishFloor}: p99`, sent.p99Ms);

  const alone = { workers: singleConnections, messages: 1, forMs };
  const singles = await sustain(alone, () => client.post(`${path}:publish`, body(1)));
  rates.add(names.single, singles.perSecond);
  latencies.add(`${names.single}: p99`, singles.p99Ms);
  const each = await sustain(alone, () => floor.send(plain, values(1)));
  rates.add(names.singleFloor, each.perSecond);
  latencies.add(`${names.singleFloor}: p99`, each.p99Ms);

  const pulled = await sustain({ workers: 1, messages: batch, forMs }, () => pullOnce(client, topic));
  rates.add(names.pull, pulled.perSecond);
  latencies.add(`${names.pull}: p99`, pulled.p99Ms);
  rates.add(names.pullFloor, await floor.consume(plain, Math.floor((sent.perSecond * forMs) / 2000), batch));
}

async function pullOnce(client: Client, subscription: string): Promise<void> {
  const path = `/projects/bench/subscriptions/${subscription}`;
  const answer = await client.post(`${path}:pull`, { maxMessages: String(batch), returnImmediately: 'true' });
  const { receivedMessages } = answer as { receivedMessages: { ackId: string }[] };
  if (receivedMessages.length < batch)
    throw new Error(`a pull gave ${receivedMessages.length} of ${batch}: too few were published`);
  await client.post(`${path}:acknowledge`, { ackIds: receivedMessages.map(({ ackId }) => ackId) });
}
