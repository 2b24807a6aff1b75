/**
 * A cluster's health as metrics: one line in CloudWatch's embedded metric format on standard output, which Lambda's log delivery turns into metrics
 * without a call and without a right to make one.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { clusterMetricDimension, clusterMetricNamespace, clusterMetrics } from '../../contracts/cluster-metrics.ts';
import type { ClusterHealth } from '../../topics/status/health.ts';

/** Undefined where the cluster could not be asked: that is a metric too, and the others are missing then rather than zero. */
export function metricLine(environment: string, health: ClusterHealth | undefined, atMs: number): string {
  const values: Readonly<Record<string, number>> = {
    [clusterMetrics.answers]: health === undefined ? 0 : 1,
    ...(health === undefined
      ? {}
      : {
          [clusterMetrics.underReplicated]: health.underReplicated,
          [clusterMetrics.offline]: health.leaderless,
          [clusterMetrics.brokersAlive]: health.brokers.filter(({ up }) => up).length,
          [clusterMetrics.controllers]: health.controllerId === undefined ? 0 : 1,
          [clusterMetrics.moving]: health.moving,
        }),
  };
  return JSON.stringify({
    _aws: {
      Timestamp: atMs,
      CloudWatchMetrics: [
        {
          Namespace: clusterMetricNamespace,
          Dimensions: [[clusterMetricDimension]],
          Metrics: Object.keys(values).map((Name) => ({ Name, Unit: 'Count' })),
        },
      ],
    },
    [clusterMetricDimension]: environment,
    ...values,
    ...(health === undefined || health.amiss.length === 0 ? {} : { amiss: health.amiss }),
  });
}
