/** How a ZooKeeper server runs, and when it serves. */
import type { ServiceProcess } from '../../model.ts';
import { beyondHeapMiB } from '../jvm.ts';
import { configurationPath, type Site } from '../service.ts';
import type { ZookeeperSettings } from './settings.ts';

export function process(site: Site<ZookeeperSettings>): ServiceProcess {
  return {
    program: {
      runtime: 'java',
      program: 'zookeeper',
      mainClass: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      optionsFile: configurationPath(site, 'zookeeper', 'jvm.options'),
      arguments: [configurationPath(site, 'zookeeper', 'zoo.cfg')],
    },
    memoryMiB: site.settings.heapMiB + beyondHeapMiB,
    // A server outside a quorum answers that it is not serving; the mode is there only within one.
    probe: { listener: 'client', send: 'srvr', expect: 'Mode: (leader|follower|standalone)' },
    // A server syncs its log at each write, so that it has nothing to finish; half a minute covers a long garbage collection.
    stopTimeoutMs: 30_000,
  };
}
