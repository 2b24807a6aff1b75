/**
 * What every node of a cloud runs beside its services: a program that sends its journal and its figures to the cloud (programs/node-watch). A target that has
 * nowhere to send them to has no row here, and its nodes have no such program.
 */
import type { Cluster, Node, Target } from '../cluster/model.ts';
import { logGroupName } from '../contracts/aws-names.ts';
import type { ListedArchive, ListedAside, ListedVolume } from '../contracts/node-list.ts';
import { systemVolume } from '../contracts/node-metrics.ts';
import type { NodeWatchConfig } from '../contracts/node-watch-config.ts';
import { type Account, accountOf } from './accounts.ts';
import { digestOf } from './digest.ts';
import type { MachineFile } from './machine-files.ts';
import { installedProgram, type NodeSoftware } from './software.ts';
import { asideUnit, serviceUnitName } from './unit.ts';

interface NodeWatch {
  readonly accounts: readonly Account[];
  readonly archives: readonly ListedArchive[];
  readonly files: readonly MachineFile[];
  readonly asides: readonly ListedAside[];
}

const name = 'node-watch';
const stateFolder = `/var/lib/ensemble-${name}`;
const configFile = `/etc/ensemble/${name}/config.json`;

/** A batch of a MiB in a few forms, and an entry of 16 MiB at the most. Measured: docs/decisions/0037. */
const heapMiB = 96;
const memoryMiB = 256;

const sinks: Readonly<Partial<Record<Target, (cluster: Cluster, node: Node) => NodeWatchConfig['sink']>>> = {
  aws: ({ environment, region = '' }, { role }) => ({
    kind: 'cloudwatch',
    region,
    group: logGroupName(environment, role),
  }),
};

/** Undefined where the target has nowhere to send anything to. Throws a TypeError where the lock lacks the program. */
export function nodeWatch(
  cluster: Cluster,
  node: Node,
  volumes: readonly Pick<ListedVolume, 'name' | 'mount'>[],
  software: NodeSoftware,
): NodeWatch | undefined {
  const sink = sinks[cluster.target]?.(cluster, node);
  if (sink === undefined) return undefined;
  const config: Pick<NodeWatchConfig, 'environment' | 'node' | 'sink' | 'volumes' | 'stateFolder'> = {
    environment: cluster.environment,
    node: node.id,
    sink,
    volumes: [{ name: systemVolume, path: '/' }, ...volumes.map(({ name: id, mount }) => ({ name: id, path: mount }))],
    stateFolder,
  };
  const program = installedProgram(
    {
      runtime: 'node',
      program: name,
      options: [`--max-old-space-size=${heapMiB}`],
      arguments: ['--config', configFile],
    },
    software,
    '',
  );
  const account = accountOf(name);
  const unit = asideUnit({
    name,
    node: node.id,
    account: account.name,
    // Members read the whole journal (systemd-journald.service(8), "Access control").
    groups: ['systemd-journal'],
    command: program.command,
    memoryMiB,
  });
  const files = [
    { path: configFile, mode: 0o644, text: `${JSON.stringify(config, null, 2)}\n` },
    { path: `/etc/systemd/system/${serviceUnitName(name)}`, mode: 0o644, text: unit },
  ];
  return {
    accounts: [account],
    archives: program.archives,
    files,
    asides: [{ name, unit: serviceUnitName(name), digest: digestOf(JSON.stringify(files.map(({ text }) => text))) }],
  };
}
