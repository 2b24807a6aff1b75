/** Moving replicas in a model of a cluster: every end that a run can have leaves no throttle, and the next run carries on. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectionLost, noController } from '../../clients/errors.ts';
import { cancelReassign } from '../../topics/reassign/cancel-reassign.ts';
import { type ReassignOptions, reassignPartitions, type TopicMoves } from '../../topics/reassign/reassign.ts';
import { CopyMeter } from '../../topics/reassign/reassign-progress.ts';
import { reassignStatus } from '../../topics/reassign/reassign-status.ts';
import { setThrottles, sweepThrottles } from '../../topics/reassign/throttle.ts';
import {
  listSettings,
  listsFor,
  rateSettings,
  readList,
  readOurEntry,
  readRate,
} from '../../topics/reassign/throttle-marks.ts';
import { MovingCluster } from './moving-cluster.ts';

function run(cluster: MovingCluster, moves: readonly TopicMoves[], options: ReassignOptions = {}) {
  return reassignPartitions(cluster, moves, { pollMs: 0, ...options });
}

function move(from: readonly number[], to: readonly number[], partition = 0): TopicMoves {
  return { topic: 'a', moves: [{ partition, from, to }] };
}

test('nothing is sent before its throttle is set, and nothing of it stays', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [1, 2]);
  const report = await run(cluster, [move([1, 2], [2, 3])], { throttleBytesPerSecond: 5_000 });
  expect(report.outcomes).toEqual([{ topic: 'a', partition: 0, status: 'done' }]);
  expect(cluster.throttledAtSend.sort()).toEqual(
    [
      ...['1', '2', '3'].flatMap((id) => Object.values(rateSettings).map((name) => `${id} ${name} 05000`)),
      `a ${listSettings.leader} 00:1,00:2`,
      `a ${listSettings.follower} 00:3`,
    ].sort(),
  );
  expect(cluster.throttles).toEqual([]);
  expect(report.copiedBytes).toBe(1_000);
});

test('a plan that is done already sends nothing but questions', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [2, 3]);
  const report = await run(cluster, [move([1, 2], [2, 3])]);
  expect(report.outcomes).toEqual([{ topic: 'a', partition: 0, status: 'done' }]);
  expect(cluster.requests.AlterPartitionReassignments + cluster.requests.IncrementalAlterConfigs).toBe(0);
});

test('no more partitions are on their way at once than was said, and all arrive', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', ...Array.from({ length: 7 }, () => [1, 2]));
  const moves = Array.from({ length: 7 }, (_, partition) => ({ partition, from: [1, 2], to: [3, 4] }));
  const report = await run(cluster, [{ topic: 'a', moves }], { atOnce: 3 });
  expect(cluster.mostAtOnce).toBe(3);
  expect(report.outcomes.every(({ status }) => status === 'done')).toBe(true);
  expect([...cluster.partitions.values()].every(({ leader }) => leader === 3)).toBe(true);
});

test('a partition that another reassignment moves is left to it, with the reason', async () => {
  const cluster = new MovingCluster();
  cluster.bytesPerLook = 1;
  cluster.add('a', [1, 2]);
  const partition = cluster.partitions.get('a/0');
  if (partition !== undefined) partition.target = [1, 4];
  const report = await run(cluster, [move([1, 2], [2, 3])]);
  const why = 'another reassignment moves it to 1, 4; let it end, or cancel it';
  expect(report.outcomes).toMatchObject([{ status: 'failed', why }]);
  expect(cluster.moving[0]?.target).toEqual([1, 4]);
  expect(cluster.requests.IncrementalAlterConfigs).toBe(0);
});

test('moves that someone else began are watched to their end where that is asked for, and left alone otherwise', async () => {
  const cluster = new MovingCluster();
  cluster.bytesPerLook = 100;
  cluster.add('b', [1, 2], [1, 2]);
  for (const each of cluster.partitions.values()) each.target = [3, 4];
  expect((await run(cluster, [])).outcomes).toEqual([]);
  expect((await run(cluster, [], { resume: true })).outcomes).toEqual(
    [0, 1].map((partition) => ({ topic: 'b', partition, status: 'done' })),
  );
});

test('the first of the new replicas leads in the end, where the leader stayed among them too', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [1, 2]);
  await run(cluster, [move([1, 2], [3, 1])]);
  expect(cluster.partitions.get('a/0')?.leader).toBe(3);
});

test('what Kafka refuses is that partition’s failure, and the others move', async () => {
  const cluster = new MovingCluster();
  cluster.live = [1, 2, 3];
  cluster.add('a', [1, 2], [1, 2]);
  const moves = [0, 1].map((partition) => ({ partition, from: [1, 2], to: [1, 3 + partition] }));
  const report = await run(cluster, [{ topic: 'a', moves }]);
  expect(report.outcomes).toMatchObject([
    { partition: 0, status: 'done' },
    { partition: 1, status: 'failed', why: expect.stringContaining('INVALID_REPLICA_ASSIGNMENT') },
  ]);
  expect(cluster.throttles).toEqual([]);
});

test('a run ends with a word about the broker that it waits for when nothing moves for too long', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [1, 2]);
  const report = await run(cluster, [move([1, 2], [1, 4])], {
    stallTimeoutMs: 5,
    onProgress: ({ moving }) => {
      if (moving > 0) cluster.live = [1, 2, 3];
    },
  });
  expect(report.stoppedBy).toMatchObject({
    code: 'TOPICS_REASSIGN_STALLED',
    message: expect.stringContaining('broker 4'),
  });
  expect(report.outcomes).toMatchObject([{ status: 'moving' }]);
  expect(cluster.throttles.filter((text) => !text.startsWith('4 '))).toEqual([]);
});

test('a controller that is away for a while and an answer that is lost do not end a run', async () => {
  const cluster = new MovingCluster();
  cluster.bytesPerLook = 100;
  cluster.add('a', [1, 2]);
  let count = 0;
  cluster.intercept = (api) => {
    count += 1;
    if (cluster.moving.length > 0 && api === 'ListPartitionReassignments' && count % 2 === 0) {
      throw noController(30_000);
    }
    if (cluster.moving.length > 0 && api === 'DescribeLogDirs' && count % 3 === 0) throw connectionLost(api, 'x:1');
  };
  const report = await run(cluster, [move([1, 2], [1, 3])]);
  expect(report.outcomes).toMatchObject([{ status: 'done' }]);
  expect(cluster.throttles).toEqual([]);
});

test('cancelling gives every partition its old replicas, of the topics named alone', async () => {
  const cluster = new MovingCluster();
  cluster.bytesPerLook = 1;
  cluster.add('a', [1, 2]);
  cluster.add('b', [1, 2]);
  for (const each of cluster.partitions.values()) each.target = [3, 4];
  const report = await cancelReassign(cluster, { topics: ['a'] });
  expect(report.outcomes).toEqual([{ topic: 'a', partition: 0, status: 'cancelled' }]);
  expect(cluster.moving.map(({ topic }) => topic)).toEqual(['b']);
  expect(cluster.partitions.get('a/0')?.replicas).toEqual([1, 2]);
});

test('status adds up the bytes that are left, and reads whose throttles there are', async () => {
  const cluster = new MovingCluster();
  cluster.bytesPerLook = 250;
  cluster.add('a', [1, 2]);
  const partition = cluster.partitions.get('a/0');
  if (partition !== undefined) partition.target = [1, 2, 3, 4];
  cluster.configs.set('1', { [rateSettings.leader]: '777' });
  const status = await reassignStatus(cluster, { sampleMs: 0 });
  expect(status).toMatchObject({ totalBytes: 2_000, copiedBytes: 500, leftBytes: 1_500 });
  expect(status.moving).toMatchObject([{ from: [1, 2], to: [1, 2, 3, 4], waitingFor: [] }]);
  expect(status.rates).toEqual([{ broker: 1, side: 'leader', bytesPerSecond: 777, ours: false }]);
  expect(cluster.requests.IncrementalAlterConfigs).toBe(0);
});

test('a sweep leaves the throttle of a run that has set it and not yet sent its moves', async () => {
  const cluster = new MovingCluster();
  cluster.bytesPerLook = 0;
  cluster.add('a', [1, 2]);
  await setThrottles(cluster, [{ topic: 'a', partition: 0, from: [1, 2], adding: [3] }], 1_000);
  const before = cluster.throttles;
  const sweep = sweepThrottles(cluster, { graceMs: 20 });
  const partition = cluster.partitions.get('a/0');
  setTimeout(() => {
    if (partition !== undefined) partition.target = [1, 2, 3];
  }, 1);
  expect(await sweep).toMatchObject({ lists: [], rates: [] });
  expect(cluster.throttles).toEqual(before);
});

test('a run that ends leaves the throttle of another run on the same brokers', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [1, 2]);
  cluster.add('b', [1, 2]);
  const other = cluster.partitions.get('b/0');
  if (other !== undefined) other.target = [1, 2, 9]; // waits for a broker that is down
  await setThrottles(cluster, [{ topic: 'b', partition: 0, from: [1, 2], adding: [3] }], 1_000);
  const before = cluster.throttles.filter((text) => /^(b|1|2|3) /.test(text));
  await run(cluster, [move([1, 2], [2, 4])], { throttleBytesPerSecond: 1_000 });
  expect(cluster.throttles.filter((text) => /^(b|1|2|3) /.test(text))).toEqual(before);
  expect(cluster.throttles.filter((text) => /^(a|4) /.test(text))).toEqual([]);
});

test('ours are told from everyone else’s by their leading zero', () => {
  expect(readOurEntry('00:1')).toEqual({ partition: 0, broker: 1 });
  expect(readOurEntry('012:34')).toEqual({ partition: 12, broker: 34 });
  for (const theirs of ['0:1', '12:34', '10:1', '*']) expect(readOurEntry(theirs)).toBeUndefined();
  expect(readList('a', 'leader', '0:1, 01:2,*')).toMatchObject({ ours: ['01:2'], others: ['0:1', '*'] });
  expect(readRate(1, 'leader', '0500')).toMatchObject({ bytesPerSecond: 500, ours: true });
  for (const theirs of ['500', '0', '9223372036854775807']) expect(readRate(1, 'leader', theirs)?.ours).toBe(false);
  expect(readRate(1, 'leader', '')).toBeUndefined();
});

test('brokers that are down are in no list, and those in sync never among those that receive', () => {
  const lists = listsFor([{ topic: 'a', partition: 3, from: [1, 2], adding: [4, 5] }], new Set([1, 4]));
  expect(lists.get('a')).toEqual({ leader: ['03:1'], follower: ['03:4'] });
});

test('time left follows from what was copied in the last ten seconds', () => {
  const meter = new CopyMeter();
  expect(meter.read(0, { totalBytes: 1_000, copiedBytes: 0 }).leftMs).toBeUndefined();
  expect(meter.read(1_000, { totalBytes: 1_000, copiedBytes: 100 })).toMatchObject({
    bytesPerSecond: 100,
    leftMs: 9_000,
  });
  // Ten seconds later the first second no longer counts.
  expect(meter.read(11_000, { totalBytes: 1_000, copiedBytes: 600 })).toMatchObject({
    bytesPerSecond: 50,
    leftBytes: 400,
    leftMs: 8_000,
  });
  expect(meter.read(12_000, { totalBytes: 1_000, copiedBytes: 1_000 })).toMatchObject({ leftBytes: 0 });
});

test('however often a run is interrupted, the next one ends the work; others’ throttles stay, and none of ours', async () => {
  const replicas = fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  const theirs = fc.constantFrom('', '0:1', '0:1,2:3', '*');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(replicas, replicas), { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }),
      theirs,
      fc.boolean(),
      async (wanted, interruptions, list, rate) => {
        const cluster = new MovingCluster();
        cluster.add('a', ...wanted.map(([from]) => from));
        if (list !== '') cluster.configs.set('a', { [listSettings.leader]: list });
        if (rate) cluster.configs.set('2', { [rateSettings.follower]: '123' });
        const before = cluster.throttles;
        const moves = [{ topic: 'a', moves: wanted.map(([from, to], partition) => ({ partition, from, to })) }];
        for (const after of interruptions) {
          const interruption = new AbortController();
          let count = 0;
          cluster.intercept = () => {
            count += 1;
            if (count === after) interruption.abort();
          };
          await run(cluster, moves, { atOnce: 2, signal: interruption.signal });
          expect(cluster.throttles).toEqual(before);
        }
        cluster.intercept = () => {};
        const report = await run(cluster, moves, { resume: true });
        expect(report.outcomes.map(({ status }) => status)).toEqual(wanted.map(() => 'done'));
        expect([...cluster.partitions.values()].map((each) => each.replicas)).toEqual(wanted.map(([, to]) => to));
        expect(cluster.throttles).toEqual(before);
      },
    ),
    { numRuns: 25 },
  );
});
