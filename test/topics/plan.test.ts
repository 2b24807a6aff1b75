/** Plans: what each difference becomes, what is blocked and why, and what a plan is bound to. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyPlan } from '../../topics/apply/apply.ts';
import { parseManifest } from '../../topics/manifest/manifest.ts';
import { blockedOf, planExitStatus, planTopics, requireFresh } from '../../topics/plan/plan.ts';
import { observeTopics } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

function manifest(text: string) {
  return parseManifest({ file: 'topics.yaml', text: `topics:\n${text}` });
}

async function planned(cluster: ModelCluster, text: string) {
  const declared = manifest(text);
  return planTopics(declared, await observeTopics(cluster, declared));
}

test('a topic that is missing is created as declared', async () => {
  const plan = await planned(new ModelCluster(), '  - { name: a, partitions: 4, config: { retention.ms: 5 } }');
  expect(plan.entries).toEqual([
    { action: 'create', topic: 'a', partitions: 4, replicas: 2, config: { 'retention.ms': '5' } },
  ]);
  expect(planExitStatus(plan)).toBe(2);
});

test('a topic that is as declared is unchanged, and a foreign one is not spoken of', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  cluster.add('foreign', 1, 1);
  const plan = await planned(cluster, '  - a');
  expect(plan).toMatchObject({ entries: [], unchanged: ['a'] });
  expect(planExitStatus(plan)).toBe(0);
  expect(JSON.stringify(plan)).not.toContain('foreign');
});

test('more partitions are added, with the risk that keys change their partition', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  const { entries } = await planned(cluster, '  - a:5:2');
  expect(entries).toMatchObject([
    { action: 'addPartitions', from: 3, to: 5, risk: expect.stringContaining('keys change') },
  ]);
});

test('fewer partitions are blocked, with the reason, and the other changes stand beside it', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  const plan = await planned(cluster, '  - a:2:2\n  - b');
  expect(plan.entries).toMatchObject([
    {
      action: 'blocked',
      topic: 'a',
      because: 'shrinks-partitions',
      reason: expect.stringContaining('has 3 partitions and the manifest says 2'),
    },
    { action: 'create', topic: 'b' },
  ]);
  expect(planExitStatus(plan)).toBe(3);
});

test('another replica count moves replicas, none of which need not move', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  expect(await planned(cluster, '  - a:3:3')).toMatchObject({
    entries: [
      {
        action: 'reassign',
        because: 'replicas',
        fromReplicas: 2,
        toReplicas: 3,
        moves: [
          { partition: 0, from: [1, 2], to: [1, 2, 3] },
          { partition: 1, from: [2, 3], to: [2, 3, 1] },
          { partition: 2, from: [3, 1], to: [3, 1, 2] },
        ],
        risk: 'copies 3 replicas over the network',
      },
    ],
  });
});

test('a new topic that collides with a foreign one is blocked', async () => {
  const cluster = new ModelCluster();
  cluster.add('a.b', 1, 1);
  expect(await planned(cluster, '  - a_b')).toMatchObject({
    entries: [{ because: 'name-collides', reason: expect.stringContaining('a.b') }],
  });
});

test('more replicas than brokers are there now are blocked', async () => {
  const cluster = new ModelCluster();
  cluster.brokers = [2];
  expect(await planned(cluster, '  - a')).toMatchObject({
    entries: [{ because: 'too-few-brokers', reason: '2 replicas need 2 brokers, and 1 is registered' }],
  });
});

test('fewer replicas than the brokers’ min.insync.replicas are blocked', async () => {
  const cluster = new ModelCluster();
  cluster.defaults['min.insync.replicas'] = '3';
  expect(await planned(cluster, '  - a')).toMatchObject({ entries: [{ because: 'below-min-in-sync' }] });
});

test('only settings that differ are changed, and those that nobody declares are left alone', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2, { 'segment.ms': '77', 'retention.ms': '1' });
  const { entries } = await planned(cluster, '  - { name: a, config: { retention.ms: 2, cleanup.policy: delete } }');
  expect(entries).toEqual([
    { action: 'changeConfig', topic: 'a', changes: [{ name: 'retention.ms', from: '1', to: '2' }] },
  ]);
});

test('a setting that says the default, or the same in other words, is no change', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2, { 'cleanup.policy': 'delete,compact', preallocate: 'TRUE' });
  const text =
    '  - { name: a, config: { retention.ms: 604800000, cleanup.policy: "compact, delete", preallocate: true } }';
  expect((await planned(cluster, text)).entries).toEqual([]);
});

test('a throttle of a reassignment under way changes neither the plan nor what it is bound to', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 3, 2);
  const before = await planned(cluster, '  - a');
  cluster.add('a', 3, 2, { 'leader.replication.throttled.replicas': '0:1' });
  expect(await planned(cluster, '  - a')).toEqual(before);
});

test('a plan is refused once the cluster, the manifest or the topics are others', async () => {
  const cluster = new ModelCluster();
  const declared = manifest('  - a');
  const plan = planTopics(declared, await observeTopics(cluster, declared));
  const fresh = async (of = declared) => requireFresh(plan, of, await observeTopics(cluster, of));
  await expect(fresh()).resolves.toBeUndefined();
  await expect(fresh(manifest('  - a:4'))).rejects.toMatchObject({ code: 'TOPICS_PLAN_STALE' });
  cluster.add('foreign', 1, 1);
  await expect(fresh()).resolves.toBeUndefined();
  cluster.add('a', 1, 1);
  await expect(fresh()).rejects.toMatchObject({ message: expect.stringContaining('have changed') });
  cluster.clusterId = 'another';
  await expect(fresh()).rejects.toMatchObject({ message: expect.stringContaining('another') });
});

test('a plan that places replicas is refused once the brokers are others, and no other plan is', async () => {
  const cluster = new ModelCluster();
  cluster.brokers = [1, 2, 3, 4];
  cluster.add('a', 3, 2);
  for (const [text, refused] of [
    ['  - a:3:3', true],
    ['  - a:4:2', false],
  ] as const) {
    const declared = manifest(text);
    cluster.brokers = [1, 2, 3, 4];
    const plan = planTopics(declared, await observeTopics(cluster, declared));
    cluster.brokers = [1, 2, 3];
    const state = await observeTopics(cluster, declared);
    if (refused) expect(() => requireFresh(plan, declared, state)).toThrow(/the brokers have changed/);
    else expect(() => requireFresh(plan, declared, state)).not.toThrow();
  }
});

test('moves under way that lead where the manifest wants are taken up as they are, not begun anew', async () => {
  const cluster = new ModelCluster();
  cluster.add('a', 1, 2);
  const [partition] = cluster.topics.get('a')?.partitions ?? [];
  if (partition === undefined) throw new Error('the model has no partition');
  cluster.topics.set('a', { partitions: [{ ...partition, replicas: [3, 2, 1], inSync: [1], leader: 1 }], config: {} });
  cluster.moving = [{ topic: 'a', partition: 0, replicas: [3, 2, 1], adding: [3, 2], removing: [1] }];
  expect(await planned(cluster, '  - a:1:2')).toMatchObject({
    entries: [
      {
        action: 'reassign',
        because: 'replicas',
        fromReplicas: 1,
        toReplicas: 2,
        moves: [{ partition: 0, from: [3, 2, 1], to: [3, 2] }],
        risk: expect.stringContaining('1 move under way already is taken up'),
      },
    ],
  });
});

const counts = fc.record({ partitions: fc.integer({ min: 1, max: 6 }), replicas: fc.integer({ min: 1, max: 3 }) });
const settings = fc.dictionary(fc.constantFrom('retention.ms', 'segment.ms'), fc.integer({ min: 1, max: 3 }), {
  maxKeys: 2,
});
const names = fc.constantFrom('a', 'b', 'c.d', 'c_d', 'e');
const world = fc.uniqueArray(fc.tuple(names, counts, settings), { selector: ([name]) => name.replace('_', '.') });

test('once applied, a plan leaves nothing but what is blocked; nothing shrinks and no foreign topic is touched', async () => {
  await fc.assert(
    fc.asyncProperty(world, world, async (there, wanted) => {
      const cluster = new ModelCluster();
      const text = (config: object) =>
        Object.fromEntries(Object.entries(config).map(([name, value]) => [name, String(value)]));
      for (const [name, { partitions, replicas }, config] of there)
        cluster.add(name, partitions, replicas, text(config));
      const declared = manifest(
        JSON.stringify(wanted.map(([name, count, config]) => ({ name, ...count, config }))).replace(/^/gm, '  '),
      );
      const before = structuredClone(cluster.topics);
      const plan = planTopics(declared, await observeTopics(cluster, declared));
      const report = await applyPlan(cluster, plan);
      expect(report.outcomes.every(({ status }) => status === 'done')).toBe(true);
      const after = planTopics(declared, await observeTopics(cluster, declared));
      expect(after.entries).toEqual(blockedOf(plan));
      for (const [name, { partitions, config }] of before) {
        const now = cluster.topics.get(name);
        expect(now?.partitions.length).toBeGreaterThanOrEqual(partitions.length);
        expect(Object.keys(now?.config ?? {})).toEqual(expect.arrayContaining(Object.keys(config)));
        if (!wanted.some(([wish]) => wish === name)) expect(now).toEqual({ partitions, config });
      }
    }),
  );
});

test('the order in which topics are declared and seen changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(world, world, async (there, wanted) => {
      const plans = await Promise.all(
        [there, [...there].reverse()].map(async (order, reversed) => {
          const cluster = new ModelCluster();
          for (const [name, { partitions, replicas }] of order) cluster.add(name, partitions, replicas);
          const list = wanted.map(([name, count]) => ({ name, ...count }));
          const declared = manifest(`  ${JSON.stringify(reversed === 1 ? list.reverse() : list)}`);
          return planTopics(declared, await observeTopics(cluster, declared));
        }),
      );
      expect(plans[0]).toEqual(plans[1]);
    }),
  );
});
