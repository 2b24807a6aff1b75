/** How a broker runs, when it serves, and how long it may take to leave. */
import type { ServiceProcess } from '../../model.ts';
import { beyondHeapMiB } from '../jvm.ts';
import { configurationPath, type Site } from '../service.ts';
import type { KafkaSettings } from './settings.ts';

export function process(site: Site<KafkaSettings>): ServiceProcess {
  return {
    runtime: 'java',
    mainClass: 'kafka.Kafka',
    optionsFile: configurationPath(site, 'kafka', 'jvm.options'),
    arguments: [configurationPath(site, 'kafka', 'server.properties')],
    memoryMiB: site.settings.heapMiB + beyondHeapMiB,
    // The port opens before the broker is registered; that the cluster knows it is asked of the cluster itself.
    probe: { listener: 'plaintext' },
    // A controlled shutdown moves every leadership away first: minutes on a large broker (Kafka documentation, "Graceful shutdown").
    stopTimeoutMs: 600_000,
  };
}
