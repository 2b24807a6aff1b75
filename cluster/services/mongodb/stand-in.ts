/**
 * What stands in for MongoDB on a machine without one: one server that speaks its wire protocol over a file (docs/decisions/0023). No replica set,
 * no users, no TLS; whatever shows it says so.
 */
import type { ServiceFile, ServiceProcess } from '../../model.ts';
import { renderJvmOptions } from '../properties.ts';
import { configuration, configurationPath, defineService, type Site } from '../service.ts';
import { isMaster, isMasterAnswered } from './is-master.ts';
import { profile, spec, standInListeners } from './settings.ts';

const heapMiB = 192;

export const mongodbStandIn = defineService({
  id: 'mongodb-stand-in',
  standsInFor: 'mongodb',
  startAfter: [],
  listeners: standInListeners,
  volumeFolders: [],
  spec,
  profile,
  derive: () => ({}),
  files,
  process,
});

function files(site: Site<unknown>): readonly ServiceFile[] {
  const options = [
    { option: `-Xmx${heapMiB}m`, reason: 'a small database; the stand-in is for one machine' },
    { option: '-XX:+UseSerialGC', reason: 'start-up in the place of throughput' },
    { option: '-XX:TieredStopAtLevel=1', reason: 'start-up in the place of throughput' },
    { option: '-XX:+ExitOnOutOfMemoryError', reason: 'a server without memory half works' },
  ];
  const title = `Java options of the metadata store’s stand-in on ${site.node.id}`;
  return [{ place: configuration, path: 'jvm.options', text: [renderJvmOptions(title, options)] }];
}

function process(site: Site<unknown>): ServiceProcess {
  const { addressing, node } = site;
  const volume = addressing.path(node, 'mongodb-stand-in', {
    kind: 'volume',
    volume: node.volumes[0]?.name ?? 'data-1',
  });
  return {
    program: {
      runtime: 'java',
      program: 'mongodb-stand-in',
      mainClass: 'StandIn',
      optionsFile: configurationPath(site, 'mongodb-stand-in', 'jvm.options'),
      arguments: [
        addressing.bind(node),
        String(addressing.port(node, 'mongodb-stand-in', 'server')),
        `${volume}/store`,
      ],
    },
    memoryMiB: heapMiB + 150,
    probe: { listener: 'server', send: isMaster, expect: isMasterAnswered },
    stopTimeoutMs: 20_000,
  };
}
