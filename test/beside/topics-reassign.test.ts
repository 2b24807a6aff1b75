/** Moving replicas on a real cluster, with data, throttled, interrupted, killed, cancelled and with a dead worker; and a status that says what Kafka's own tools say. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { alterConfigs } from '../../clients/kafka/requests/alter-configs.ts';
import type { StatusReport } from '../../operations/status.ts';
import { cancelReassign } from '../../topics/reassign/cancel-reassign.ts';
import {
  type ReassignOptions,
  type ReassignProgress,
  reassignPartitions,
  type TopicMoves,
} from '../../topics/reassign/reassign.ts';
import { reassignStatus } from '../../topics/reassign/reassign-status.ts';
import { readThrottles, setThrottles, sweepThrottles } from '../../topics/reassign/throttle.ts';
import { listSettings, rateSettings } from '../../topics/reassign/throttle-marks.ts';
import { readTopicsStatus } from '../../topics/status/status.ts';
import { eventually, type PlatformFixture, platformFixture } from '../integration/platform-fixture.ts';
import { kafkaTool, messageBytes, messages, ReassignFixture, run } from '../integration/reassign-fixture.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('java', 'kcat', 'linux');

const bootstrap = [101, 102, 103].map((host) => `127.0.42.${host}:9092`);

describe('moving replicas', () => {
  let platform: PlatformFixture;
  let connection: KafkaConnection;
  let on: ReassignFixture;

  beforeAll(async () => {
    // A dead broker leaves the cluster after this long; 18 s by default.
    const kafkaSettings = 'zookeeper.session.timeout.ms: 6000';
    platform = await platformFixture(42, { masters: 1, workers: 3, kafkaSettings });
    const up = await platform.run(['up', '--no-messages']);
    expect(up.status, up.stderr + up.stdout).toBe(0);
    connection = await connect({ bootstrap, clientId: 'test' });
    on = new ReassignFixture(connection, bootstrap[0] ?? '', platform.folder);
  });
  afterEach(async () => {
    const { lists, rates } = await readThrottles(connection, ['moved', 'heavy', 'stayed']);
    expect({ lists, rates }, 'no test may leave a throttle behind').toEqual({ lists: [], rates: [] });
  });
  afterAll(async () => {
    await connection.close();
    await platform.dispose();
  });

  function reassign(moves: readonly TopicMoves[], options: ReassignOptions = {}) {
    return reassignPartitions(connection, moves, { pollMs: 100, ...options });
  }

  const all = [1, 2, 3];
  const third = (replicas: readonly number[]) =>
    [...replicas, ...all.filter((id) => !replicas.includes(id))].slice(0, 3);

  it('adds replicas under a throttle, says how far it is, and removes the throttle', async () => {
    await on.makeTopic('moved', [
      [1, 2],
      [2, 3],
      [3, 1],
    ]);
    await on.fill('moved');
    const seen: ReassignProgress[] = [];
    let throttledAtMost: Promise<number> | undefined;
    const report = await reassign(await on.movesOf('moved', third), {
      throttleBytesPerSecond: 1_500_000,
      onProgress: (progress) => {
        seen.push(progress);
        if (progress.moving === 3) throttledAtMost ??= countThrottled();
      },
    });
    async function countThrottled(): Promise<number> {
      const { lists, rates } = await readThrottles(connection, ['moved']);
      expect(rates.map(({ bytesPerSecond }) => bytesPerSecond)).toEqual(Array(6).fill(1_500_000));
      return lists.flatMap(({ ours }) => ours).length;
    }
    expect(report.outcomes.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    expect(report.stoppedBy).toBeUndefined();
    expect(await throttledAtMost).toBe(9); // two that send and one that receives, of three partitions
    for (const { replicas, inSync } of await on.partitionsOf('moved')) {
      expect(replicas).toHaveLength(3);
      expect([...inSync].sort()).toEqual(all);
    }
    expect(await on.countMessages('moved')).toBe(messages);
    const data = messages * messageBytes;
    expect(report.copiedBytes).toBeGreaterThan(data);
    expect(
      seen.some(({ copiedBytes, leftBytes, leftMs }) => copiedBytes > 0 && leftBytes > 0 && (leftMs ?? 0) > 0),
    ).toBe(true);
    expect(seen.at(-1)).toMatchObject({ total: 3, done: 3, moving: 0, leftBytes: 0 });
  });

  it('takes replicas away and gives every partition its first replica as the leader', async () => {
    const report = await reassign(await on.movesOf('moved', (replicas) => replicas.slice(1)));
    expect(report.outcomes.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    await eventually('the first replica leads', 10_000, async () =>
      (await on.partitionsOf('moved')).every(({ leader, replicas }) => replicas.length === 2 && leader === replicas[0]),
    );
    expect(await on.countMessages('moved')).toBe(messages);
  });

  it('keeps the throttles of others: their entries in lists, and their rates on brokers', async () => {
    const theirs = { name: listSettings.leader, operation: 'set' as const, value: '0:1,1:1' };
    const rate = { name: rateSettings.leader, operation: 'set' as const, value: '7000000' };
    await alterConfigs(connection, [{ type: 'topic', name: 'moved', changes: [theirs] }]);
    await alterConfigs(connection, [{ type: 'broker', name: '1', changes: [rate] }], { to: 1 });
    await eventually(
      'broker 1 shows the rate',
      10_000,
      async () => (await readThrottles(connection, [])).rates.length > 0,
    );
    const report = await reassign(await on.movesOf('moved', third), { throttleBytesPerSecond: 9_000_000 });
    expect(report.outcomes.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    expect(report.throttle?.kept).toEqual([{ broker: 1, side: 'leader', bytesPerSecond: 7_000_000, ours: false }]);
    const { lists, rates } = await readThrottles(connection, ['moved']);
    expect(lists).toEqual([{ topic: 'moved', side: 'leader', ours: [], others: ['0:1', '1:1'] }]);
    expect(rates).toEqual(report.throttle?.kept);
    const unset = (name: string) => [{ name, operation: 'delete' as const, value: undefined }];
    await alterConfigs(connection, [{ type: 'topic', name: 'moved', changes: unset(theirs.name) }]);
    await alterConfigs(connection, [{ type: 'broker', name: '1', changes: unset(rate.name) }], { to: 1 });
    await eventually('the rate is gone', 10_000, async () => (await readThrottles(connection, [])).rates.length === 0);
  });

  it('an interrupted run leaves no throttle, and the same call again ends the work', async () => {
    await reassign(await on.movesOf('moved', (replicas) => replicas.slice(0, 2)));
    const moves = await on.movesOf('moved', third);
    const interruption = new AbortController();
    const interrupted = await reassign(moves, {
      throttleBytesPerSecond: 1_500_000,
      atOnce: 1,
      signal: interruption.signal,
      onProgress: ({ copiedBytes }) => {
        if (copiedBytes > 0) interruption.abort();
      },
    });
    expect(interrupted.stoppedBy?.code).toBe('TOPICS_REASSIGN_INTERRUPTED');
    // Without its throttle the move that had begun may end before the report is made; what had not begun is not begun any more.
    const [begun, ...others] = interrupted.outcomes.map(({ status }) => status);
    expect(['moving', 'done']).toContain(begun);
    expect(others).toEqual(['not-sent', 'not-sent']);
    expect((await readThrottles(connection, ['moved'])).lists).toEqual([]);
    const again = await reassign(moves);
    expect(again.outcomes.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    const once = await reassign(moves);
    expect(once.outcomes.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    expect(once.throttle, 'where nothing is left to do, nothing is set').toBeUndefined();
  });

  it('refuses a partition that has other replicas than the plan saw', async () => {
    const report = await reassign([{ topic: 'moved', moves: [{ partition: 0, from: [1, 2], to: [2] }] }]);
    expect(report.outcomes).toMatchObject([{ status: 'failed', why: expect.stringContaining('make a new plan') }]);
    expect(await on.partitionsOf('moved')).toMatchObject(Array(3).fill({ replicas: { length: 3 } }));
  });

  it('takes up what a killed run began, under the new throttle, and removes both', async () => {
    await reassign(await on.movesOf('moved', (replicas) => replicas.slice(0, 2)));
    const moves = await on.movesOf('moved', third);
    await on.killedRun(moves, 100_000);
    const left = await reassignStatus(connection, { sampleMs: 200 });
    expect(left.moving.length).toBeGreaterThan(0);
    expect(left.rates.filter(({ ours, bytesPerSecond }) => ours && bytesPerSecond === 100_000)).toHaveLength(6);
    expect(left.leftBytes).toBeGreaterThan(0);
    const resumed = await reassign([], { resume: true });
    // One that ends between the two looks is not among those taken up.
    const known = left.moving.map(({ topic, partition }) => ({ topic, partition, status: 'done' }));
    expect(resumed.outcomes.length).toBeGreaterThan(0);
    for (const outcome of resumed.outcomes) expect(known).toContainEqual(outcome);
    expect((await on.partitionsOf('moved')).map(({ replicas }) => replicas.length)).toEqual([3, 3, 3]);
  });

  it('cancelling takes every move back and the throttles of the killed run away', async () => {
    await reassign(await on.movesOf('moved', (replicas) => replicas.slice(0, 2)));
    const before = await on.partitionsOf('moved');
    await on.killedRun(await on.movesOf('moved', third), 100_000);
    const report = await cancelReassign(connection);
    expect(report.outcomes.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(report.released.rates).toHaveLength(6);
    await eventually('the replicas are as before', 10_000, async () =>
      (await on.partitionsOf('moved')).every(({ replicas }, index) => `${replicas}` === `${before[index]?.replicas}`),
    );
    expect((await reassignStatus(connection)).moving).toEqual([]);
    expect((await cancelReassign(connection)).outcomes).toEqual([]);
    expect(await on.countMessages('moved')).toBe(messages);
  });

  it('a sweep removes what nothing needs any more, and asks little where there is nothing', async () => {
    await setThrottles(connection, [{ topic: 'moved', partition: 0, from: [1, 2], adding: [3] }], 5_000_000);
    await eventually(
      'all three brokers show it',
      10_000,
      async () => (await readThrottles(connection, [])).rates.length === 6,
    );
    const swept = await sweepThrottles(connection, { graceMs: 10 });
    expect(swept.lists).toEqual([{ topic: 'moved', entries: ['00:1', '00:2', '00:3'] }]);
    expect(swept.rates).toHaveLength(6);
    const { DescribeConfigs, IncrementalAlterConfigs } = connection.requests;
    expect(await sweepThrottles(connection)).toEqual({ lists: [], rates: [], silent: [] });
    expect(connection.requests.DescribeConfigs - DescribeConfigs).toBe(3);
    expect(connection.requests.IncrementalAlterConfigs).toBe(IncrementalAlterConfigs);
  });

  it('status says what Kafka’s own tools say: leaders, replicas in sync, bytes on disk, lag', async () => {
    await on.makeTopic('stayed', [[3]]);
    await on.fill('stayed');
    const kcat = ['-C', '-b', bootstrap[0] ?? '', '-q', '-c', '1500', '-o', 'beginning', '-G', 'readers', 'moved'];
    await run('kcat', ['-X', 'auto.offset.reset=earliest', '-X', 'enable.auto.offset.store=true', ...kcat]);
    const tool = await kafkaTool(bootstrap[0] ?? '');
    const status = await readTopicsStatus(connection);
    const [logDirs, groups] = await Promise.all([
      tool('LogDirsCommand', '--describe', '--topic-list', 'moved,stayed'),
      tool('consumer.group.ConsumerGroupCommand', '--describe', '--group', 'readers'),
    ]);
    const disks = JSON.parse(logDirs.split('\n').find((line) => line.startsWith('{')) ?? '{}') as {
      brokers: { logDirs: { partitions: { partition: string; size: number }[] }[] }[];
    };
    const replicas = disks.brokers.flatMap((broker) => broker.logDirs.flatMap((dir) => dir.partitions));
    for (const name of ['moved', 'stayed']) {
      const topic = status.topics.find((each) => each.topic === name);
      const theirs = replicas.filter(({ partition }) => partition.startsWith(`${name}-`));
      expect(topic?.assigned).toBe(theirs.length);
      expect(topic?.sizeBytes).toBe(theirs.reduce((sum, { size }) => sum + size, 0));
    }
    const rows = groups.split('\n').filter((line) => line.startsWith('readers'));
    const lag = rows.map((line) => Number(line.split(/\s+/)[5])).filter((number) => !Number.isNaN(number));
    expect(lag.length).toBeGreaterThan(0);
    expect(status.groups.find(({ group }) => group === 'readers')).toMatchObject({
      lag: lag.reduce((sum, number) => sum + number, 0),
      topics: [{ topic: 'moved' }],
    });
    const seen = JSON.parse(await run('kcat', ['-L', '-J', '-b', bootstrap[0] ?? ''])) as {
      topics: { topic: string; partitions: { leader: number; isrs: { id: number }[] }[] }[];
    };
    const partitions = seen.topics.filter(({ topic }) => !topic.startsWith('__')).flatMap((topic) => topic.partitions);
    for (const { id, leaders } of status.brokers) {
      expect(leaders).toBe(partitions.filter(({ leader }) => leader === id).length);
    }
    expect(status.topics.reduce((sum, { inSync }) => sum + inSync, 0)).toBe(
      partitions.flatMap(({ isrs }) => isrs).length,
    );
  });

  it('moves replicas away from a killed worker, waits for it where it is to receive, and ends when it is back', async () => {
    await on.makeTopic('heavy', [
      [1, 2],
      [2, 1],
    ]);
    await on.fill('heavy');
    await on.makeTopic('fled', [[1, 3]]);
    const status = await platform.json<StatusReport>(['status']);
    const pid = status.services.find(({ node, service }) => node === 'worker-3' && service === 'kafka')?.pid;
    if (pid === undefined || pid === null) throw new Error('worker-3 has no pid');
    const onto3 = await on.movesOf('heavy', (replicas) => [...replicas, 3]);
    let killed = false;
    let back: Promise<unknown> | undefined;
    const waited = new Set<number>();
    let away: ReturnType<typeof reassign> | undefined;
    const report = await reassign(onto3, {
      throttleBytesPerSecond: 1_000_000,
      onProgress: ({ copiedBytes, waitingFor }) => {
        if (copiedBytes > 0 && !killed) {
          killed = true;
          process.kill(pid, 'SIGKILL');
        }
        for (const id of waitingFor) waited.add(id);
        if (waitingFor.length > 0) {
          away ??= degraded();
          back ??= away.then(() => platform.run(['start', 'worker-3']));
        }
      },
      stallTimeoutMs: 120_000,
    });
    async function degraded() {
      await eventually(
        'its replicas are out of sync',
        20_000,
        async () => (await on.partitionsOf('fled'))[0]?.inSync.length === 1,
      );
      const seen = await readTopicsStatus(connection);
      expect(seen.brokers.find(({ id }) => id === 3)).toMatchObject({ up: false, sizeBytes: undefined });
      expect(seen.topics.find(({ topic }) => topic === 'stayed')).toMatchObject({
        leaderless: [0],
        sizeIsPartial: true,
      });
      expect(seen.topics.find(({ topic }) => topic === 'fled')).toMatchObject({ underReplicated: [0] });
      const moved = await reassign(await on.movesOf('fled', () => [1, 2]));
      expect(moved.outcomes).toEqual([{ topic: 'fled', partition: 0, status: 'done' }]);
      return moved;
    }
    expect(killed).toBe(true);
    expect([...waited]).toEqual([3]);
    await back;
    expect(report.outcomes.map(({ status: each }) => each)).toEqual(['done', 'done']);
    expect(await on.partitionsOf('heavy')).toMatchObject(Array(2).fill({ inSync: { length: 3 } }));
    expect(await on.partitionsOf('fled')).toMatchObject([{ replicas: [1, 2], inSync: { length: 2 } }]);
  });

  it('empties a broker by the command, Kafka’s own topics too, once as many brokers would stay as topics have replicas', async () => {
    const away = () => platform.run(['topics', 'reassign', 'away', 'worker-3', '--yes', '--throttle', 'unlimited']);
    const refused = await away();
    expect(refused.status, refused.stdout + refused.stderr).toBe(3);
    expect(refused.stdout).toContain('3 replicas need 3 brokers, and without broker 3 there are 2');
    for (const topic of ['moved', 'heavy', '__consumer_offsets']) {
      await reassign(await on.movesOf(topic, (replicas) => replicas.slice(0, 2)));
    }
    const before = await readTopicsStatus(connection, { wanted: () => true });
    expect(before.topics.map(({ topic }) => topic)).toContain('__consumer_offsets');
    const done = await away();
    expect(done.status, done.stdout + done.stderr).toBe(0);
    expect(done.stdout).toContain('worker-3 (broker 3) holds nothing');
    const after = await readTopicsStatus(connection, { wanted: () => true });
    expect(after.brokers.find(({ id }) => id === 3)).toMatchObject({ up: true, replicas: 0, leaders: 0 });
    expect(after.topics.map(({ topic, assigned }) => [topic, assigned])).toEqual(
      before.topics.map(({ topic, assigned }) => [topic, assigned]),
    );
    expect(await on.countMessages('moved')).toBe(messages);
    const again = await away();
    expect([again.status, again.stdout]).toEqual([0, expect.stringContaining('Nothing moves')]);
  });
});
