/**
 * One machine: the image under a layer of its own, systemd as its first process, a network and disks that were there before it and stay after it.
 * Its state is asked of the kernel each time: what runs in its control group is the machine.
 */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  endGroup,
  freeze,
  isFrozen,
  limitMemory,
  makeGroup,
  memoryOf,
  processesIn,
  removeGroup,
} from './control-groups.ts';
import { attachDisk, detachDisk, disksBelow } from './disks.ts';
import { hostCommandFailed, hostNotUp } from './errors.ts';
import { putFile } from './host-image.ts';
import type { HostSpec, HostsWorld } from './host-spec.ts';
import { serviceEnvironment, trustFile } from './image-recipe.ts';
import { type HostsLayout, hubNetwork, machineLayout, volumeFile } from './layout.ts';
import { ensureLink } from './networks.ts';
import { type Outcome, outcomeOf } from './run-command.ts';

export type MachineState = 'running' | 'paused' | 'stopped';

export interface MachineStatus {
  readonly node: string;
  readonly instance: string;
  readonly state: MachineState;
  /** Of all its processes, without the page cache. */
  readonly memoryMiB: number | undefined;
}

export interface Machine {
  readonly host: HostSpec;
  status(): Promise<MachineStatus>;
  /** The one that it was last started as; undefined where it never was. */
  instance(): Promise<string | undefined>;
  /** Starts it, as it was left or anew where its instance is another; false where it runs. Returns once a shell can be had in it. */
  start(signal?: AbortSignal): Promise<boolean>;
  /** As its power button: services stop as they should. By force after that time. */
  stop(timeoutMs?: number): Promise<'not running' | 'stopped' | 'killed'>;
  /** As a power cut, but that this machine's page cache survives it. */
  kill(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** A shell's commands as root, to their end. Status -1 where the machine does not run, 124 where time ran out. */
  run(script: string, timeoutMs: number, signal?: AbortSignal): Promise<Outcome>;
  /** What it wrote, disks and address apart, is forgotten. It must not run. */
  forget(): Promise<void>;
}

/** SIGRTMIN+4 asks systemd to power off (systemd(1), "Signals"); SIGRTMIN is 34 with glibc. */
const powerOffSignal = 38;
const stopMs = 150_000;
const startMs = 60_000;
const pollMs = 50;
const evidenceLines = 20;

export function machineOf(layout: HostsLayout, world: HostsWorld, host: HostSpec): Machine {
  const places = machineLayout(layout, host.node);
  const instanceFile = `${places.folder}/instance`;

  /** systemd of that machine, by its pid here. */
  async function leader(): Promise<number | undefined> {
    for (const pid of await processesIn(places.group)) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      if (/^NSpid:\t\d+\t1$/m.test(status)) return pid;
    }
    return undefined;
  }

  async function state(): Promise<MachineState> {
    if ((await processesIn(places.group)).length === 0) return 'stopped';
    return (await isFrozen(places.group)) ? 'paused' : 'running';
  }

