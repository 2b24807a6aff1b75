/** Metrics of a deployed cluster: the function that asks the brokers each minute writes them, and alarms of the target watch them. */

export const clusterMetricNamespace = 'Ensemble/Kafka';

/** Each has this one dimension: the environment's name. */
export const clusterMetricDimension = 'Environment';

/** All but the first are missing, not zero, while the cluster cannot be asked. Counts. */
export const clusterMetrics = {
  /** 1 or 0. */
  answers: 'ClusterAnswers',
  underReplicated: 'UnderReplicatedPartitions',
  offline: 'OfflinePartitions',
  brokersAlive: 'BrokersAlive',
  controllers: 'ActiveControllers',
  moving: 'MovingPartitions',
} as const;
