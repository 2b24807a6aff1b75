/** Metrics of single nodes: each node's own program (programs/node-watch) puts them once a minute, and alarms of the target watch them. */

/** A node's role may put metrics into this one namespace. */
export const nodeMetricNamespace = 'Ensemble/Nodes';

export const nodeMetricDimensions = { environment: 'Environment', node: 'Node', volume: 'Volume' } as const;

/** Per cent, of 0 to 100. */
export const nodeMetrics = {
  /** As `df` has it: of what services may use. By environment, node and volume; missing where the volume is not mounted. */
  disk: 'DiskUsedPercent',
  /** What is not available without swapping. By environment and node. */
  memory: 'MemoryUsedPercent',
} as const;

/** The dimension `Volume` of a machine's own disk; the others have their volumes' names. */
export const systemVolume = 'system';
