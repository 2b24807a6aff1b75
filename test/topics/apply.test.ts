/** Applying: exactly the plan, in chunks, through lost answers and interruptions, with the truth about each change. */
import { expect, test } from 'vitest';
import { connectionLost, noController } from '../../clients/errors.ts';
import { applyExitStatus, applyPlan } from '../../topics/apply/apply.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { planTopics } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

const retryPauseMs = 1;

async function planned(cluster: ModelCluster, topics: readonly unknown[]) {
  const declared = parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics }) });
  return planTopics(declared, await observeTopics(cluster, declared));
}

function many(count: number, form = (index: number): unknown => `t${index}:1:1`): readonly unknown[] {
  return Array.from({ length: count }, (_, index) => form(index));
}

function written(cluster: ModelCluster): number {
  const { CreateTopics, CreatePartitions, IncrementalAlterConfigs } = cluster.requests;
  return CreateTopics + CreatePartitions + IncrementalAlterConfigs;
}

test('an empty plan sends nothing at all', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  const plan = await planned(cluster, ['a']);
  const before = cluster.sent.length;
  const report = await applyPlan(cluster, plan);
  expect(report).toEqual({ outcomes: [], reassigned: undefined, stoppedBy: undefined });
  expect(cluster.sent.length).toBe(before);
  expect(applyExitStatus(report)).toBe(0);
});

test('looking at topics that are all there takes one Metadata and one DescribeConfigs for each 300', async () => {
  const cluster = new ModelCluster();
  for (let index = 0; index < 301; index += 1) cluster.add(`t${index}`, 1, 1);
  expect((await planned(cluster, many(301))).entries).toEqual([]);
  expect(cluster.requests).toMatchObject({ Metadata: 1, DescribeConfigs: 2 });
  expect(written(cluster)).toBe(0);
});

test('blocked entries are never sent', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  const plan = await planned(cluster, ['a:1:2']);
  await applyPlan(cluster, plan);
  expect(written(cluster)).toBe(0);
});

test('new topics are sent at most 300 in a request, and fewer where they have many partitions', async () => {
  const few = new ModelCluster();
  await applyPlan(few, await planned(few, many(601)));
  expect(few.requests.CreateTopics).toBe(3);
  const wide = new ModelCluster();
  await applyPlan(
    wide,
    await planned(
      wide,
      many(5, (index) => `t${index}:900:1`),
    ),
  );
  expect(wide.requests.CreateTopics).toBe(3);
});

test('progress counts up to the whole', async () => {
  const cluster = new ModelCluster();
  const seen: number[] = [];
  await applyPlan(cluster, await planned(cluster, many(400)), { onProgress: ({ done }) => seen.push(done) });
  expect(seen).toEqual([300, 400]);
});

test('a creation whose answer was lost after it took effect is found done, and is not sent again', async () => {
  const cluster = new ModelCluster();
  const plan = await planned(cluster, ['a']);
  cluster.intercept = (api) => (api === 'CreateTopics' ? { error: connectionLost(api, 'x'), after: true } : undefined);
  const report = await applyPlan(cluster, plan, { retryPauseMs });
  expect(report.outcomes).toEqual([{ topic: 'a', action: 'create', status: 'done' }]);
  expect(cluster.requests.CreateTopics).toBe(1);
});

test('a creation whose request was lost before it took effect is sent again', async () => {
  const cluster = new ModelCluster();
  const plan = await planned(cluster, ['a']);
  cluster.intercept = (api) =>
    api === 'CreateTopics' && cluster.requests.CreateTopics === 1 ? { error: connectionLost(api, 'x') } : undefined;
  const report = await applyPlan(cluster, plan, { retryPauseMs });
  expect(report.outcomes).toMatchObject([{ status: 'done' }]);
  expect(cluster.requests.CreateTopics).toBe(2);
});

