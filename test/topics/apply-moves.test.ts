/** Moves of replicas as part of a plan: made in one go, and in the order with the other changes of their topic that keeps it writable. */
import { expect, test } from 'vitest';
import { faultOf } from '../../clients/kafka/fault.ts';
import type { AlterConfigsRequest } from '../../clients/kafka/requests/alter-configs.ts';
import { type ApplyProgress, applyExitStatus, applyPlan } from '../../topics/apply/apply.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

async function planned(cluster: ModelCluster, ...topics: readonly unknown[]) {
  const manifest = parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics }) });
  return planTopics(manifest, await observeTopics(cluster, manifest));
}

/** What was written and belongs to no throttle, in its order. */
function writes(cluster: ModelCluster): readonly string[] {
  return cluster.sent.flatMap(({ api, request }) => {
    if (api !== 'IncrementalAlterConfigs') return /^(Create|AlterPartition|Delete)/.test(api) ? [api] : [];
    const { resources } = request as AlterConfigsRequest;
    const throttle = resources.every(({ changes }) => changes.every(({ name }) => name.includes('throttled')));
    return throttle ? [] : [api];
  });
}

test('replicas move as planned, are reported by topic, and leave no throttle', async () => {
  const cluster = new ModelCluster();
  cluster.add('grows', 3, 1, { 'retention.ms': '5' });
  cluster.add('shrinks', 2, 3);
  const seen: ApplyProgress[] = [];
  const plan = await planned(cluster, 'grows:3:2', 'shrinks:2:2');
  const report = await applyPlan(cluster, plan, {
    throttleBytesPerSecond: 1_000_000,
    onProgress: (progress) => seen.push(progress),
  });
  expect(report.outcomes).toEqual([
    { topic: 'grows', action: 'reassign', status: 'done' },
    { topic: 'shrinks', action: 'reassign', status: 'done' },
  ]);
  expect(applyExitStatus(report)).toBe(0);
  expect(report.reassigned?.outcomes).toHaveLength(5);
  expect(seen.some(({ moving }) => moving?.total === 5)).toBe(true);
  expect(seen.at(-1)).toMatchObject({ done: 2, failed: 0, total: 2 });
  for (const [topic, { partitions, config }] of cluster.topics) {
    expect(
      partitions.map(({ replicas }) => replicas.length),
      topic,
    ).toEqual(partitions.map(() => 2));
    expect(Object.keys(config)).toEqual(topic === 'grows' ? ['retention.ms'] : []);
  }
  for (const [broker, config] of cluster.brokerConfig) expect(config, broker).toEqual({});
  expect((await planned(cluster, 'grows:3:2', 'shrinks:2:2')).entries).toEqual([]);
});

test('replicas that share a rack are moved for racks where that is wanted, and only there', async () => {
  const cluster = new ModelCluster();
  cluster.brokers = [1, 2, 3, 4];
  cluster.racks = { 1: 'a', 2: 'a', 3: 'b', 4: 'b' };
  cluster.add('spread', 2, 2);
  const spread = { name: 'spread', partitions: 2, replicas: 2, racks: 'spread' };
  expect((await planned(cluster, 'spread:2:2')).entries).toEqual([]);
  const plan = await planned(cluster, spread);
  expect(plan.entries).toMatchObject([
    { action: 'reassign', because: 'racks', moves: [{ partition: 0, from: [1, 2] }] },
  ]);
  await applyPlan(cluster, plan);
  const racksOf = (replicas: readonly number[]) => new Set(replicas.map((id) => cluster.racks[id])).size;
  for (const { replicas } of cluster.topics.get('spread')?.partitions ?? []) expect(racksOf(replicas)).toBe(2);
  expect((await planned(cluster, spread)).entries).toEqual([]);
});

test('a topic has more replicas before its settings may ask for them, and its settings before it has fewer', async () => {
  const cluster = new ModelCluster();
  cluster.add('grows', 1, 1);
  await applyPlan(
    cluster,
    await planned(cluster, { name: 'grows', partitions: 1, replicas: 3, config: { 'min.insync.replicas': 2 } }),
  );
  expect(writes(cluster)).toEqual(['AlterPartitionReassignments', 'IncrementalAlterConfigs']);
  const other = new ModelCluster();
  other.add('shrinks', 1, 3, { 'min.insync.replicas': '2' });
  await applyPlan(
    other,
    await planned(other, { name: 'shrinks', partitions: 1, replicas: 1, config: { 'min.insync.replicas': 1 } }),
  );
  expect(writes(other)).toEqual(['IncrementalAlterConfigs', 'AlterPartitionReassignments']);
});

test('partitions are added after the topic’s replicas have moved, so that new ones have as many', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 2, 1);
  await applyPlan(cluster, await planned(cluster, 'a:4:3'));
  expect(writes(cluster)).toEqual(['AlterPartitionReassignments', 'CreatePartitions']);
  expect(cluster.topics.get('a')?.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3, 3]);
});

test('what waits for a move that did not go through is not sent, with the reason, and other topics are', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 2, 1);
  const wished = { name: 'a', partitions: 4, replicas: 3, config: { 'min.insync.replicas': 2 } };
  const plan = await planned(cluster, wished, 'b:1:1');
  cluster.refuseMoves = faultOf(39);
  const report = await applyPlan(cluster, plan);
  const waits = { topic: 'a', status: 'not-sent', why: 'it waits for the topic’s replicas, which have not all moved' };
  expect(report.outcomes).toEqual([
    { ...waits, action: 'addPartitions' },
    { topic: 'a', action: 'reassign', status: 'failed', why: expect.stringContaining('partition 0: ') },
    { ...waits, action: 'changeConfig' },
    { topic: 'b', action: 'create', status: 'done' },
  ]);
  expect(applyExitStatus(report)).toBe(4);
  expect(cluster.topics.get('a')?.partitions).toHaveLength(2);
  expect(cluster.topics.get('a')?.config).toEqual({});
});
