/** Placing replicas: balance, racks, least movement, determinism; as properties over clusters of any form, and small cases worked out by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PlacementTask, placeReplicas } from '../../topics/plan/placement.ts';

type Broker = PlacementTask['brokers'][number];

function brokersOf(count: number, racks: number): readonly Broker[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    rack: racks === 0 ? undefined : `rack-${index % racks}`,
  }));
}

function partitionsOf(...lists: readonly (readonly number[])[]): PlacementTask['partitions'] {
  return lists.map((replicas, partition) => ({ partition, replicas, inSync: replicas }));
}

/** A topic as Kafka makes one: round and round. */
function spread(partitions: number, replicas: number, brokers: readonly Broker[]): PlacementTask['partitions'] {
  return partitionsOf(
    ...Array.from({ length: partitions }, (_, p) =>
      Array.from({ length: replicas }, (__, r) => brokers[(p + r) % brokers.length]?.id ?? 0),
    ),
  );
}

function placed(task: PlacementTask): readonly (readonly number[])[] {
  const changed = new Map(placeReplicas(task).map(({ partition, replicas }) => [partition, replicas]));
  return task.partitions.map(({ partition, replicas }) => changed.get(partition) ?? replicas);
}

function unevenness(lists: readonly (readonly number[])[], brokers: readonly Broker[]): number {
  const counts = brokers.map(({ id }) => lists.filter((list) => list.includes(id)).length);
  return Math.max(...counts) - Math.min(...counts);
}

function rackCount(list: readonly number[], brokers: readonly Broker[]): number {
  return new Set(list.map((id) => brokers.find((broker) => broker.id === id)?.rack)).size;
}

/** Copies that cross the network. */
function copies(task: PlacementTask): number {
  const lists = placed(task);
  return task.partitions.reduce(
    (sum, { replicas }, index) => sum + (lists[index]?.filter((id) => !replicas.includes(id)).length ?? 0),
    0,
  );
}

const cluster = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 4 }))
  .map(([count, racks]) => brokersOf(count, racks));

/** Any replicas at all, on brokers that are alive or not, in sync or not. */
const anyTask: fc.Arbitrary<PlacementTask> = cluster.chain((brokers) => {
  const ids = [...brokers.map(({ id }) => id), 101, 102];
  const replicas = fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1, maxLength: 4 });
  const partition = replicas.chain((list) =>
    fc.subarray(list).map((inSync) => ({ replicas: list as readonly number[], inSync: inSync as readonly number[] })),
  );
  return fc.record({
    topic: fc.constantFrom('a', 'b', 'monitoring.pms'),
    partitions: fc
      .array(partition, { minLength: 1, maxLength: 8 })
      .map((list) => list.map((each, index) => ({ partition: index, ...each }))),
    replicas: fc.integer({ min: 1, max: brokers.length }),
    racks: fc.constantFrom('any' as const, 'spread' as const),
    brokers: fc.constant(brokers),
  });
});

describe('for any topic on any cluster', () => {
  test('every partition has the replicas that are wanted, each on another broker, and new ones on live brokers only', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const live = new Set(task.brokers.map(({ id }) => id));
        placed(task).forEach((list, index) => {
          expect(list).toHaveLength(task.replicas);
          expect(new Set(list).size).toBe(list.length);
          const before = task.partitions[index]?.replicas ?? [];
          expect(list.every((id) => live.has(id) || before.includes(id))).toBe(true);
        });
      }),
    );
  });

  test('no more replicas are copied than the count and the racks make necessary', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const racks = new Set(task.brokers.map(({ rack }) => rack));
        const racked = !racks.has(undefined) && racks.size > 1;
        const least = task.partitions.reduce((sum, { replicas }) => {
          const missing = Math.max(0, task.replicas - replicas.length);
          const live = replicas.filter((id) => task.brokers.some((broker) => broker.id === id));
          const deadStay = replicas.length - live.length > Math.max(0, replicas.length - task.replicas);
          if (!racked || task.racks === 'any' || deadStay) return sum + missing;
          const short = Math.min(task.replicas, racks.size) - rackCount(live, task.brokers);
          return sum + Math.max(missing, short);
        }, 0);
        expect(copies(task)).toBe(least);
      }),
    );
  });

  test('partitions that are as wanted are left alone', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const settled = { ...task, partitions: partitionsOf(...placed(task)) };
        expect(placeReplicas(settled)).toEqual([]);
      }),
    );
  });

  test('replicas stand in as many racks as there are, where racks are wanted and every broker is alive', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const racks = new Set(task.brokers.map(({ rack }) => rack));
        fc.pre(task.racks === 'spread' && !racks.has(undefined));
        placed(task).forEach((list, index) => {
          const before = task.partitions[index]?.replicas ?? [];
          if (before.some((id) => id > 100)) return;
          expect(rackCount(list, task.brokers)).toBe(Math.min(task.replicas, racks.size));
        });
      }),
    );
  });

  test('the order in which partitions and brokers are told changes nothing', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const turned = { ...task, partitions: [...task.partitions].reverse(), brokers: [...task.brokers].reverse() };
        expect(placeReplicas(turned)).toEqual(placeReplicas(task));
      }),
    );
  });

  test('a replica in sync is never given up for one that is out of sync, nor a live one for one that is not, racks aside', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        fc.pre(task.brokers.every(({ rack }) => rack === undefined));
        const live = new Set(task.brokers.map(({ id }) => id));
        placed(task).forEach((list, index) => {
          const replicas = task.partitions[index]?.replicas ?? [];
          const inSync = task.partitions[index]?.inSync ?? [];
          const worth = (id: number) => (live.has(id) ? 2 : 0) + (inSync.includes(id) ? 1 : 0);
          const kept = replicas.filter((id) => list.includes(id)).map(worth);
          const gone = replicas.filter((id) => !list.includes(id)).map(worth);
          if (kept.length > 0 && gone.length > 0) expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(...gone));
        });
      }),
    );
  });
});

