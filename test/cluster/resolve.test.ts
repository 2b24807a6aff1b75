/** What an environment means: numbers, zones, volumes, what is derived, and that it stays what it is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cluster, Group, Node } from '../../cluster/model.ts';
import { allNodes } from '../../cluster/resolve.ts';
import { startOrder } from '../../cluster/services/table.ts';
import { change, clusterOf, inAws, smallEnvironment } from './environment-fixture.ts';
import { filesOf } from './rendering.ts';

const workers = 'workers:\n  count: 3';
const withWorkers = (lines: string, more = '') =>
  clusterOf(change({ [workers]: `workers:\n  ${lines}`, 'topics: topics.yaml\n': `topics: topics.yaml\n${more}` }));

function group(cluster: Cluster, role: string): Group {
  const found = cluster.groups.find((candidate) => candidate.role === role);
  if (found === undefined) throw new Error(`no group ${role}`);
  return found;
}

const ids = (cluster: Cluster) => allNodes(cluster).map(({ id }) => id);

test('a cluster is frozen to its depth', () => {
  const seen: unknown[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    seen.push(value);
    expect(Object.isFrozen(value)).toBe(true);
    for (const inner of Object.values(value)) visit(inner);
  };
  visit(clusterOf(smallEnvironment));
  expect(seen.length).toBeGreaterThan(20);
});

test('a cluster is plain JSON: saved and read again it is the same', () => {
  for (const text of [smallEnvironment, inAws()]) {
    const cluster = clusterOf(text);
    expect(JSON.parse(JSON.stringify(cluster))).toEqual(JSON.parse(JSON.stringify(structuredClone(cluster))));
    expect(filesOf(JSON.parse(JSON.stringify(cluster)))).toEqual(filesOf(cluster));
  }
});

test('groups say what they are: pinned nodes, a quorum, and the failures that workers tolerate', () => {
  const cluster = clusterOf(smallEnvironment);
  expect(
    cluster.groups.map(({ role, identity, tolerates, services }) => ({ role, identity, tolerates, services })),
  ).toEqual([
    { role: 'master', identity: 'pinned', tolerates: 'quorum', services: ['zookeeper'] },
    { role: 'worker', identity: 'pinned', tolerates: { failures: 1 }, services: ['kafka'] },
  ]);
});

test('each service starts after those that it needs', () => {
  expect(startOrder().map((wave) => wave.map(({ id }) => id))).toEqual([
    ['zookeeper', 'mongodb', 'mongodb-stand-in'],
    ['kafka'],
    ['messaging-api'],
    ['auth'],
    ['haproxy'],
    ['push-server'],
  ]);
});

describe('numbers', () => {
  test('nodes are numbered from 1, and those listed under ids have theirs', () => {
    expect(ids(clusterOf(smallEnvironment))).toEqual([
      'master-1',
      'master-2',
      'master-3',
      'worker-1',
      'worker-2',
      'worker-3',
    ]);
    expect(ids(withWorkers('ids: [5, 1, 3]')).slice(3)).toEqual(['worker-1', 'worker-3', 'worker-5']);
  });

  test('a retired node runs on beside the others, marked as leaving', () => {
    const cluster = withWorkers('count: 3', 'retired: [worker-7, master-5]\n');
    expect(ids(cluster)).toEqual([
      'master-1',
      'master-2',
      'master-3',
      'master-5',
      'worker-1',
      'worker-2',
      'worker-3',
      'worker-7',
    ]);
    expect(
      allNodes(cluster)
        .filter(({ leaving }) => leaving)
        .map(({ id }) => id),
    ).toEqual(['master-5', 'worker-7']);
  });

  test('broker.id and myid are the node’s own number wherever it stands in the list', () => {
    const cluster = clusterOf(
      change({
        'masters:\n  count: 3': 'masters:\n  ids: [2, 4, 9]',
        [workers]: 'workers:\n  ids: [1, 3, 5]',
        'topics: topics.yaml\n': 'topics: topics.yaml\nretired: [worker-2]\n',
      }),
    );
    const files = filesOf(cluster);
    const brokerIds = ['worker-1', 'worker-2', 'worker-3', 'worker-5'].map(
      (id) => /^broker\.id=(.*)$/m.exec(files[`${id}/server.properties`] ?? '')?.[1],
    );
    expect(brokerIds).toEqual(['1', '2', '3', '5']);
    expect(['master-2', 'master-4', 'master-9'].map((id) => files[`${id}/myid`])).toEqual(['2\n', '4\n', '9\n']);
    expect(files['master-4/zoo.cfg']?.match(/^server\.\d+=.*$/gm)).toEqual([
      'server.2=127.0.0.12:2888:3888',
      'server.4=127.0.0.14:2888:3888',
      'server.9=127.0.0.19:2888:3888',
    ]);
  });
});

describe('zones', () => {
  test('each group is spread evenly, and over no more zones than asked for', () => {
    const cluster = clusterOf(
      change({ 'zones: [a, b, c]': 'zones: [a, b, c]\nspread: 2', [workers]: 'workers:\n  count: 4' }),
    );
    expect(cluster.zones).toEqual(['a', 'b']);
    expect(group(cluster, 'worker').nodes.map(({ zone }) => zone)).toEqual(['a', 'b', 'a', 'b']);
  });

  test('a growing count moves no node to another zone, and no zone ever has two nodes more than another', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 1, max: 30 }),
        (zones, count, more) => {
          const names = Array.from({ length: zones }, (_, index) => `z${index}`);
          const grown = (size: number) =>
            group(
              clusterOf(
                change({ 'zones: [a, b, c]': `zones: [${names.join(', ')}]`, [workers]: `workers:\n  count: ${size}` }),
              ),
              'worker',
            ).nodes;
          const before = grown(count);
          const zoneOf = new Map(grown(count + more).map((node): [string, string] => [node.id, node.zone]));
          expect(before.map(({ id }) => zoneOf.get(id))).toEqual(before.map(({ zone }) => zone));
          const sizes = names.map((name) => before.filter(({ zone }) => zone === name).length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('workers have the volumes that were asked for, masters one', () => {
  const cluster = withWorkers('count: 3\n  volumes: 2');
  const volumes = (role: string): Node['volumes'] | undefined => group(cluster, role).nodes[0]?.volumes;
  expect(volumes('worker')).toEqual([
    { name: 'data-1', sizeGiB: 5, iops: 3_000, throughputMiB: 125 },
    { name: 'data-2', sizeGiB: 5, iops: 3_000, throughputMiB: 125 },
  ]);
  expect(volumes('master')).toEqual([{ name: 'data-1', sizeGiB: 2, iops: 3_000, throughputMiB: 125 }]);
});

describe('what is derived', () => {
  const kafkaOf = (cluster: Cluster) => group(cluster, 'worker').settings.kafka;
  const zookeeperOf = (cluster: Cluster) => group(cluster, 'master').settings.zookeeper;
  const sized = (memoryMiB: number) =>
    clusterOf(change({ '4096, cpus: 2': `${memoryMiB}, cpus: 2`, '2048, cpus: 2': `${memoryMiB}, cpus: 2` }));

  test('the heap is half of the machine, up to 6 GiB for Kafka and 4 GiB for ZooKeeper, and what the profile says where there is one', () => {
    expect([2048, 8192, 16_384].map((size) => kafkaOf(sized(size)))).toMatchObject([
      { heapMiB: 1024 },
      { heapMiB: 4096 },
      { heapMiB: 6144 },
    ]);
    expect([2048, 16_384].map((size) => zookeeperOf(sized(size)))).toMatchObject([
      { heapMiB: 1024 },
      { heapMiB: 4096 },
    ]);
    expect(kafkaOf(withWorkers('count: 3', 'profile: { kafka: { heapMiB: 320 } }\n'))).toMatchObject({ heapMiB: 320 });
  });

  test.each([
    [3, 1, { replicas: 2, minInsyncReplicas: 1, internalReplicas: 3, internalMinInsyncReplicas: 2 }],
    [5, 2, { replicas: 3, minInsyncReplicas: 1, internalReplicas: 3, internalMinInsyncReplicas: 1 }],
    [1, 0, { replicas: 1, minInsyncReplicas: 1, internalReplicas: 1, internalMinInsyncReplicas: 1 }],
  ])('%i workers that tolerate %i have f + 1 replicas and write while f are gone', (count, tolerate, derived) => {
    const zones = count === 1 ? { 'zones: [a, b, c]': 'zones: [a]' } : {};
    const text = change({ ...zones, 'tolerate: 1': `tolerate: ${tolerate}`, [workers]: `workers:\n  count: ${count}` });
    expect(kafkaOf(clusterOf(text))).toMatchObject(derived);
    expect(clusterOf(text).replicas).toBe(tolerate + 1);
  });

  test('a retired node counts for nothing that is derived', () => {
    expect(kafkaOf(withWorkers('ids: [1, 2]', 'retired: [worker-3]\n'))).toMatchObject({ internalReplicas: 2 });
  });
});
