/**
 * ZooKeeper's settings: what a person may set, what the model owns, and what follows from the machine.
 * Names, types and defaults: ZooKeeper Administrator's Guide, version 3.8.
 */
import { z } from 'zod';
import type { Listener } from '../../model.ts';
import { heapSpec, jvmFlagsSpec, productionJvmFlags } from '../jvm.ts';
import type { Sizing } from '../service.ts';
import { type KnownSetting, type OwnedSettings, userSettings } from '../user-settings.ts';

export const listeners: readonly Listener[] = [
  // The messaging API speaks neither TLS nor SASL to ZooKeeper, so the client port is plain and stays inside the private network.
  {
    name: 'client',
    port: 2181,
    transport: 'plaintext',
    authentication: 'none',
    from: ['master', 'worker', 'api', 'operators'],
  },
  { name: 'quorum', port: 2888, transport: 'plaintext', authentication: 'none', from: ['master'] },
  { name: 'election', port: 3888, transport: 'plaintext', authentication: 'none', from: ['master'] },
];

const settings: readonly KnownSetting[] = [
  { name: 'tickTime', type: 'int', minimum: 100, default: '3000' },
  { name: 'initLimit', type: 'int', minimum: 1 },
  { name: 'syncLimit', type: 'int', minimum: 1 },
  { name: 'maxClientCnxns', type: 'int', minimum: 0, default: '60' },
  { name: 'maxCnxns', type: 'int', minimum: 0, default: '0' },
  { name: 'minSessionTimeout', type: 'int', minimum: 1, default: 'twice tickTime' },
  { name: 'maxSessionTimeout', type: 'int', minimum: 1, default: '20 times tickTime' },
  { name: 'autopurge.snapRetainCount', type: 'int', minimum: 3, default: '3' },
  { name: 'autopurge.purgeInterval', type: 'int', minimum: 0, default: '0' },
  { name: 'snapCount', type: 'int', minimum: 2, default: '100000' },
  { name: 'snapSizeLimitInKb', type: 'long', default: '4194304' },
  { name: 'preAllocSize', type: 'int', minimum: 1, default: '65536' },
  { name: 'globalOutstandingLimit', type: 'int', minimum: 1, default: '1000' },
  { name: 'commitLogCount', type: 'int', minimum: 1, default: '500' },
  { name: 'fsync.warningthresholdms', type: 'long', minimum: 1, default: '1000' },
  { name: 'leaderServes', type: 'string', values: ['yes', 'no'], default: 'yes' },
  { name: 'clientPortListenBacklog', type: 'int', default: '-1' },
];

const fromTheModel = 'it follows from the list of masters';

export const knownSettings: ReadonlyMap<string, KnownSetting> = new Map(
  settings.map((setting) => [setting.name, setting]),
);

export const owned: OwnedSettings = {
  dataDir: 'it is the node’s volume',
  dataLogDir: 'it is the node’s volume',
  clientPort: 'it is the client listener',
  clientPortAddress: 'it is the client listener',
  secureClientPort: 'the client listener is plain: the messaging API speaks no TLS to ZooKeeper',
  'server.*': fromTheModel,
  'group.*': fromTheModel,
  'weight.*': fromTheModel,
  reconfigEnabled: 'membership changes through the environment file alone',
  dynamicConfigFile: 'membership changes through the environment file alone',
  standaloneEnabled: fromTheModel,
  'admin.*': 'the admin server listens on 0.0.0.0:8080 by default, the messaging API’s port, and is kept off',
  '4lw.commands.whitelist': 'readiness and status are asked with srvr, mntr and ruok',
  'metricsProvider.*': 'the provider’s jar is in neither archive; mntr gives the same figures (docs/decisions/0005)',
};

export interface ZookeeperSettings {
  readonly heapMiB: number;
  readonly jvmFlags: readonly string[];
  /** A person's own settings, by ZooKeeper's names. */
  readonly user: Readonly<Record<string, string>>;
}

export const spec = z.strictObject({ settings: userSettings('ZooKeeper 3.8', knownSettings, owned) }).prefault({});

export const profile = z.strictObject({ heapMiB: heapSpec.optional(), jvmFlags: jvmFlagsSpec.optional() });

/** Half of the machine, 4 GiB at most: the tree lives in memory, and swapping ends sessions (Administrator's Guide, "Java Heap Size"). */
export function derive(
  { settings }: z.output<typeof spec>,
  changes: z.output<typeof profile> | undefined,
  { memoryMiB }: Sizing,
): ZookeeperSettings {
  return {
    heapMiB: changes?.heapMiB ?? Math.min(4096, Math.floor(memoryMiB / 2)),
    jvmFlags: changes?.jvmFlags ?? productionJvmFlags,
    user: settings,
  };
}
