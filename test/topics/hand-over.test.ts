/** Work that ends before it is done, for another call to go on: nothing is done twice, nothing is forgotten, and moves keep their throttle in between. */
import { expect, test } from 'vitest';
import { applyPlan, type EarlierCalls } from '../../topics/apply/apply.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { reassignPartitions } from '../../topics/reassign/reassign.ts';
import { sweepThrottles } from '../../topics/reassign/throttle.ts';
import { ModelCluster } from './model-cluster.ts';
import { MovingCluster } from './moving-cluster.ts';

const over = AbortSignal.abort();
const moves = [{ topic: 'a', moves: [{ partition: 0, from: [1, 2], to: [1, 3] }] }];

test('moves that are handed over keep their throttle; the call that ends them removes it, whoever set it', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [1, 2]);
  cluster.bytesPerLook = 300;
  const first = await reassignPartitions(cluster, moves, { pollMs: 0, handOver: over });
  expect(first).toMatchObject({ stoppedBy: { code: 'TOPICS_HANDED_OVER' }, outcomes: [{ status: 'moving' }] });
  expect(first.arrivedBytes).toBe(0);
  expect(cluster.throttles.length).toBeGreaterThan(0);
  cluster.bytesPerLook = 1_000; // it has arrived before the next call looks for the first time
  await cluster.send({ name: 'ListPartitionReassignments' } as never, {});
  const next = await reassignPartitions(cluster, moves, { pollMs: 0, handOver: over, earlier: { arrivedBytes: 40 } });
  expect(next).toMatchObject({ stoppedBy: undefined, outcomes: [{ status: 'done' }], copiedBytes: 40 });
  expect(cluster.throttles).toEqual([]);
});

test('an interruption beside a hand-over removes the throttle, as any interruption does', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [1, 2]);
  cluster.bytesPerLook = 1;
  const interruption = new AbortController();
  const report = await reassignPartitions(cluster, moves, {
    pollMs: 0,
    signal: interruption.signal,
    onProgress: () => interruption.abort(),
    handOver: over,
  });
  expect(report.stoppedBy?.code).toMatch(/^TOPICS_(REASSIGN_INTERRUPTED|HANDED_OVER)$/);
  expect(cluster.throttles).toEqual([]);
});

test('who takes moves up without a limit lifts the one that was left on them', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [1, 2]);
  cluster.bytesPerLook = 1;
  await reassignPartitions(cluster, moves, { pollMs: 0, handOver: over });
  await reassignPartitions(cluster, moves, { pollMs: 0, handOver: over, throttleBytesPerSecond: 'unlimited' });
  expect(cluster.moving).toHaveLength(1);
  expect(cluster.throttles).toEqual([]);
});

test('where no call follows, a sweep takes the throttle away once the moves have ended, and not before', async () => {
  const cluster = new MovingCluster();
  cluster.add('a', [1, 2]);
  cluster.bytesPerLook = 1;
  await reassignPartitions(cluster, moves, { pollMs: 0, handOver: over });
  await sweepThrottles(cluster, { graceMs: 0 });
  expect(cluster.throttles.length).toBeGreaterThan(0);
  cluster.bytesPerLook = 1_000;
  await cluster.send({ name: 'ListPartitionReassignments' } as never, {});
  await sweepThrottles(cluster, { graceMs: 0 });
  expect(cluster.throttles).toEqual([]);
});

test('each call makes one step at least, and sends nothing that an earlier one settled', async () => {
  const cluster = new ModelCluster();
  const topics = Array.from({ length: 650 }, (_, index) => `t${String(index).padStart(3, '0')}:1:1`);
  const manifest = parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics }) });
  const plan = planTopics(manifest, await observeTopics(cluster, manifest));
  const made: number[] = [];
  let earlier: EarlierCalls | undefined;
  for (let calls = 1; calls <= 3; calls += 1) {
    const report = await applyPlan(cluster, plan, { handOver: over, ...(earlier === undefined ? {} : { earlier }) });
    made.push(cluster.topics.size);
    expect(report.stoppedBy?.code, `call ${calls}`).toBe(calls < 3 ? 'TOPICS_HANDED_OVER' : undefined);
    const settled = [...report.outcomes.entries()].filter(([, { status }]) => status === 'done');
    expect(settled).toHaveLength(cluster.topics.size);
    earlier = { settled: new Map(settled), arrivedBytes: 0 };
  }
  expect(made).toEqual([300, 600, 650]);
  expect(cluster.requests.CreateTopics).toBe(3);
});

test('a plan takes up moves that add replicas, though the topic shows its new count already', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 1, 2);
  const manifest = parseManifest({ file: 'topics.yaml', text: '{"topics":["a:1:3"]}' });
  const [partition] = cluster.topics.get('a')?.partitions ?? [];
  if (partition === undefined) throw new Error('the model has no partition');
  cluster.topics.set('a', { partitions: [{ ...partition, replicas: [1, 2, 3], inSync: [1, 2] }], config: {} });
  cluster.moving = [{ topic: 'a', partition: 0, replicas: [1, 2, 3], adding: [3], removing: [] }];
  const { entries } = planTopics(manifest, await observeTopics(cluster, manifest));
  expect(entries).toMatchObject([{ action: 'reassign', fromReplicas: 2, toReplicas: 3, because: 'replicas' }]);
  cluster.moving = [];
  expect(planTopics(manifest, await observeTopics(cluster, manifest)).entries).toEqual([]);
});
