/** Alarms about the cluster as a whole, from what the topics applier measures each minute (contracts/cluster-metrics.ts). */
import { CloudwatchMetricAlarm } from '@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js';
import { Token } from 'cdktf';
import { clusterMetricDimension, clusterMetricNamespace, clusterMetrics } from '../../contracts/cluster-metrics.ts';
import { eachKey, eachValue } from '../ledger.ts';
import { alarmTopicArn } from './alarm-topic.ts';
import type { NodesProps } from './node-machines.ts';
import { placeOf } from './place.ts';

/**
 * Minutes before somebody is told: a rolled or restarted node leaves partitions under-replicated for a few, so that ten in a row mean more than that; a
 * partition without a leader loses writes at once. What is missing means nothing by itself: that the cluster does not answer has an alarm of its own.
 */
const alarms = {
  unanswered: {
    metric: clusterMetrics.answers,
    comparison: 'LessThanThreshold',
    threshold: 1,
    minutes: 3,
    missing: 'breaching',
    says: 'No broker answers the function that asks each minute, or the function does not run',
  },
  'under-replicated': {
    metric: clusterMetrics.underReplicated,
    comparison: 'GreaterThanThreshold',
    threshold: 0,
    minutes: 10,
    missing: 'ignore',
    says: 'Partitions lack in-sync replicas: one more failure may stop their writes',
  },
  offline: {
    metric: clusterMetrics.offline,
    comparison: 'GreaterThanThreshold',
    threshold: 0,
    minutes: 2,
    missing: 'ignore',
    says: 'Partitions have no leader: nothing is written to them or read from them',
  },
  controller: {
    metric: clusterMetrics.controllers,
    comparison: 'LessThanThreshold',
    threshold: 1,
    minutes: 3,
    missing: 'ignore',
    says: 'No controller: leaders are not chosen anew',
  },
} as const;

export function clusterAlarms({ stack, ledger, cluster }: Pick<NodesProps, 'stack' | 'ledger' | 'cluster'>): void {
  const topic = alarmTopicArn(placeOf(cluster));
  ledger.each(
    new CloudwatchMetricAlarm(stack, 'cluster-alarm', {
      alarmName: `ensemble-${cluster.environment}-${eachKey}`,
      alarmDescription: eachValue('says'),
      namespace: clusterMetricNamespace,
      metricName: eachValue('metric'),
      dimensions: { [clusterMetricDimension]: cluster.environment },
      statistic: 'Maximum',
      period: 60,
      comparisonOperator: eachValue('comparison'),
      threshold: Token.asNumber(eachValue('threshold')),
      evaluationPeriods: Token.asNumber(eachValue('minutes')),
      treatMissingData: eachValue('missing'),
      alarmActions: [topic],
      okActions: [topic],
    }),
    'cluster',
    alarms,
    () => ({ holdsData: false, what: 'alarm' }),
  );
}
