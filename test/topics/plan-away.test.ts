/** Emptying brokers: what moves, where to, and what is refused; as properties over clusters of any form, and applied to a model of a cluster. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPlan } from '../../topics/apply/apply.ts';
import { manifestHash } from '../../topics/manifest/manifest.ts';
import { blockedOf, requireFresh } from '../../topics/plan/plan.ts';
import { asTheyAre, planAway } from '../../topics/plan/plan-away.ts';
import { readPlan } from '../../topics/plan/plan-schema.ts';
import { observeTopics, type TopicsState } from '../../topics/plan/state.ts';
import { ModelCluster } from './model-cluster.ts';

interface Case {
  readonly racks: readonly (string | undefined)[];
  /** Of each topic, the replicas of each partition. */
  readonly topics: readonly (readonly (readonly number[])[])[];
  readonly empty: readonly number[];
}

const anyCase: fc.Arbitrary<Case> = fc.integer({ min: 2, max: 7 }).chain((count) => {
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const rack = fc.constantFrom('a', 'b', 'c');
  const replicas = fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1, maxLength: Math.min(3, count - 1) });
  return fc.record({
    racks: fc.oneof(fc.array(rack, { minLength: count, maxLength: count }), fc.constant(ids.map(() => undefined))),
    topics: fc.array(fc.array(replicas, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
    empty: fc.constantFrom(...ids).map((id) => [id]),
  });
});

function stateOf({ racks, topics }: Case): TopicsState {
  return {
    clusterId: 'any',
    brokers: racks.map((rack, index) => ({ id: index + 1, host: 'h', port: 9092, rack })),
    down: [],
    topics: topics.map((partitions, index) => ({
      name: index === 0 ? '__consumer_offsets' : `topic-${index}`,
      internal: index === 0,
      config: {},
      fault: undefined,
      partitions: partitions.map((replicas, partition) => ({
        partition,
        replicas,
        inSync: replicas,
        leader: replicas[0],
        offline: [],
        fault: undefined,
      })),
    })),
    others: [],
    minInSyncReplicas: undefined,
    moving: [],
    movingFault: undefined,
  };
}

const nothing = asTheyAre('any', []);

function movesOf(each: Case) {
  const plan = planAway(nothing, stateOf(each), { empty: each.empty, shun: [] });
  expect(blockedOf(plan)).toEqual([]);
  return plan.entries.flatMap((entry) => (entry.action === 'reassign' ? entry.moves : []));
}

function racksOf({ racks }: Case, replicas: readonly number[]): number {
  return new Set(replicas.map((id) => racks[id - 1]).filter((rack) => rack !== undefined)).size;
}

describe('for any cluster that a broker leaves', () => {
  test('exactly the partitions that have a replica there move, each keeps its count, and none has one there afterwards', () => {
    fc.assert(
      fc.property(anyCase, (each) => {
        const affected = each.topics.flat().filter((replicas) => replicas.some((id) => each.empty.includes(id)));
        const moves = movesOf(each);
        expect(moves.map(({ from }) => from)).toEqual(affected);
        for (const { from, to } of moves) {
          expect(to).toHaveLength(from.length);
          expect(new Set(to).size).toBe(to.length);
          expect(to.some((id) => each.empty.includes(id))).toBe(false);
        }
      }),
    );
  });

  test('replicas elsewhere stay, so that no more is copied than was there', () => {
    fc.assert(
      fc.property(anyCase, (each) => {
        for (const { from, to } of movesOf(each)) {
          const stay = from.filter((id) => !each.empty.includes(id));
          expect(to.filter((id) => from.includes(id)).sort()).toEqual([...stay].sort());
        }
      }),
    );
  });

  test('no partition stands in fewer racks than it could with the replicas that it keeps', () => {
    fc.assert(
      fc.property(anyCase, (each) => {
        for (const { from, to } of movesOf(each)) {
          const stay = from.filter((id) => !each.empty.includes(id));
          const candidates = each.racks.map((_, index) => index + 1).filter((id) => !from.includes(id));
          const best = Math.max(...candidates.map((id) => racksOf(each, [...stay, id])));
          // Where racks of some brokers are unknown, or there is one alone, none counts.
          expect(racksOf(each, to)).toBe(best);
        }
      }),
    );
  });

  test('what it plans is a plan: it can be saved and read again', () => {
    fc.assert(
      fc.property(anyCase, (each) => {
        const plan = planAway(nothing, stateOf(each), { empty: each.empty, shun: [] });
        expect(readPlan(JSON.parse(JSON.stringify(plan)), 'test')).toEqual(plan);
      }),
    );
  });
});

