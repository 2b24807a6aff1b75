/**
 * The machines of an environment on this machine: brought up, looked at, replaced, taken down. What is meant lies in world.json; what is, the kernel is
 * asked. Every step looks before it acts, so that a run that was killed is simply run again, and `down` finds what it left.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { beside } from '../../platform/beside.ts';
import { journalFolder } from '../journal.ts';
import { cloudProcesses, endCloud, ensureCloud } from './cloud/cloud-processes.ts';
import { keepStoreSecrets, type StoreSecrets } from './cloud/store-secrets.ts';
import { endGroup, groupFolders, makeGroup, processesIn, removeGroup, weigh } from './control-groups.ts';
import { detachDisk, disksBelow } from './disks.ts';
import { unknownHost } from './errors.ts';
import { forgetEndedFaults } from './fault-journal.ts';
import { type HostSpec, type HostsWorld, parseWorld } from './host-spec.ts';
import { type HostsLayout, hostsLayout, hubNetwork } from './layout.ts';
import { type Machine, type MachineStatus, machineOf } from './machine.ts';
import { ensureHub, mountsBelow, removeNetwork } from './networks.ts';
import { assertPossible } from './preflight.ts';

export interface UpOptions {
  /** Of the certificate that the world's cloud shows. */
  readonly keyPem: string;
  /** Where something stands in for the metadata store. */
  readonly store?: StoreSecrets | undefined;
  /** How many machines start at once; each loads a processor for some seconds. */
  readonly atOnce?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface Hosts {
  readonly layout: HostsLayout;
  /** Undefined where none was brought up. */
  world(): Promise<HostsWorld | undefined>;
  /** Makes it so: networks, the cloud, machines that do not run; machines that it does not name are ended, their volumes stay. */
  up(world: HostsWorld, options: UpOptions): Promise<void>;
  /** @throws EnsembleError DRIVER_UNKNOWN_HOST */
  machine(node: string): Promise<Machine>;
  machines(): Promise<readonly Machine[]>;
  status(): Promise<readonly MachineStatus[]>;
  /** As a cloud's refresh: the machine ends, and another begins with its address and its volumes. */
  replace(node: string, next: HostSpec, signal?: AbortSignal): Promise<void>;
  /** Ends and removes everything but volumes and records; those too with `purge`. Needs no record. */
  down(options?: { readonly purge?: boolean; readonly gracefulMs?: number }): Promise<void>;
  /** What is there of it in the kernel's eyes, a line each: processes, control groups, mounts, devices. Nothing after `down`. */
  leftovers(): Promise<readonly string[]>;
}

/** @param stateDirectory absolute; the environment's own folder */
export function hostsOf(stateDirectory: string): Hosts {
  const layout = hostsLayout(stateDirectory);

  async function world(): Promise<HostsWorld | undefined> {
    const text = await readFile(layout.worldFile, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : parseWorld(text);
  }

  async function remember(next: HostsWorld): Promise<void> {
    await mkdir(layout.folder, { recursive: true });
    await writeFile(`${layout.worldFile}.next`, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 });
    await rename(`${layout.worldFile}.next`, layout.worldFile);
  }

  async function machines(): Promise<readonly Machine[]> {
    const found = await world();
    return found === undefined ? [] : found.hosts.map((host) => machineOf(layout, found, host));
  }

  async function machine(node: string): Promise<Machine> {
    const all = await machines();
    const found = all.find(({ host }) => host.node === node);
    if (found !== undefined) return found;
    throw unknownHost(
      node,
      all.map(({ host }) => host.node),
    );
  }

  async function leftovers(): Promise<readonly string[]> {
    const pids = await processesIn(layout.name);
    const disks = await disksBelow(`${layout.folder}/`);
    return [
      ...pids.map((pid) => `process ${pid}`),
      ...(await groupFolders(layout.name)).map((folder) => `control group ${folder}`),
      ...(await mountsBelow(`${layout.folder}/`)).map((path) => `mount ${path}`),
      ...disks.map(({ device, file }) => `device ${device} of ${file}`),
    ];
  }

  return {
    layout,
    world,
    machine,
    machines,
    leftovers,
    async up(next, { keyPem, store, atOnce = 3, signal, onProgress }) {
      await assertPossible();
      const named = new Set(next.hosts.map(({ node }) => node));
      for (const each of await machines()) {
        if (named.has(each.host.node)) continue;
        await each.stop();
        await each.forget();
      }
      await remember(next);
      await ensureHub(
        hubNetwork(layout),
        next.block,
        next.store?.members.map(({ address }) => address),
      );
      if (store !== undefined) await keepStoreSecrets(layout, store);
      await ensureCloud(layout, next, keyPem);
      const all = await machines();
      await makeGroup(layout.name);
      await weigh(layout.name, all.length);
      await beside(all, { signal, atOnce }, async (each, either) => {
        // It runs as one that this world does not know any more: replaced while it was not looked at.
        const before = await each.instance();
        if (before !== undefined && before !== each.host.instance) await each.stop();
        const started = await each.start(either);
        onProgress?.(`${each.host.node}: ${started ? 'started' : 'runs'}`);
      });
    },
    async status() {
      return await Promise.all((await machines()).map((each) => each.status()));
    },
    async replace(node, next, signal) {
      const found = await world();
      const before = await machine(node);
      if (found === undefined) return;
      await before.stop();
      const changed = { ...found, hosts: found.hosts.map((host) => (host.node === node ? next : host)) };
      await remember(changed);
      if ((await cloudProcesses(layout)).length > 0)
        await ensureCloud(layout, changed, await readFile(`${layout.cloud.tlsFolder}/key.pem`, 'utf8'));
      await machineOf(layout, changed, next).start(signal);
    },
    async down({ purge = false, gracefulMs = 0 } = {}) {
      if (gracefulMs > 0) await Promise.all((await machines()).map((each) => each.stop(gracefulMs)));
      await endCloud(layout);
      await endGroup(layout.name);
      await removeGroup(layout.name);
      for (const { device } of await disksBelow(`${layout.folder}/`)) await detachDisk(device);
      for (const file of await mountsBelow(`${layout.networksFolder}/`)) await removeNetwork(file);
      // Those made by hand, and those of a chaos run that died.
      for (const folder of [layout.journalFolder, journalFolder(stateDirectory)])
        await forgetEndedFaults(folder, purge);
      if (purge) await rm(layout.folder, { recursive: true, force: true });
    },
  };
}