  async function run(script: string, timeoutMs: number, signal?: AbortSignal): Promise<Outcome> {
    const pid = await leader();
    if (pid === undefined) return { status: -1, output: '', errors: 'the machine does not run' };
    const inside = ['--target', String(pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd'];
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    // As an agent would run it, which is a service of the machine.
    const bounded = ['timeout', '--kill-after=5', String(Math.ceil(timeoutMs / 1000)), 'sh', '-c', script];
    return await outcomeOf('nsenter', [...inside, 'env', '-i', path, 'HOME=/root', serviceEnvironment, ...bounded], {
      timeoutMs: timeoutMs + 10_000,
      signal,
    });
  }

  async function instance(): Promise<string | undefined> {
    return await readFile(instanceFile, 'utf8').catch(() => undefined);
  }

  /** What a cloud gives a machine that it launches. */
  async function ground(): Promise<void> {
    const before = await instance();
    if (before !== host.instance) await forget();
    for (const folder of [places.upper, places.work, places.root]) await mkdir(folder, { recursive: true });
    if (before === host.instance) return;
    const seed = '/var/lib/cloud/seed/nocloud';
    const data = `instance-id: ${host.instance}\nlocal-hostname: ${host.name}\n`;
    const trusted = await readFile(join(world.image, trustFile), 'utf8');
    const files = [
      { path: `${seed}/meta-data`, mode: 0o644, text: data },
      { path: `${seed}/user-data`, mode: 0o644, text: host.userData },
      { path: trustFile, mode: 0o644, text: `${trusted}${world.cloud.authorityPem}` },
      { path: '/usr/local/share/ca-certificates/cloud.crt', mode: 0o644, text: world.cloud.authorityPem },
    ];
    for (const file of files) await putFile(places.upper, file);
    // Last: who was cut off before begins anew.
    await writeFile(instanceFile, host.instance);
  }

  async function forget(): Promise<void> {
    await rm(instanceFile, { force: true });
    for (const folder of [places.upper, places.work, places.root]) await rm(folder, { recursive: true, force: true });
  }

  /** Device by what the machine calls it; a cloud's disks show their id as their serial number. */
  async function disks(): Promise<readonly string[]> {
    await rm(places.blocks, { recursive: true, force: true });
    await mkdir(places.blocks, { recursive: true });
    await mkdir(layout.volumesFolder, { recursive: true });
    const binds: string[] = [];
    const show = async (name: string, id: string) => {
      await mkdir(`${places.blocks}/${name}/device`, { recursive: true });
      await writeFile(`${places.blocks}/${name}/device/serial`, `${id.replaceAll('-', '').padEnd(20)}\n`);
    };
    // The system's own, as every machine of a cloud has it.
    await show('nvme0n1', `vol-${host.instance}`);
    for (const [index, { id, sizeGiB }] of host.volumes.entries()) {
      const name = `nvme${index + 1}n1`;
      binds.push(`--bind=${await attachDisk(volumeFile(layout, id), sizeGiB)}:/dev/${name}`);
      await show(name, id);
    }
    return binds;
  }

  /** Says whether it has ended. */
  async function launch(): Promise<() => boolean> {
    const groups = await makeGroup(places.group);
    await limitMemory(places.group, host.memoryMiB);
    const binds = await disks();
    const lower = [...world.layers, world.image].join(':');
    const overlay = `lowerdir=${lower},upperdir=${places.upper},workdir=${places.work}`;
    const console = await open(places.console, 'a');
    try {
      const args = [launchScript, 'launch', groups.join('\n'), overlay, places.root];
      const nspawn = [
        '--quiet',
        '--boot',
        '--register=no',
        '--keep-unit',
        `--machine=${places.machine}`,
        `--directory=${places.root}`,
        `--network-namespace-path=${places.network}`,
        `--bind-ro=${places.blocks}:/sys/block`,
        ...binds,
        '--console=read-only',
        '--link-journal=no',
        '--resolv-conf=off',
        '--timezone=off',
        '--settings=no',
      ];
      const child = spawn('sh', ['-c', ...args, ...nspawn], {
        detached: true,
        stdio: ['ignore', console.fd, console.fd],
      });
      await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
      child.unref();
      return () => child.exitCode !== null || child.signalCode !== null;
    } finally {
      await console.close();
    }
  }

  async function consoleLines(): Promise<readonly string[]> {
    const text = await readFile(places.console, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-evidenceLines);
  }

  async function kill(): Promise<void> {
    if (!(await endGroup(places.group)))
      throw hostCommandFailed(`end of ${places.group}`, 'some left', (await processesIn(places.group)).map(String));
    await removeGroup(places.group);
    for (const { id } of host.volumes)
      for (const { device } of await disksBelow(volumeFile(layout, id))) await detachDisk(device);
  }

  return {
    host,
    run,
    kill,
    forget,
    instance,
    async status() {
      return {
        node: host.node,
        instance: host.instance,
        state: await state(),
        memoryMiB: await memoryOf(places.group),
      };
    },
    async start(signal) {
      if ((await leader()) !== undefined) return false;
      // What a start before left, that was cut off.
      await kill();
      await ground();
      const { network, port } = places;
      await ensureLink({ hub: hubNetwork(layout), network, port, address: host.address, block: world.block });
      const hasEnded = await launch();
      const deadline = performance.now() + startMs;
      for (;;) {
        if ((await run('systemctl is-system-running || true', 5_000, signal)).output.trim() !== '') return true;
        if (hasEnded() || performance.now() > deadline)
          throw hostNotUp(host.node, startMs / 1000, places.console, await consoleLines());
        await delay(pollMs, undefined, signal === undefined ? {} : { signal });
      }
    },
    async stop(timeoutMs = stopMs) {
      const pid = await leader();
      if (pid === undefined) {
        await kill();
        return 'not running';
      }
      await freeze(places.group, false);
      process.kill(pid, powerOffSignal);
      const deadline = performance.now() + timeoutMs;
      let outcome: 'stopped' | 'killed' = 'stopped';
      while ((await processesIn(places.group)).length > 0) {
        if (performance.now() > deadline) {
          outcome = 'killed';
          break;
        }
        await delay(pollMs);
      }
      await kill();
      return outcome;
    },
    pause: () => freeze(places.group, true),
    resume: () => freeze(places.group, false),
  };
}

/** Joins the control groups, and mounts the root in a mount namespace that nobody else sees and that goes with the machine. */
const launchScript = `set -eu
groups=$1 overlay=$2 root=$3
shift 3
for group in $groups; do echo $$ >"$group/cgroup.procs"; done
exec unshare --mount --propagation slave sh -ec '
overlay=$1 root=$2
shift 2
mount -t overlay overlay -o "$overlay" "$root"
exec systemd-nspawn "$@"' machine "$overlay" "$root" "$@"
`;
