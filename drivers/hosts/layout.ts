/**
 * Names and places of what the driver makes, as functions of the environment's own folder: whoever cleans up after a driver that was killed finds
 * everything by them, and needs no record that the driver might not have written.
 */
import { createHash } from 'node:crypto';
import type { Id } from '../../cluster/model.ts';

export interface HostsLayout {
  /** `ensemble-1f3c9a20`: of control groups and machines. */
  readonly name: string;
  /** Everything of the driver lies below it. */
  readonly folder: string;
  /** What is meant: the machines, as JSON. */
  readonly worldFile: string;
  /** Held by whoever changes machines or breaks them: faults by hand, scenarios, a rehearsal's rolls, the end of it all. Beside the folder, which may be removed under it. */
  readonly lock: string;
  readonly journalFolder: string;
  readonly volumesFolder: string;
  /** Namespaces of networks are mounted on files in it. */
  readonly networksFolder: string;
  readonly cloud: {
    readonly config: string;
    readonly log: string;
    /** A socket by which those inside the network reach the cloud's endpoint outside of it. */
    readonly socket: string;
    readonly tlsFolder: string;
    /** What stands in for the metadata store keeps its certificates, users and data here. */
    readonly storeFolder: string;
  };
}

export interface MachineLayout {
  readonly folder: string;
  /** What the machine wrote on top of the image, and overlayfs's own. */
  readonly upper: string;
  readonly work: string;
  /** Where image and upper are one: mounted in the machine's own mount namespace alone. */
  readonly root: string;
  /** Seen by the machine as /sys/block. */
  readonly blocks: string;
  readonly console: string;
  /** The network namespace, as a file. */
  readonly network: string;
  /** On the bridge; 15 characters at most, by the kernel. */
  readonly port: string;
  readonly group: string;
  readonly machine: string;
}

/** @param stateDirectory absolute; the environment's own folder */
export function hostsLayout(stateDirectory: string): HostsLayout {
  const folder = `${stateDirectory}/hosts`;
  return {
    name: `ensemble-${digest(folder, 8)}`,
    folder,
    worldFile: `${folder}/world.json`,
    lock: `${folder}.lock`,
    journalFolder: `${folder}/journal`,
    volumesFolder: `${folder}/volumes`,
    networksFolder: `${folder}/networks`,
    cloud: {
      config: `${folder}/cloud/config.json`,
      log: `${folder}/cloud/log`,
      // Not below the folder: a socket's path has 107 bytes at most.
      socket: `/run/ensemble-${digest(folder, 8)}.socket`,
      tlsFolder: `${folder}/cloud/tls`,
      storeFolder: `${folder}/cloud/store`,
    },
  };
}

/** The namespace with the bridge, where the cloud's stand-ins answer. */
export function hubNetwork({ networksFolder }: HostsLayout): string {
  return `${networksFolder}/hub`;
}

export function machineLayout(layout: HostsLayout, node: Id): MachineLayout {
  const folder = `${layout.folder}/machines/${node}`;
  return {
    folder,
    upper: `${folder}/upper`,
    work: `${folder}/work`,
    root: `${folder}/root`,
    blocks: `${folder}/blocks`,
    console: `${folder}/console.log`,
    network: `${layout.networksFolder}/node-${node}`,
    port: `p-${digest(node, 12)}`,
    group: `${layout.name}/${node}`,
    machine: `${layout.name}-${node}`.slice(0, 63),
  };
}

export function volumeFile({ volumesFolder }: HostsLayout, id: string): string {
  return `${volumesFolder}/${id}.img`;
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
