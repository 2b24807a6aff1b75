/**
 * The proof: two API processes, one subscription, ten clients that pull, acknowledgements lost at random, one API node killed and then a Kafka broker,
 * the leader of the topic. A history is written as it happens, and judged from the file alone (test/histories/delivery.ts). The seed is printed.
 */
import { randomInt } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import type { StatusReport } from '../../operations/status.ts';
import { checkDelivery, type DeliveryEvent, parseHistory } from '../histories/delivery.ts';
import { requires } from '../requirements.ts';
import { ApiFixture, type ApiProcess, type Client } from './api-process-fixture.ts';
import { eventually, type PlatformFixture, platformFixture } from './platform-fixture.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

const { describe, it } = requires('java', 'maven', 'linux');

const publishers = 4;
const pullers = 10;
/** How many of the acknowledgements are never sent. */
const lostShare = 0.3;
const bootstrap = [101, 102, 103].map((host) => `127.0.53.${host}:9092`);
const path = 'projects/P/subscriptions/S';

interface Pulled {
  readonly receivedMessages: readonly { readonly message: { readonly messageId: string; readonly data: string } }[];
}

/** A small generator (mulberry32), so that a run's choices come from one printed number. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('one subscription on two API nodes', () => {
  const fixture = new ApiFixture();
  let platform: PlatformFixture;
  let standIn: StandIn;
  let connection: KafkaConnection;
  let nodes: readonly ApiProcess[] = [];
  let historyFile = '';

  beforeAll(async () => {
    const kafkaSettings =
      'zookeeper.session.timeout.ms: 6000, default.replication.factor: 3, min.insync.replicas: 2, message.max.bytes: 2000000';
    platform = await platformFixture(53, { masters: 1, workers: 3, kafkaSettings });
    const [up, store] = await Promise.all([platform.run(['up', '--no-messages']), startStandIn()]);
    expect(up.status, up.stderr + up.stdout).toBe(0);
    standIn = store;
    await fixture.seed(standIn.storeHost, 'argo_msg');
    connection = await connect({ bootstrap, clientId: 'test' });
    const config = { zookeeper_hosts: ['127.0.53.11:2181'], kafka_znode: '/kafka', store_host: standIn.storeHost };
    nodes = await Promise.all([201, 202].map((host) => fixture.start(`127.0.53.${host}`, 8443, config)));
    historyFile = join(await fixture.folder(), 'history.jsonl');
  });
  afterAll(async () => {
    await fixture.dispose();
    await connection?.close();
    await standIn?.stop();
    await platform.dispose();
  });

  it('delivers every acknowledged publish, skips none, and repeats only what nobody acknowledged, while an API node and a broker are killed', async () => {
    const seed = Number(process.env.ENSEMBLE_TEST_SEED ?? randomInt(2 ** 31));
    console.info(`seed ${seed} (ENSEMBLE_TEST_SEED)`);
    const random = seeded(seed);
    const counts = { published: 0, acknowledged: 0 };
    const write = (event: DeliveryEvent) => {
      if (event.type === 'published') counts.published += event.ids.length;
      if (event.type === 'acknowledged') counts.acknowledged += 1;
      appendFileSync(historyFile, `${JSON.stringify(event)}\n`);
    };
    const [first] = nodes;
    if (first === undefined) throw new Error('no node runs');
    const admin = first.client();
    await admin.make('POST', 'projects/P', {});
    await admin.make('PUT', 'projects/P/topics/T');
    await admin.make('PUT', path, { topic: 'projects/P/topics/T', ackDeadlineSeconds: 60 });
    const { topics } = await connection.metadata();
    const topic = topics.find(({ topic: name }) => name.endsWith('.T'))?.topic ?? '';

    let calls = 0;
    let publishing = true;
    let pulling = true;
    /** A person's connections to the nodes; one that is found dead is not asked again. */
    const clientsOf = () => {
      let alive: readonly Client[] = nodes.map((node) => node.client());
      return {
        one: () => alive[Math.floor(random() * alive.length)] ?? admin,
        failed: (client: Client, error: unknown) => {
          const isAnswer = error instanceof Error && /: \d{3} /.test(error.message);
          if (!isAnswer && alive.length > 1) alive = alive.filter((each) => each !== client);
        },
      };
    };
    type Clients = ReturnType<typeof clientsOf>;

    async function publisher(number: number): Promise<void> {
      const clients = clientsOf();
      for (let count = 0; publishing; count += 1) {
        const ids = Array.from(
          { length: 1 + Math.floor(random() * 5) },
          (_each, index) => `${number}-${count}-${index}`,
        );
        const messages = ids.map((id) => ({ data: Buffer.from(id).toString('base64') }));
        const client = clients.one();
        write({ type: 'publish', ids });
        try {
          const answer = await client.make('POST', 'projects/P/topics/T:publish', { messages });
          write({ type: 'published', ids, offsets: (answer as { messageIds: string[] }).messageIds.map(Number) });
        } catch (error) {
          write({ type: 'publish-unknown', ids, why: String(error) });
          clients.failed(client, error);
        }
      }
    }

    async function pullOnce(clients: Clients, maxMessages: number): Promise<readonly number[]> {
      calls += 1;
      const call = calls;
      const client = clients.one();
      write({ type: 'pull', call });
      try {
        const limits = { maxMessages: String(maxMessages), waitSeconds: '1' };
        const answer = (await client.make('POST', `${path}:pull`, limits)) as Pulled;
        const messages = answer.receivedMessages.map(({ message }) => ({
          offset: Number(message.messageId),
          id: Buffer.from(message.data, 'base64').toString(),
        }));
        write({ type: 'pulled', call, messages });
        return messages.map(({ offset }) => offset);
      } catch (error) {
        write({ type: 'pull-failed', call, why: String(error) });
        clients.failed(client, error);
        return [];
      }
    }

    async function acknowledgeUpTo(clients: Clients, offset: number): Promise<void> {
      calls += 1;
      const call = calls;
      const client = clients.one();
      write({ type: 'acknowledge', call, offset });
      try {
        await client.make('POST', `${path}:acknowledge`, { ackIds: [`${path}:${offset}`] });
        write({ type: 'acknowledged', call, offset });
      } catch (error) {
        write({ type: 'acknowledge-unknown', call, offset, why: String(error) });
        clients.failed(client, error);
      }
    }

    async function puller(): Promise<void> {
      const clients = clientsOf();
      while (pulling) {
        const offsets = await pullOnce(clients, 1 + Math.floor(random() * 30));
        const chosen = offsets[random() < 0.8 ? offsets.length - 1 : Math.floor(random() * offsets.length)];
        if (chosen !== undefined && random() >= lostShare) await acknowledgeUpTo(clients, chosen);
      }
    }

    const running = [
      ...Array.from({ length: publishers }, (_each, number) => publisher(number)),
      ...Array.from({ length: pullers }, () => puller()),
    ];
    const goneOn = async (what: string) => {
      const before = { ...counts };
      await eventually(what, 60_000, () => {
        return counts.published > before.published + 300 && counts.acknowledged > before.acknowledged + 30;
      });
    };
    await goneOn('it is busy');
    first.signal('SIGKILL');
    write({ type: 'fault', what: 'an API node is killed' });
    await first.ended;
    nodes = nodes.slice(1);
    await goneOn('the other API node serves');
    const { services } = await platform.json<StatusReport>(['status']);
    const leader = (await connection.metadata([topic])).topics[0]?.partitions[0]?.leader;
    const pid = services.find(({ service, node }) => service === 'kafka' && node === `worker-${leader}`)?.pid;
    if (pid === undefined) throw new Error(`the leader of ${topic} is not known`);
    process.kill(pid, 'SIGKILL');
    write({ type: 'fault', what: `worker-${leader} is killed, which leads the topic` });
    await goneOn('another broker leads');
    publishing = false;
    await Promise.all(running.slice(0, publishers));
    pulling = false;
    await Promise.all(running);

    const reader = clientsOf();
    const offsets = async () => (await reader.one().make('GET', `${path}:offsets`)) as { max: number; current: number };
    const isRead = eventually('everything is read', 30_000, async () => {
      const shown = await pullOnce(reader, 1_000);
      const end = shown.at(-1);
      if (end !== undefined) await acknowledgeUpTo(reader, end);
      const { max, current } = await offsets();
      return max === current;
    });
    // Where it never is, the history says what became of it, and without its end it proves nothing.
    const drained = await isRead.then(
      () => true,
      () => false,
    );
    if (drained) write({ type: 'end', offset: (await offsets()).max });

    const verdict = checkDelivery(parseHistory(readFileSync(historyFile, 'utf8')));
    console.info(JSON.stringify(verdict.figures));
    expect(verdict.faults).toEqual([]);
    expect(verdict.valid).toBe(true);
    expect(verdict.figures.faultsInjected).toBe(2);
    expect(verdict.figures.repeated, 'lost acknowledgements bring messages again').toBeGreaterThan(0);
  });
});
