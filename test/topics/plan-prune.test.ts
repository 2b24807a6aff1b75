/** Pruning: settings that left the manifest go only where that was asked for, only those of the topic's own, and never throttles. */
import { expect, test } from 'vitest';
import { applyPlan } from '../../topics/apply/apply.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

const throttles = {
  'leader.replication.throttled.replicas': '0:1,1:2',
  'follower.replication.throttled.replicas': '0:3',
};

async function planned(cluster: ModelCluster, config: object, options: { readonly prune?: boolean }) {
  const text = JSON.stringify({ topics: [{ name: 'a', config }] });
  const manifest = parseManifest({ file: 'topics.yaml', text });
  return planTopics(manifest, await observeTopics(cluster, manifest), options);
}

function clusterWith(config: Record<string, string>): ModelCluster {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2, config);
  cluster.add('foreign', 1, 1, { 'segment.ms': '3' });
  return cluster;
}

test('settings that the manifest does not name stay, unless pruning was asked for', async () => {
  const cluster = clusterWith({ 'segment.ms': '77' });
  expect((await planned(cluster, {}, {})).entries).toEqual([]);
  expect((await planned(cluster, {}, { prune: false })).entries).toEqual([]);
});

test('pruning takes off what the topic has of its own, and leaves what the brokers say', async () => {
  const cluster = clusterWith({ 'segment.ms': '77', 'retention.ms': '5' });
  const plan = await planned(cluster, { 'retention.ms': 6 }, { prune: true });
  expect(plan.entries).toEqual([
    {
      action: 'changeConfig',
      topic: 'a',
      changes: [
        { name: 'retention.ms', from: '5', to: '6' },
        { name: 'segment.ms', from: '77', to: undefined },
      ],
    },
  ]);
  await applyPlan(cluster, plan);
  expect(cluster.topics.get('a')?.config).toEqual({ 'retention.ms': '6' });
  expect(cluster.topics.get('foreign')?.config).toEqual({ 'segment.ms': '3' });
  expect((await planned(cluster, { 'retention.ms': 6 }, { prune: true })).entries).toEqual([]);
});

test('pruning never takes off a throttle: a reassignment under way keeps it there', async () => {
  const cluster = clusterWith({ ...throttles });
  expect((await planned(cluster, {}, { prune: true })).entries).toEqual([]);
  cluster.add('a', 3, 2, { ...throttles, 'segment.ms': '77' });
  const plan = await planned(cluster, {}, { prune: true });
  expect(plan.entries).toMatchObject([{ changes: [{ name: 'segment.ms', to: undefined }] }]);
  await applyPlan(cluster, plan);
  expect(cluster.topics.get('a')?.config).toEqual(throttles);
});

test('a min.insync.replicas is not pruned where the brokers’ own would forbid every write', async () => {
  const cluster = clusterWith({ 'min.insync.replicas': '1' });
  cluster.defaults['min.insync.replicas'] = '3';
  expect((await planned(cluster, {}, { prune: true })).entries).toMatchObject([
    { action: 'blocked', because: 'below-min-in-sync', reason: expect.stringContaining('(3)') },
  ]);
  cluster.defaults['min.insync.replicas'] = '2';
  expect((await planned(cluster, {}, { prune: true })).entries).toMatchObject([
    { changes: [{ name: 'min.insync.replicas', from: '1', to: undefined }] },
  ]);
});
