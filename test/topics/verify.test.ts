/** Verifying: every way in which a topic can be other than declared, and which of them are worth waiting for. */
import { expect, test } from 'vitest';
import { verifyTopics } from '../../topics/apply/verify.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { ModelCluster } from './model-cluster.ts';

function manifest(...topics: readonly unknown[]) {
  return parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics }) });
}

/** A cluster with one topic `a` of 3:2, and its partition 1 changed. */
function withPartition(change: object): ModelCluster {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  const partitions = cluster.topics.get('a')?.partitions;
  const one = partitions?.[1];
  if (partitions !== undefined && one !== undefined) partitions[1] = { ...one, ...change };
  return cluster;
}

const timeoutMs = 30;

test('a topic that is as declared passes at the first look', async () => {
  const cluster = withPartition({});
  const report = await verifyTopics(cluster, manifest('a'), { timeoutMs });
  expect(report).toMatchObject({
    ok: true,
    topics: [{ topic: 'a', partitions: 3, replicas: 2, inSync: 2, led: 3, differences: [] }],
  });
  expect(cluster.requests).toMatchObject({ Metadata: 1, DescribeConfigs: 0 });
});

test.each([
  ['a partition without a leader', { leader: undefined }, { kind: 'leader', says: 'has no leader for partition 1' }],
  ['a replica out of sync', { inSync: [2] }, { kind: 'in-sync', says: 'has replicas out of sync in partition 1' }],
  ['a replica too few', { replicas: [2], inSync: [2] }, { kind: 'replicas', says: 'has 2 or 1 replicas, not 2' }],
])('%s is a difference', async (_what, change, difference) => {
  const report = await verifyTopics(withPartition(change), manifest('a'), { timeoutMs });
  expect(report).toMatchObject({ ok: false, topics: [{ differences: [difference] }] });
});

test('a missing topic is a difference, and is waited for', async () => {
  const cluster = new ModelCluster();
  const report = await verifyTopics(cluster, manifest('a'), { timeoutMs });
  expect(report).toMatchObject({ ok: false, topics: [{ differences: [{ kind: 'missing' }] }] });
  expect(cluster.requests.Metadata).toBeGreaterThan(1);
});

test('a topic that appears while one waits is as declared', async () => {
  const cluster = new ModelCluster();
  cluster.intercept = () => {
    if (cluster.requests.Metadata === 2) cluster.add('a', 3, 2);
    return undefined;
  };
  expect(await verifyTopics(cluster, manifest('a'), { timeoutMs: 10_000 })).toMatchObject({ ok: true });
});

test('another partition count does not pass by itself, and nobody waits for it', async () => {
  const cluster = withPartition({});
  const report = await verifyTopics(cluster, manifest('a:4:2'), { timeoutMs: 60_000 });
  expect(report).toMatchObject({
    ok: false,
    topics: [{ differences: [{ kind: 'partitions', says: 'has 3 partitions, not 4' }] }],
  });
  expect(cluster.requests.Metadata).toBe(1);
});

test('a setting with another value is a difference', async () => {
  const cluster = withPartition({});
  const declared = manifest({ name: 'a', config: { 'retention.ms': 5 } });
  expect(await verifyTopics(cluster, declared, { timeoutMs })).toMatchObject({
    topics: [{ differences: [{ kind: 'config', says: 'has retention.ms = 604800000, not 5' }] }],
  });
});

test('a topic that is to be absent and is there is a difference, is waited for, and is not spoken of once it is gone', async () => {
  const declared = manifest({ name: 'a', state: 'absent' });
  const cluster = withPartition({});
  expect(await verifyTopics(cluster, declared, { timeoutMs })).toMatchObject({
    ok: false,
    topics: [
      { topic: 'a', partitions: 3, differences: [{ kind: 'present', says: 'is still there, and is to be absent' }] },
    ],
  });
  cluster.intercept = () => {
    cluster.topics.delete('a');
    return undefined;
  };
  expect(await verifyTopics(cluster, declared, { timeoutMs: 10_000 })).toMatchObject({ ok: true, topics: [] });
});
