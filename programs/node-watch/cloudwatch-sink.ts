/** CloudWatch as a sink: the node is a stream of its role's group of logs, and a dimension of its figures. */
import { openLogs } from '../../clients/aws/logs.ts';
import { openMetrics } from '../../clients/aws/metrics.ts';
import { nodeMetricDimensions as dimensions, nodeMetricNamespace } from '../../contracts/node-metrics.ts';
import type { NodeWatchConfig } from '../../contracts/node-watch-config.ts';
import { batchRefused, type Sink } from './sink.ts';

export async function cloudWatchSink({ environment, node, sink }: NodeWatchConfig): Promise<Sink> {
  const [logs, metrics] = await Promise.all([openLogs(sink), openMetrics(sink)]);
  const to = { group: sink.group, stream: node };
  return {
    async putLogs(events) {
      let put = await logs.put(to, events);
      if (put.kind === 'absent') {
        await logs.createStream(to);
        put = await logs.put(to, events);
      }
      if (put.kind === 'taken') return put.thrownAway;
      if (put.kind === 'invalid') throw batchRefused(put.why);
      // A stream that was made a moment ago.
      throw new Error(put.why);
    },
    async putMetrics(measured, atMs) {
      const data = measured.map(({ name, value, volume }) => ({
        name,
        value,
        unit: 'Percent' as const,
        dimensions: {
          [dimensions.environment]: environment,
          [dimensions.node]: node,
          ...(volume === undefined ? {} : { [dimensions.volume]: volume }),
        },
      }));
      await metrics.put(nodeMetricNamespace, data, atMs);
    },
  };
}
