/**
 * Import and advice on real Kafka: a plan with what was imported is empty, and advice equals the number computed by hand from rates, groups and keys that
 * this test planted. Rates of the past are planted by the records' own times, and the window is the test's own clock, so that nothing depends on the
 * speed of this machine.
 */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect } from 'vitest';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import {
  createConsumer,
  createProducer,
  type MessageConsumer,
  type MessageProducer,
} from '../../clients/kafka/messaging.ts';
import { createTopics } from '../../clients/kafka/requests/create-topics.ts';
import { type AdviseInput, advise } from '../../topics/advise/advise.ts';
import { writeAdvice } from '../../topics/advise/advise-write.ts';
import { type MeasureOptions, measureTopics } from '../../topics/advise/measure.ts';
import { importManifest } from '../../topics/import/import.ts';
import { observeForImport } from '../../topics/import/observe-import.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { readConsumerGroups } from '../../topics/status/consumer-groups.ts';
import { readOffsets } from '../../topics/status/partition-offsets.ts';
import { eventually, type PlatformFixture, platformFixture } from '../integration/platform-fixture.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('java', 'kcat');

const bootstrap = ['127.0.43.101:9092', '127.0.43.102:9092'];

describe('on a platform of two workers', () => {
  let platform: PlatformFixture;
  let connection: KafkaConnection;
  let producer: MessageProducer;
  const consumers: MessageConsumer[] = [];

  beforeAll(async () => {
    platform = await platformFixture(43, { masters: 1, workers: 2 });
    const up = await platform.run(['up', '--no-messages']);
    expect(up.stderr + up.stdout).not.toMatch(/DRIVER_|OPERATIONS_|INTERNAL/);
    connection = await connect({ bootstrap, clientId: 'test' });
    producer = await createProducer({ bootstrap });
  });
  afterAll(async () => {
    await Promise.all(consumers.map((consumer) => consumer.close()));
    await producer?.close();
    await connection?.close();
    await platform.dispose();
  });

  async function create(topic: string, partitions: number, replicas: number, config: Record<string, string> = {}) {
    const [outcome] = await createTopics(connection, [{ topic, partitions, replicas, config }], {
      brokerTimeoutMs: 30_000,
    });
    expect(outcome).toEqual({ topic, error: undefined });
    await eventually(`${topic} has leaders`, 30_000, async () => {
      const [seen] = (await connection.metadata([topic])).topics;
      return seen?.partitions.length === partitions && seen.partitions.every(({ leader }) => leader !== undefined);
    });
  }

  /** Records that readers can have, all partitions together. */
  async function ended(topic: string): Promise<number> {
    const [seen] = (await connection.metadata([topic])).topics;
    const partitions = (seen?.partitions ?? []).map((each) => ({ topic, ...each }));
    const ends = await readOffsets(connection, partitions, 'latest');
    return [...ends.values()].reduce((sum, end) => sum + end, 0);
  }

  async function measure(topic: string, options: MeasureOptions): Promise<AdviseInput> {
    const { inputs, missing } = await measureTopics(connection, [topic, 'not.there'], options);
    expect(missing).toEqual(['not.there']);
    const [input] = inputs;
    if (input === undefined) throw new Error(`${topic} was not measured`);
    return input;
  }

  /** A window of the length given, without waiting for it: what happens in it is the test's. */
  function windowOf(windowMs: number, fromMs = Date.now(), during = async () => {}): MeasureOptions {
    let clock = fromMs;
    return {
      windowMs,
      now: () => clock,
      wait: async (ms) => {
        await during();
        clock += ms;
      },
    };
  }

  it('imports what there is, and a plan with the result is empty', async () => {
    await create('telemetry.raw', 4, 1, {
      'cleanup.policy': 'compact,delete',
      'retention.ms': '86400000',
      'min.cleanable.dirty.ratio': '0.3',
      'leader.replication.throttled.replicas': '*',
    });
    await create('telemetry.audit', 1, 2, { 'max.message.bytes': '2097152', preallocate: 'false' });
    const imported = importManifest(await observeForImport(connection), { at: new Date(), policy: { brokers: 2 } });
    expect(imported.topics).toEqual(['monitoring.pms', 'system.feature', 'telemetry.audit', 'telemetry.raw']);
    expect(imported.text).toContain('  - monitoring.pms\n');
    expect(imported.text).toContain('      max.message.bytes: 2097152 # 2 MiB\n');
    expect(imported.text).toContain('throttle is left out');
    const manifest = parseManifest({ file: 'topics.yaml', text: imported.text }, { brokers: 2 });
    expect(planTopics(manifest, await observeTopics(connection, manifest)).entries).toEqual([]);
    await platform.writeTopics(imported.text);
    expect((await platform.run(['topics', 'plan'])).status).toBe(0);
    const changed = parseManifest({ file: 'x', text: imported.text.replace('86400000', '3600000') });
    expect(planTopics(changed, await observeTopics(connection, changed)).entries).toMatchObject([
      { action: 'changeConfig', topic: 'telemetry.raw' },
    ]);
  });

  it('finds a peak of the past in the log, and the keys in its records', async () => {
    await create('rates', 2, 2);
    const minute = 60_000;
    const untilMs = Date.now();
    // Within the last hour, in minutes: 40 records between minute 30 and 29, 600 between 20 and 19, by 12 keys of which one has the half.
    const burst = (count: number, minutesAgo: number) =>
      Array.from({ length: count }, (_, index) => ({
        key: index % 2 === 0 ? 'hot' : `key-${(index >> 1) % 11}`,
        value: 'x'.repeat(1_000),
        timestampMs: untilMs - minutesAgo * minute + Math.floor((index * minute) / count),
      }));
    await producer.send('rates', burst(40, 30));
    await producer.send('rates', burst(600, 20));
    await eventually('every replica has them, and so readers too', 30_000, async () => (await ended('rates')) === 640);
    const options = { ...windowOf(30_000, untilMs), historyMs: 60 * minute, stretchMs: minute };
    const input = await measure('rates', options);
    expect(input.produced.peakPerSecond).toBeCloseTo(600 / 60, 6);
    expect(input.keys).toMatchObject({ records: 640, keyed: 640, distinct: 12, hottest: 320, complete: true });
    expect(input.gaps).toEqual([]);
    expect(input.bytesPerRecord).toBeGreaterThan(1_000);
    expect(input.bytesPerRecord).toBeLessThan(1_200);
    // The partition with the hot key has at least the half; 20/s wanted, and any partition carries 1 MiB/s.
    expect(input.produced.partitionPeakPerSecond).toBeGreaterThanOrEqual(5);
    expect(advise(input)).toMatchObject({ advised: 2, decidedBy: 'current', targetPerSecond: 20 });
    // ceil(60 / 7) = 9 by the partitions' rate; 12 keys allow it
    expect(advise(input, { targetPerSecond: 60, partitionPerSecond: 7 })).toMatchObject({
      advised: 9,
      decidedBy: 'producers',
    });
    // ceil(200 / 7) = 29, and 12 keys
    expect(advise(input, { targetPerSecond: 200, partitionPerSecond: 7 })).toMatchObject({
      advised: 12,
      decidedBy: 'keys',
    });
    const sampled = await measure('rates', { ...options, sampleRecords: 100 });
    expect(sampled.keys?.complete).toBe(false);
    expect(sampled.keys?.records).toBeLessThanOrEqual(100);
    // No group was made by looking.
    expect((await readConsumerGroups(connection, (await connection.metadata([])).brokers)).groups).toEqual([]);
  });

  it('reads the keys of records compressed by other people’s producers', async () => {
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
      await create(`packed.${codec}`, 1, 1);
      const lines = Array.from({ length: 200 }, (_, index) => `k${index % 25}:${'v'.repeat(50)}`).join('\n');
      await kcat(['-P', '-t', `packed.${codec}`, '-K', ':', '-z', codec], lines);
      const input = await measure(`packed.${codec}`, windowOf(1_000));
      expect({ codec, keys: input.keys, gaps: input.gaps }).toMatchObject({
        codec,
        keys: { records: 200, keyed: 200, distinct: 25, complete: true },
        gaps: [],
      });
      expect(input.bytesPerRecord).toBeLessThan(50);
    }
  });

  it('advises from a group that keeps up, from one that is behind, and from members that idle', async () => {
    await create('work', 2, 2);
    let slowMayRead = 0;
    let slowHasRead = 0;
    let quickHasRead = 0;
    const countQuick = () => {
      quickHasRead += 1;
    };
    const join = async (group: string, onMessage: () => void | Promise<void>) => {
      const sessionTimeoutMs = 30_000; // a member that waits within a message sends no heartbeat
      const wishes = { topics: ['work'], fromBeginning: true, sessionTimeoutMs };
      const consumer = await createConsumer({ bootstrap, group, ...wishes, onMessage });
      consumers.push(consumer);
      await consumer.ready;
    };
    // One after the other: a group that somebody joins gives its partitions out anew.
    for (let member = 0; member < 3; member += 1) await join('quick', countQuick);
    await join('slow', async () => {
      await eventually('the test lets the slow group read', 60_000, () => slowHasRead < slowMayRead);
      slowHasRead += 1;
    });
    const send = (count: number) =>
      producer.send(
        'work',
        Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: 'v' })),
      );
    const committed = async (group: string) => {
      const { groups } = await readConsumerGroups(connection, (await connection.metadata([])).brokers);
      const offsets = groups.find((each) => each.group === group)?.offsets ?? [];
      return offsets.reduce((sum, { offset }) => sum + offset, 0);
    };
    // What both groups have before the window, so that each partition has a commit.
    slowMayRead = 60;
    await send(60);
    for (const group of ['quick', 'slow'])
      await eventually(`${group} has read 60`, 30_000, async () => (await committed(group)) === 60);

    // In a window of 10 s: 600 records come, the quick group reads all of them, the slow one 100.
    const input = await measure(
      'work',
      windowOf(10_000, Date.now(), async () => {
        slowMayRead = 160;
        await send(100);
        for (const group of ['quick', 'slow'])
          await eventually(`${group} has read 160`, 30_000, async () => (await committed(group)) === 160);
        await send(500);
        await eventually('quick has read all', 30_000, async () => (await committed('quick')) === 660);
      }),
    );
    expect(quickHasRead).toBe(660);
    expect(input.groups).toEqual([
      { group: 'quick', members: 3, consumedPerSecond: 60, keptUp: true },
      { group: 'slow', members: 1, consumedPerSecond: 10, keptUp: false },
    ]);
    expect(input.produced.peakPerSecond).toBeCloseTo(60, 6);
    // 60 * 2 = 120/s wanted, 10/s by a member of slow: 12
    const advice = advise(input);
    expect(advice).toMatchObject({ partitions: 2, advised: 12, decidedBy: 'consumers', targetPerSecond: 120 });
    expect(advice.bounds.find(({ kind }) => kind === 'consumers')?.says).toContain('ceil(120 / 10) = 12');
    expect(advice.remarks.join()).toContain('1 of 3 members of quick idle now');
    // Without the slow group: any member reads 100/s, so 2 would do, but quick has 3 members.
    expect(advise({ ...input, groups: input.groups.slice(0, 1) })).toMatchObject({ advised: 3, decidedBy: 'members' });
    const text = 'topics:\n  - work:2:2 # the busy one\n';
    const manifest = parseManifest({ file: 'x', text });
    expect(writeAdvice(text, [advice], manifest).text).toBe('topics:\n  - work:12:2 # the busy one\n');
    slowMayRead = 660;
    await eventually('the slow group is through', 30_000, () => slowHasRead === 660);
  });

  it('advises with a broker down, and says what it could not ask', async () => {
    expect((await platform.run(['stop', 'worker-2'])).status).toBe(0);
    await eventually('the other broker leads what can be led', 60_000, async () => {
      const { brokers, topics } = await connection.metadata(['telemetry.raw', 'rates']);
      const rates = topics.find(({ topic }) => topic === 'rates');
      return brokers.length === 1 && rates?.partitions.every(({ leader }) => leader === brokers[0]?.id) === true;
    });
    const input = await measure('rates', windowOf(1_000));
    expect(input).toMatchObject({ partitions: 2, keys: { records: 640, complete: true } });
    const half = await measure('telemetry.raw', windowOf(1_000));
    expect(half.gaps.join()).toMatch(/partition \d could not be asked/);
    expect(advise(half).advised).toBe(4);
  });
});

/** Feeds `input` to kcat. */
function kcat(args: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('kcat', ['-b', bootstrap.join(','), ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('close', (status) => (status === 0 ? resolve() : reject(new Error(`kcat ended with ${status}`))));
    child.stdin.end(`${input}\n`);
  });
}
