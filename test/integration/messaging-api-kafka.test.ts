/** The messaging API's back-end on a real cluster: offsets, races, limits, retention, and leaders that die or hang while messages are published. */
import { afterAll, beforeAll, expect } from 'vitest';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { alterConfigs } from '../../clients/kafka/requests/alter-configs.ts';
import { createTopics } from '../../clients/kafka/requests/create-topics.ts';
import { readBrokers } from '../../clients/zookeeper/brokers.ts';
import type { StatusReport } from '../../operations/status.ts';
import type { Backend, LogPlace } from '../../programs/messaging-api/backend/backend.ts';
import { connectKafkaBackend } from '../../programs/messaging-api/backend/kafka-backend.ts';
import { PublishQueue } from '../../programs/messaging-api/backend/publish-queue.ts';
import { deleteRecords } from '../clients/delete-records.ts';
import { requires } from '../requirements.ts';
import { eventually, type PlatformFixture, platformFixture } from './platform-fixture.ts';

const { describe, it } = requires('java', 'linux');

const bootstrap = [101, 102, 103].map((host) => `127.0.51.${host}:9092`);
const zookeeper = ['127.0.51.11:2181'];
const everything = { maxRecords: 100_000, maxBytes: 64_000_000 };

describe('the Kafka back-end', () => {
  let platform: PlatformFixture;
  let connection: KafkaConnection;
  let backend: Backend;
  let chroot = '';

  beforeAll(async () => {
    const kafkaSettings =
      'zookeeper.session.timeout.ms: 6000, default.replication.factor: 3, min.insync.replicas: 2, message.max.bytes: 2000000';
    platform = await platformFixture(51, { masters: 1, workers: 3, kafkaSettings });
    const up = await platform.run(['up', '--no-messages']);
    expect(up.status, up.stderr + up.stdout).toBe(0);
    connection = await connect({ bootstrap, clientId: 'test' });
    chroot = (await readBrokers(zookeeper, '/kafka')).length > 0 ? '/kafka' : '';
    backend = await connectKafkaBackend({ bootstrapServers: [], zookeeperServers: zookeeper, chroot }, 'test');
  });
  afterAll(async () => {
    await backend?.close();
    await connection?.close();
    await platform.dispose();
  });

  const text = (value: string) => ({ value: Buffer.from(value) });
  const own = (topic: string): LogPlace => ({ topic, partition: 0 });
  const leaderOf = async (topic: string) =>
    (await connection.metadata([topic])).topics.find((each) => each.topic === topic)?.partitions[0]?.leader;
  const pidOf = async (broker: number | undefined) => {
    const { services } = await platform.json<StatusReport>(['status']);
    const pid = services.find(({ node, service }) => service === 'kafka' && node === `worker-${broker}`)?.pid;
    if (pid === undefined) throw new Error(`worker-${broker} does not run: ${JSON.stringify(services)}`);
    return pid;
  };
  const whole = async () => {
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    await eventually('everything is in sync', 60_000, async () => {
      const { topics } = await connection.metadata();
      return topics.every(({ partitions }) => partitions.every((each) => each.inSync.length === each.replicas.length));
    });
  };
  const readAll = async (place: LogPlace) => (await backend.read(place, 0, everything)).map(({ value }) => `${value}`);

  it('finds the brokers in ZooKeeper, and none below another chroot', async () => {
    expect([...(await readBrokers(zookeeper, chroot))].sort()).toEqual(bootstrap);
    expect(await readBrokers(zookeeper, '/elsewhere')).toEqual([]);
    await expect(
      connectKafkaBackend({ bootstrapServers: [], zookeeperServers: zookeeper, chroot: '/elsewhere' }, 'test'),
    ).rejects.toMatchObject({ code: 'CLIENT_UNREACHABLE', evidence: [expect.stringContaining('no broker')] });
    await backend.ping();
  });

  it('publishes with the broker’s own offsets, and reads records back whole, from any offset, as many as asked for', async () => {
    const place = own('p.first');
    expect(await backend.publish(place, [text('a'), text('b')])).toEqual([0, 1]);
    const headers = { n: Buffer.from([0, 255]), ä: Buffer.from('ö') };
    expect(await backend.publish(place, [{ key: Buffer.from('k'), value: Buffer.from('ü'), headers }])).toEqual([2]);
    const records = await backend.read(place, 1, { maxRecords: 10, maxBytes: 1_000_000 });
    expect(records.map(({ offset, value }) => [offset, `${value}`])).toEqual([
      [1, 'b'],
      [2, 'ü'],
    ]);
    expect(records[1]).toMatchObject({ key: Buffer.from('k'), headers });
    expect(await backend.read(place, 0, { maxRecords: 1, maxBytes: 1_000_000 })).toHaveLength(1);
    expect(await backend.read(place, 3, { maxRecords: 1, maxBytes: 1_000_000 })).toEqual([]);
    expect(await backend.bounds(place)).toEqual({ min: 0, max: 3 });
    expect(await backend.ends([place, own('p.first')])).toEqual([3, 3]);
    expect(await backend.offsetAt(place, 0)).toBe(0);
    expect(await backend.offsetAt(place, Date.now() + 60_000)).toBeUndefined();
  });

  it('lets two nodes make one topic at once, and makes none by looking', async () => {
    const other = await connectKafkaBackend({ bootstrapServers: bootstrap, zookeeperServers: [], chroot: '' }, 'other');
    try {
      expect(await backend.partitions('p.race')).toBe(0);
      const both = [backend, other].flatMap((each) => [each.ensureTopic('p.race'), each.ensureTopic('p.race')]);
      await Promise.all(both);
      const [mine, theirs] = await Promise.all([
        backend.publish(own('p.race'), [text('x')]),
        other.publish(own('p.race'), [text('y')]),
      ]);
      expect([...mine, ...theirs].sort()).toEqual([0, 1]);
      expect(await other.partitions('p.race')).toBe(1);
    } finally {
      await other.close();
    }
  });

  it('never makes a topic of others, and says so within seconds', async () => {
    const foreign = { topic: 'absent.topic', partition: 0, foreign: true };
    await expect(backend.publish(foreign, [text('x')])).rejects.toMatchObject({
      code: 'MESSAGING_API_BACKEND_REFUSED',
    });
    expect(await backend.partitions('absent.topic')).toBe(0);
  });

  it('sends what is more than a request holds as several, in order', async () => {
    const queue = new PublishQueue(backend, { waitingBytes: 64_000_000, batchBytes: 1_900_000 });
    const great = Array.from({ length: 7 }, (_each, index) => ({ value: Buffer.alloc(900_000, index) }));
    expect(await queue.publish(own('p.great'), great)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const records = await backend.read(own('p.great'), 0, everything);
    expect(records.map(({ value }) => value[0])).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('divides a batch that the topic’s own limit refuses, and refuses the one record that is too great with 413', async () => {
    await backend.ensureTopic('p.small');
    const resource = { type: 'topic', name: 'p.small' } as const;
    const limit = { name: 'max.message.bytes', operation: 'set', value: '2000' } as const;
    const [outcome] = await alterConfigs(connection, [{ ...resource, changes: [limit] }]);
    expect(outcome?.error).toBeUndefined();
    const values = Array.from({ length: 8 }, (_each, index) => ({ value: Buffer.alloc(600, index) }));
    expect(await backend.publish(own('p.small'), values)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await expect(backend.publish(own('p.small'), [{ value: Buffer.alloc(3_000) }])).rejects.toMatchObject({
      code: 413,
    });
    expect(await backend.publish(own('p.small'), [text('after')])).toEqual([8]);
  });

  it('reads nothing where retention has moved the log’s start past the offset, and the bounds say where it is', async () => {
    const place = own('p.retention');
    await backend.publish(place, [text('0'), text('1'), text('2'), text('3')]);
    await deleteRecords(bootstrap, place, 3);
    expect(await backend.bounds(place)).toEqual({ min: 3, max: 4 });
    expect(await backend.read(place, 1, everything)).toEqual([]);
    expect((await backend.read(place, 3, everything)).map(({ offset }) => offset)).toEqual([3]);
  });

  it('publishes into a topic that was deleted by another, from 0 again, and never loses what it answers', async () => {
    const place = own('p.deleted');
    await backend.publish(place, [text('old'), text('old')]);
    const other = await connectKafkaBackend({ bootstrapServers: bootstrap, zookeeperServers: [], chroot: '' }, 'other');
    await other.deleteTopic('p.deleted');
    await other.deleteTopic('p.deleted'); // absent is no error
    await other.close();
    const offsets = [
      ...(await backend.publish(place, [text('new')])),
      ...(await backend.publish(place, [text('2nd')])),
    ];
    const found = new Map((await backend.read(place, 0, everything)).map(({ offset, value }) => [offset, `${value}`]));
    expect(offsets.map((offset) => found.get(offset))).toEqual(['new', '2nd']);
  });

  /** Publishes one message after another, from several clients, until told to end. Answers with those acknowledged and those that failed. */
  function publishing(place: LogPlace, clients: number) {
    const queue = new PublishQueue(backend, { waitingBytes: 1_000_000, batchBytes: 1_900_000 });
    const acknowledged: { readonly id: string; readonly offset: number }[] = [];
    const failed: string[] = [];
    let ending = false;
    const running = Array.from({ length: clients }, async (_each, client) => {
      for (let count = 0; !ending; count += 1) {
        const id = `${client}-${count}`;
        try {
          const [offset = -1] = await queue.publish(place, [text(id)]);
          acknowledged.push({ id, offset });
        } catch {
          failed.push(id);
        }
      }
    });
    return {
      acknowledged,
      async end() {
        ending = true;
        await Promise.all(running);
        return { acknowledged, failed };
      },
    };
  }

  async function expectExactlyOnce(
    place: LogPlace,
    { acknowledged, failed }: Awaited<ReturnType<ReturnType<typeof publishing>['end']>>,
  ) {
    const records = await backend.read(place, 0, everything);
    const at = new Map(records.map(({ offset, value }) => [offset, `${value}`]));
    for (const { id, offset } of acknowledged) expect(at.get(offset), `what was answered for ${id}`).toBe(id);
    const counts = new Map<string, number>();
    for (const value of at.values()) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
    const known = new Set([...acknowledged.map(({ id }) => id), ...failed]);
    expect([...counts.keys()].filter((id) => !known.has(id))).toEqual([]);
    expect(failed, 'a leader that goes is waited for').toEqual([]);
  }

  it('answers every publish once, none twice and none lost, while the leader is killed', async () => {
    const place = own('p.killed');
    await backend.ensureTopic(place.topic);
    await eventually('it has a leader', 20_000, async () => (await leaderOf(place.topic)) !== undefined);
    const load = publishing(place, 8);
    await eventually('it publishes', 20_000, () => load.acknowledged.length > 200);
    const killed = await leaderOf(place.topic);
    process.kill(await pidOf(killed), 'SIGKILL');
    const before = load.acknowledged.length;
    await eventually('it publishes to another', 40_000, async () => load.acknowledged.length > before + 400);
    const outcome = await load.end();
    expect(await leaderOf(place.topic)).not.toBe(killed);
    await expectExactlyOnce(place, outcome);
    await whole();
  });

  it('answers every publish once, none twice and none lost, while the leader hangs and comes back', async () => {
    const place = own('p.hung');
    await backend.ensureTopic(place.topic);
    await eventually('it has a leader', 20_000, async () => (await leaderOf(place.topic)) !== undefined);
    const load = publishing(place, 8);
    await eventually('it publishes', 20_000, () => load.acknowledged.length > 200);
    const hung = await pidOf(await leaderOf(place.topic));
    process.kill(hung, 'SIGSTOP');
    try {
      const before = load.acknowledged.length;
      await eventually('it publishes to another', 60_000, async () => load.acknowledged.length > before + 400);
    } finally {
      process.kill(hung, 'SIGCONT');
    }
    const outcome = await load.end();
    await expectExactlyOnce(place, outcome);
    expect((await readAll(place)).length).toBe(outcome.acknowledged.length);
    await whole();
  });

  it('keeps the partitions of a topic apart', async () => {
    const [made] = await createTopics(connection, [{ topic: 'wide', partitions: 3, replicas: 3, config: {} }], {
      brokerTimeoutMs: 10_000,
    });
    expect(made?.error).toBeUndefined();
    await eventually('it has three', 20_000, async () => (await backend.partitions('wide')) === 3);
    const places = [0, 1, 2].map((partition) => ({ topic: 'wide', partition, foreign: true }));
    for (const place of places) await backend.publish(place, [text(`to ${place.partition}`), text('again')]);
    await backend.publish({ topic: 'wide', partition: 1, foreign: true }, [text('third')]);
    expect(await backend.ends(places)).toEqual([2, 3, 2]);
    await expect(backend.bounds({ topic: 'wide', partition: 3, foreign: true })).rejects.toThrow();
  });
});