const evenTask = fc
  .tuple(
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 16 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
  )
  .map(([count, partitions, from, to]): PlacementTask => {
    const brokers = brokersOf(count, 0);
    const replicas = Math.min(to, count);
    return {
      topic: 'a',
      partitions: spread(partitions, Math.min(from, count), brokers),
      replicas,
      racks: 'any',
      brokers,
    };
  });

test('a topic that was even stays so: replicas and leaders differ by at most one between brokers', () => {
  fc.assert(
    fc.property(evenTask, (task) => {
      fc.pre(
        unevenness(
          task.partitions.map(({ replicas }) => replicas),
          task.brokers,
        ) <= 1,
      );
      const lists = placed(task);
      expect(unevenness(lists, task.brokers)).toBeLessThanOrEqual(1);
      expect(
        unevenness(
          lists.map((list) => list.slice(0, 1)),
          task.brokers,
        ),
      ).toBeLessThanOrEqual(1);
    }),
  );
});

test('no other choice of new replicas would be more even, by trying them all', () => {
  const small = fc.record({
    partitions: fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 2 }), {
      minLength: 1,
      maxLength: 4,
    }),
    replicas: fc.integer({ min: 2, max: 3 }),
  });
  fc.assert(
    fc.property(small, ({ partitions, replicas }) => {
      const brokers = brokersOf(4, 0);
      const task: PlacementTask = {
        topic: 'a',
        partitions: partitionsOf(...partitions),
        replicas,
        racks: 'any',
        brokers,
      };
      const squares = (lists: readonly (readonly number[])[]) =>
        brokers.reduce((sum, { id }) => sum + lists.filter((list) => list.includes(id)).length ** 2, 0);
      expect(squares(placed(task))).toBe(Math.min(...everyChoice(partitions, replicas).map(squares)));
    }),
  );
});

/** Every way to bring each list to the count without dropping what is there. */
function everyChoice(partitions: readonly (readonly number[])[], replicas: number): readonly (readonly number[][])[] {
  const ways = (list: readonly number[]): number[][] =>
    list.length >= replicas
      ? [[...list]]
      : [1, 2, 3, 4].filter((id) => !list.includes(id)).flatMap((id) => ways([...list, id]));
  return partitions.reduce<number[][][]>(
    (all, list) => all.flatMap((before) => ways(list).map((way) => [...before, way])),
    [[]],
  );
}

test('a third replica goes to the rack that has none', () => {
  const brokers = brokersOf(6, 3); // racks 0, 1, 2, 0, 1, 2
  expect(
    placed({ topic: 'a', partitions: partitionsOf([1, 2], [4, 6]), replicas: 3, racks: 'any', brokers }).map((list) =>
      rackCount(list, brokers),
    ),
  ).toEqual([3, 3]);
});

test('a partition whose replicas share a rack has one of them moved, and not the leader', () => {
  const brokers = brokersOf(4, 2); // 1 and 3 share a rack, as do 2 and 4
  const task: PlacementTask = {
    topic: 'a',
    partitions: partitionsOf([1, 3], [2, 1]),
    replicas: 2,
    racks: 'spread',
    brokers,
  };
  expect(placeReplicas(task)).toEqual([{ partition: 0, replicas: [1, 4] }]);
  expect(placeReplicas({ ...task, racks: 'any' })).toEqual([]);
});

test('a map of the racks that is not whole is none', () => {
  const brokers = [...brokersOf(3, 3), { id: 4, rack: undefined }, { id: 5, rack: undefined }];
  const task = { topic: 'a', partitions: partitionsOf([1, 4], [4, 5]), replicas: 2, racks: 'spread' as const, brokers };
  expect(placeReplicas(task)).toEqual([]);
});

test('the replica on a dead broker is the first to go', () => {
  const brokers = brokersOf(3, 0);
  const task: PlacementTask = { topic: 'a', partitions: partitionsOf([9, 1, 2]), replicas: 2, racks: 'any', brokers };
  expect(placeReplicas(task)).toEqual([{ partition: 0, replicas: [1, 2] }]);
});

test('topics of one partition do not all go to the same broker', () => {
  const brokers = brokersOf(6, 0);
  const firsts = Array.from({ length: 60 }, (_, index) =>
    placed({ topic: `t${index}`, partitions: partitionsOf([1]), replicas: 2, racks: 'any', brokers })
      .flat()
      .at(-1),
  );
  expect(new Set(firsts).size).toBeGreaterThan(2);
});

test('a thousand partitions on ninety-nine brokers are placed evenly', () => {
  const brokers = brokersOf(99, 3);
  const task: PlacementTask = {
    topic: 'a',
    partitions: spread(1000, 2, brokers),
    replicas: 3,
    racks: 'spread',
    brokers,
  };
  expect(unevenness(placed(task), brokers)).toBeLessThanOrEqual(1);
});