test('a change of which nobody can say what became of it is unknown, never done', async () => {
  const cluster = new ModelCluster();
  const plan = await planned(cluster, ['a']);
  cluster.intercept = (api) => (api === 'CreateTopics' ? { error: connectionLost(api, 'x') } : undefined);
  const report = await applyPlan(cluster, plan, { retryPauseMs });
  expect(report.outcomes).toMatchObject([{ status: 'unknown', why: 'the answer was lost' }]);
  expect(applyExitStatus(report)).toBe(1);
});

test('a topic that someone made in between is done where it is as planned, and has failed where it is not', async () => {
  const cluster = new ModelCluster();
  const plan = await planned(cluster, ['a:3:2', 'b:3:2']);
  cluster.add('a', 3, 2);
  cluster.add('b', 1, 1);
  const { outcomes } = await applyPlan(cluster, plan, { retryPauseMs });
  expect(outcomes).toMatchObject([
    { status: 'done' },
    { status: 'failed', why: 'it is there with 1:1, not 3:2; make a new plan' },
  ]);
  expect(cluster.topics.get('b')?.partitions.length).toBe(1);
});

test('partitions that were added before the answer was lost are not added twice', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  const plan = await planned(cluster, ['a:5:2']);
  cluster.intercept = (api) =>
    api === 'CreatePartitions' ? { error: connectionLost(api, 'x'), after: true } : undefined;
  expect((await applyPlan(cluster, plan, { retryPauseMs })).outcomes).toMatchObject([{ status: 'done' }]);
  expect(cluster.requests.CreatePartitions).toBe(1);
});

test('one refused topic does not hold up the others, and the run is partly applied', async () => {
  const cluster = new ModelCluster();
  const plan = await planned(cluster, ['a:1:3', 'b:1:1']);
  cluster.brokers = [1];
  const report = await applyPlan(cluster, plan, { retryPauseMs });
  expect(report.outcomes).toMatchObject([
    { topic: 'a', status: 'failed', why: expect.stringContaining('INVALID_REPLICATION_FACTOR') },
    { topic: 'b', status: 'done' },
  ]);
  expect(applyExitStatus(report)).toBe(4);
});

test('a cluster that no longer answers ends the run, and what was not sent is said to be so', async () => {
  const cluster = new ModelCluster();
  const plan = await planned(cluster, many(400));
  cluster.intercept = (api) =>
    api === 'CreateTopics' && cluster.requests.CreateTopics === 2 ? { error: noController(1) } : undefined;
  const report = await applyPlan(cluster, plan, { retryPauseMs });
  expect(report.stoppedBy?.code).toBe('CLIENT_NO_CONTROLLER');
  expect(report.outcomes.filter(({ status }) => status === 'not-sent')).toHaveLength(100);
  expect(applyExitStatus(report)).toBe(4);
});

test('an interruption ends the run before the next request, and a second run completes it', async () => {
  const cluster = new ModelCluster();
  const abort = new AbortController();
  const first = await applyPlan(cluster, await planned(cluster, many(400)), {
    signal: abort.signal,
    onProgress: () => abort.abort(),
  });
  expect(first.stoppedBy?.code).toBe('TOPICS_INTERRUPTED');
  expect(cluster.topics.size).toBe(300);
  const second = await planned(cluster, many(400));
  expect(second.entries).toHaveLength(100);
  expect(applyExitStatus(await applyPlan(cluster, second))).toBe(0);
});

test('settings are sent by themselves, and only those that change', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2, { 'segment.ms': '7' });
  const plan = await planned(cluster, [{ name: 'a', config: { 'retention.ms': 9 } }]);
  await applyPlan(cluster, plan);
  expect(cluster.sent.at(-1)?.request).toEqual({
    validateOnly: false,
    resources: [{ type: 'topic', name: 'a', changes: [{ name: 'retention.ms', operation: 'set', value: '9' }] }],
  });
  expect(cluster.topics.get('a')?.config).toEqual({ 'segment.ms': '7', 'retention.ms': '9' });
});

test('the broker is given two minutes for a chunk, not the five seconds of the defaults', async () => {
  const cluster = new ModelCluster();
  await applyPlan(cluster, await planned(cluster, ['a']));
  expect(cluster.sent.at(-1)?.request).toMatchObject({ brokerTimeoutMs: 120_000 });
});