describe('a model of a cluster', () => {
  async function observed(cluster: ModelCluster) {
    const { topics } = await cluster.metadata();
    const manifest = asTheyAre(
      'model',
      topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.length,
        replicas: { most: Math.max(...partitions.map(({ replicas }) => replicas.length)) },
      })),
    );
    return { manifest, state: await observeTopics(cluster, manifest) };
  }

  function four(): ModelCluster {
    const cluster = new ModelCluster();
    cluster.brokers = [1, 2, 3, 4];
    cluster.add('a', 8, 2);
    cluster.add('__consumer_offsets', 12, 3);
    return cluster;
  }

  const brokersOf = (cluster: ModelCluster) =>
    new Set([...cluster.topics.values()].flatMap(({ partitions }) => partitions.flatMap(({ replicas }) => replicas)));

  test('is emptied of a broker by the plan, Kafka’s own topics too, and a second plan has nothing to do', async () => {
    const cluster = four();
    const { manifest, state } = await observed(cluster);
    const plan = planAway(manifest, state, { empty: [4], shun: [4] });
    requireFresh(plan, manifest, state);
    // The function in the network makes the hash anew from what it is sent (programs/topics-applier).
    expect(plan.manifestHash).toBe(manifestHash(manifest));
    const { outcomes } = await applyPlan(cluster, plan);
    expect(outcomes.map(({ status }) => status)).toEqual(['done', 'done']);
    expect([...brokersOf(cluster)].sort()).toEqual([1, 2, 3]);
    const again = await observed(cluster);
    expect(planAway(again.manifest, again.state, { empty: [4], shun: [4] }).entries).toEqual([]);
  });

  test('gets nothing onto another broker that leaves too', async () => {
    const cluster = four();
    cluster.topics.delete('__consumer_offsets');
    const { manifest, state } = await observed(cluster);
    const plan = planAway(manifest, state, { empty: [4], shun: [3, 4] });
    const gets = plan.entries.flatMap((entry) =>
      entry.action === 'reassign' ? entry.moves.flatMap(({ from, to }) => to.filter((id) => !from.includes(id))) : [],
    );
    expect(new Set(gets)).toEqual(new Set([1, 2]));
  });

  test('takes up moves under way to where nothing leaves, and is blocked by those to a broker that leaves', async () => {
    const cluster = four();
    cluster.topics.delete('__consumer_offsets');
    const partition = { topic: 'a', partition: 3, replicas: [4, 1, 2], adding: [2], removing: [4] };
    cluster.moving = [partition];
    const moved = cluster.topics.get('a');
    if (moved === undefined) throw new Error('the model lost a topic');
    moved.partitions = moved.partitions.map((each) => (each.partition === 3 ? { ...each, replicas: [4, 1, 2] } : each));
    const { manifest, state } = await observed(cluster);
    const plan = planAway(manifest, state, { empty: [4], shun: [] });
    const [entry] = plan.entries;
    expect(entry).toMatchObject({ action: 'reassign', risk: expect.stringContaining('1 move under way already') });
    expect(entry?.action === 'reassign' ? entry.moves.find((move) => move.partition === 3)?.to : []).toEqual([1, 2]);
    cluster.moving = [{ ...partition, adding: [4], removing: [2] }];
    const other = await observed(cluster);
    expect(blockedOf(planAway(other.manifest, other.state, { empty: [4], shun: [] }))).toMatchObject([
      { because: 'moves-under-way', reason: expect.stringContaining('partition 3 goes to the brokers 4, 1') },
    ]);
  });

  test('says which topics have more replicas than brokers would stay, and moves none of them', async () => {
    const cluster = new ModelCluster();
    cluster.add('a', 3, 3);
    cluster.add('b', 3, 2);
    cluster.add('__consumer_offsets', 1, 3);
    const { manifest, state } = await observed(cluster);
    const plan = planAway(manifest, state, { empty: [2], shun: [] });
    expect(blockedOf(plan)).toMatchObject([
      { topic: '__consumer_offsets', next: expect.stringContaining('one of Kafka’s own') },
      { topic: 'a', because: 'too-few-brokers', reason: '3 replicas need 3 brokers, and without broker 2 there are 2' },
    ]);
  });

  test('refuses a broker that it does not have, but for one that the environment lists as leaving', async () => {
    const { manifest, state } = await observed(four());
    expect(() => planAway(manifest, state, { empty: [9], shun: [] })).toThrow(
      expect.objectContaining({ code: 'TOPICS_BROKER_UNKNOWN', next: 'Its brokers are 1, 2, 3, 4.' }),
    );
    expect(planAway(manifest, state, { empty: [9], shun: [9] }).entries).toEqual([]);
  });
});
