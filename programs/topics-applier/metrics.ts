/**
 * A cluster's health as metrics: one line in CloudWatch's embedded metric format on standard output, which Lambda's log delivery turns into metrics
 * without a call and without a right to make one.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { ClusterHealth } from '../../topics/status/health.ts';

const metricNamespace = 'Ensemble/Kafka';

/** Undefined where the cluster could not be asked: that is a metric too, and the others are missing then rather than zero. */
export function metricLine(environment: string, health: ClusterHealth | undefined, atMs: number): string {
  const values: Readonly<Record<string, number>> = {
    ClusterAnswers: health === undefined ? 0 : 1,
    ...(health === undefined
      ? {}
      : {
          UnderReplicatedPartitions: health.underReplicated,
          OfflinePartitions: health.leaderless,
          BrokersAlive: health.brokers.filter(({ up }) => up).length,
          ActiveControllers: health.controllerId === undefined ? 0 : 1,
          MovingPartitions: health.moving,
        }),
  };
  return JSON.stringify({
    _aws: {
      Timestamp: atMs,
      CloudWatchMetrics: [
        {
          Namespace: metricNamespace,
          Dimensions: [['Environment']],
          Metrics: Object.keys(values).map((Name) => ({ Name, Unit: 'Count' })),
        },
      ],
    },
    Environment: environment,
    ...values,
    ...(health === undefined || health.amiss.length === 0 ? {} : { amiss: health.amiss }),
  });
}
