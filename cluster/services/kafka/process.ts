/** How a broker runs, when it serves, and how long it may take to leave. */
import type { ServiceProcess } from '../../model.ts';
import { beyondHeapMiB } from '../jvm.ts';
import { configurationPath, type Site } from '../service.ts';
import type { KafkaSettings } from './settings.ts';

/**
 * ApiVersions, version 0, which every broker answers before anything else: length, key 18, version, correlation, no client id (Kafka protocol guide).
 * A broker that only listens, or hangs, does not answer it. The answer's length is below 64 KiB, so that it begins with two zeros.
 */
const apiVersionsRequest = '\0\0\0\n\0\x12\0\0\0\0\0\x01\xff\xff';

export function process(site: Site<KafkaSettings>): ServiceProcess {
  return {
    program: {
      runtime: 'java',
      program: 'kafka',
      mainClass: 'kafka.Kafka',
      optionsFile: configurationPath(site, 'kafka', 'jvm.options'),
      arguments: [configurationPath(site, 'kafka', 'server.properties')],
    },
    memoryMiB: site.settings.heapMiB + beyondHeapMiB,
    probe: { listener: 'plaintext', send: apiVersionsRequest, expect: '^\\0\\0' },
    // A broker that was killed stays registered until its session ends (18 s): ZooKeeper refuses its successor until then.
    startAgainIf: 'NodeExistsException',
    // A controlled shutdown moves every leadership away first: minutes on a large broker (Kafka documentation, "Graceful shutdown").
    stopTimeoutMs: 600_000,
  };
}
