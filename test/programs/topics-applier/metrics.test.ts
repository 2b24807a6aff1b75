/** Health as metrics in CloudWatch's embedded format: every name that is announced has its value beside it. */
import { expect, test } from 'vitest';
import { metricLine } from '../../../programs/topics-applier/metrics.ts';

const health = {
  clusterId: 'c',
  controllerId: undefined,
  brokers: [
    { id: 1, up: true, rack: 'a', replicas: 2, leaders: 2 },
    { id: 2, up: false, rack: undefined, replicas: 2, leaders: 0 },
  ],
  partitions: 2,
  leaderless: 0,
  underReplicated: 2,
  moving: 1,
  amiss: ['orders/0', 'orders/1'],
};

test('a line says under-replicated and offline partitions, brokers alive and whether there is a controller', () => {
  const line = JSON.parse(metricLine('production', health, 1_700_000_000_000));
  const [announced] = line._aws.CloudWatchMetrics;
  expect(announced).toMatchObject({ Namespace: 'Ensemble/Kafka', Dimensions: [['Environment']] });
  for (const { Name } of announced.Metrics) expect(line, Name).toHaveProperty(Name);
  expect(line).toMatchObject({
    Environment: 'production',
    ClusterAnswers: 1,
    UnderReplicatedPartitions: 2,
    OfflinePartitions: 0,
    BrokersAlive: 1,
    ActiveControllers: 0,
    MovingPartitions: 1,
    amiss: ['orders/0', 'orders/1'],
  });
});

test('a cluster that does not answer has no numbers, not zeros', () => {
  const line = JSON.parse(metricLine('production', undefined, 0));
  expect(line._aws.CloudWatchMetrics[0].Metrics).toEqual([{ Name: 'ClusterAnswers', Unit: 'Count' }]);
  expect(Object.keys(line)).toEqual(['_aws', 'Environment', 'ClusterAnswers']);
});
