/** Whether a cluster can do without a broker: counted as Kafka counts, so that a reassignment is no alarm and a broker that is gone is one. */
import { expect, test } from 'vitest';
import { healthOf, readClusterHealth } from '../../topics/status/health.ts';
import { ModelCluster } from './model-cluster.ts';
import { MovingCluster } from './moving-cluster.ts';

test('a broker that is gone is not up, still holds its replicas, and its partitions are amiss', async () => {
  const cluster = new ModelCluster();
  cluster.add('orders', 3, 2);
  const metadata = await cluster.metadata();
  const gone = {
    ...metadata,
    brokers: metadata.brokers.filter(({ id }) => id !== 3),
    topics: metadata.topics.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((each) => ({
        ...each,
        inSync: each.inSync.filter((id) => id !== 3),
        leader: each.leader === 3 ? undefined : each.leader,
      })),
    })),
  };
  expect(healthOf(gone, [])).toEqual({
    clusterId: 'model',
    controllerId: 1,
    brokers: [
      { id: 1, up: true, rack: undefined, replicas: 2, leaders: 1 },
      { id: 2, up: true, rack: undefined, replicas: 2, leaders: 1 },
      { id: 3, up: false, rack: undefined, replicas: 2, leaders: 0 },
    ],
    partitions: 3,
    leaderless: 1,
    underReplicated: 2,
    moving: 0,
    amiss: ['orders/2', 'orders/1'],
  });
});

test('replicas on their way are counted as moving, and not as missing', async () => {
  const cluster = new MovingCluster();
  cluster.bytesPerLook = 1;
  cluster.add('a', [1, 2]);
  const partition = cluster.partitions.get('a/0');
  if (partition !== undefined) partition.target = [1, 2, 3];
  expect(await readClusterHealth(cluster)).toMatchObject({ underReplicated: 0, moving: 1, amiss: [] });
  const [move] = [{ topic: 'a', partition: 0, replicas: [1, 2, 3], adding: [3], removing: [] }];
  const metadata = await cluster.metadata();
  const [topic] = metadata.topics;
  const seen = { partition: 0, fault: undefined, leader: 1, replicas: [1, 2, 3], inSync: [1, 2], offline: [] };
  if (topic === undefined || move === undefined) throw new Error('the model has no topic');
  const copying = { ...metadata, topics: [{ ...topic, partitions: [seen] }] };
  expect(healthOf(copying, [move]).underReplicated).toBe(0);
  expect(healthOf(copying, []).underReplicated).toBe(1);
});
