/** Deletions: every consent by itself, asked again before a plan is applied and before the request, and never a deletion without all of them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unreachable } from '../../clients/errors.ts';
import { applyPlan } from '../../topics/apply/apply.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { changesOf, type PlanOptions, planTopics, requireFresh } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

function manifestOf(...topics: readonly unknown[]) {
  return parseManifest({ file: 'topics.yaml', text: JSON.stringify({ topics }) });
}

const absent = (name = 'a') => ({ name, state: 'absent' });
const unused = (name = 'a'): ReadonlyMap<string, readonly string[]> => new Map([[name, []]]);

function clusterWith(...names: readonly string[]): ModelCluster {
  const cluster = new ModelCluster();
  for (const name of names) cluster.add(name, 3, 2);
  return cluster;
}

async function planned(cluster: ModelCluster, topics: readonly unknown[], options: PlanOptions) {
  const manifest = manifestOf(...topics);
  return planTopics(manifest, await observeTopics(cluster, manifest), options);
}

test('with every consent a topic is deleted, with the number of its partitions and the risk', async () => {
  const plan = await planned(clusterWith('a'), [absent()], { allowDelete: true, activeGroups: unused() });
  expect(plan.entries).toEqual([
    { action: 'delete', topic: 'a', partitions: 3, risk: 'its messages are lost, and cannot be brought back' },
  ]);
});

test('a topic that left the manifest without a word is foreign, and is not deleted', async () => {
  const plan = await planned(clusterWith('a', 'b'), ['b'], { allowDelete: true, activeGroups: unused() });
  expect(plan.entries).toEqual([]);
});

test('a topic that is to be absent and is not there needs nothing', async () => {
  const plan = await planned(clusterWith('b'), [absent(), 'b'], {});
  expect(plan).toMatchObject({ entries: [], unchanged: ['a', 'b'] });
});

test('an internal topic is never deleted, whatever was allowed', async () => {
  const options = { allowDelete: true, activeGroups: unused('__of_kafka') };
  const plan = await planned(clusterWith('__of_kafka'), [absent('__of_kafka')], options);
  expect(plan.entries).toMatchObject([
    { action: 'blocked', because: 'internal-topic', next: expect.stringMatching(/Remove it/) },
  ]);
});

test('the groups that use a topic are named, the first five of many', async () => {
  const groups = ['g1', 'g2', 'g3', 'g4', 'g5', 'g6'];
  const plan = await planned(clusterWith('a'), [absent()], {
    allowDelete: true,
    activeGroups: new Map([['a', groups]]),
  });
  expect(plan.entries).toMatchObject([{ reason: '6 consumer groups use it: g1, g2, g3, g4, g5, ...' }]);
});

test('a saved deletion is refused unless groups are asked for again, and where one has come since', async () => {
  const cluster = clusterWith('a');
  const manifest = manifestOf(absent());
  const state = await observeTopics(cluster, manifest);
  const plan = planTopics(manifest, state, { allowDelete: true, activeGroups: unused() });
  expect(() => requireFresh(plan, manifest, state, { activeGroups: unused() })).not.toThrow();
  expect(() => requireFresh(plan, manifest, state)).toThrow('nobody can say whether groups use a');
  expect(() => requireFresh(plan, manifest, state, { activeGroups: unused('b') })).toThrow('nobody can say');
  expect(() => requireFresh(plan, manifest, state, { activeGroups: new Map([['a', ['late']]]) })).toThrow(
    'late uses a by now',
  );
});

test('a deletion that was written into a saved plan by hand is refused, for a foreign topic and for one that is to stay', async () => {
  const cluster = clusterWith('a', 'b', 'foreign');
  const manifest = manifestOf(absent(), 'b');
  const state = await observeTopics(cluster, manifest);
  const plan = planTopics(manifest, state, { allowDelete: true, activeGroups: unused() });
  for (const topic of ['b', 'foreign']) {
    const forged = { ...plan, entries: plan.entries.map((entry) => ({ ...entry, topic })) };
    const activeGroups = new Map([[topic, []]]);
    expect(() => requireFresh(forged, manifest, state, { activeGroups }), topic).toThrow(
      `topics.yaml does not ask for what it does to ${topic}`,
    );
  }
});

test('deletions are sent after every other change', async () => {
  const cluster = clusterWith('a', 'b');
  cluster.add('m', 2, 1);
  const topics = [absent(), 'b:5:2', 'm:2:2', 'n:1:1', { name: 'b2', config: { 'retention.ms': 5 } }];
  cluster.add('b2', 3, 2);
  const plan = await planned(cluster, topics, { allowDelete: true, activeGroups: unused() });
  const report = await applyPlan(cluster, plan);
  expect(report.outcomes.map(({ status }) => status)).toEqual(Array(5).fill('done'));
  const writes = cluster.sent.map(({ api }) => api).filter((api) => /Create|Alter|Delete/.test(api));
  expect(writes).toEqual(expect.arrayContaining(['CreateTopics', 'CreatePartitions', 'AlterPartitionReassignments']));
  expect(writes.at(-1)).toBe('DeleteTopics');
  expect(writes.filter((api) => api === 'DeleteTopics')).toHaveLength(1);
  expect([...cluster.topics.keys()].sort()).toEqual(['b', 'b2', 'm', 'n']);
});

test('a group that comes between the plan and its last step keeps its topic, and the other deletions are made', async () => {
  const cluster = clusterWith('a', 'b');
  const activeGroups = new Map([...unused('a'), ...unused('b')]);
  const plan = await planned(cluster, [absent('a'), absent('b')], { allowDelete: true, activeGroups });
  cluster.groups = [{ group: 'late', topics: ['a'] }];
  const report = await applyPlan(cluster, plan);
  expect(report.outcomes).toEqual([
    { topic: 'a', action: 'delete', status: 'failed', why: 'late uses it by now' },
    { topic: 'b', action: 'delete', status: 'done' },
  ]);
  expect([...cluster.topics.keys()]).toEqual(['a']);
});

test('nothing is deleted while a broker does not say which groups it has', async () => {
  const cluster = clusterWith('a');
  const plan = await planned(cluster, [absent()], { allowDelete: true, activeGroups: unused() });
  cluster.intercept = (api) => (api === 'ListGroups' ? { error: unreachable('Kafka', []) } : undefined);
  const report = await applyPlan(cluster, plan);
  expect(report.outcomes).toMatchObject([{ status: 'failed', why: 'nobody could say whether groups use it' }]);
  expect(cluster.requests.DeleteTopics).toBe(0);
});

const names = ['a', 'b', '__of_kafka', 'd'] as const;
const world = fc.record({
  there: fc.subarray([...names]),
  wishes: fc.dictionary(fc.constantFrom(...names), fc.constantFrom('present', 'absent'), { noNullPrototype: true }),
  allowDelete: fc.option(fc.boolean(), { nil: undefined }),
  prune: fc.boolean(),
  groups: fc.option(fc.dictionary(fc.constantFrom(...names), fc.subarray(['g', 'h'])), { nil: undefined }),
});

test('never is a topic deleted without state: absent, the flag, groups that are known and none that is active', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ there, wishes, allowDelete, prune, groups }) => {
      const cluster = clusterWith(...there);
      const activeGroups = groups && new Map(Object.entries(groups));
      const topics = Object.entries(wishes).map(([name, state]) => ({ name, state }));
      const options = { prune, activeGroups, ...(allowDelete === undefined ? {} : { allowDelete }) };
      const plan = await planned(cluster, topics, options);
      const deleted = changesOf(plan)
        .filter(({ action }) => action === 'delete')
        .map(({ topic }) => topic);
      const agreed = there.filter(
        (name) =>
          wishes[name] === 'absent' && allowDelete === true && groups?.[name]?.length === 0 && !name.startsWith('__'),
      );
      expect(deleted).toEqual([...agreed].sort());
      await applyPlan(cluster, plan);
      const gone = there.filter((name) => !cluster.topics.has(name));
      expect(gone.sort()).toEqual([...agreed].sort());
    }),
    { numRuns: 300 },
  );
});
