/**
 * A link whose packets come late: by the kernel's netem where it has it; else by a relay in Python between two virtual ports (delay-relay.py), through which
 * the machine's traffic goes both ways, in order, each frame that much later.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { installationRoot } from '../../platform/installation-root.ts';
import { endGroup, makeGroup, removeGroup } from './control-groups.ts';
import { hostCommandFailed } from './errors.ts';
import type { HostsLayout } from './layout.ts';
import { bridge, inNetwork, ip } from './networks.ts';
import { ask, outcomeOf } from './run-command.ts';

export interface DelayedLink {
  readonly id: string;
  readonly hub: string;
  /** The machine's on the bridge. */
  readonly port: string;
  /** The machine's. */
  readonly network: string;
  readonly way: string;
}

const startMs = 20_000;
const pollMs = 30;

export const noWayToDelay = 'the kernel has no netem, and no python3 is there for a relay';

/** `netem` or `relay`; undefined where neither is to be had. Tried in a network that nobody else is in, which ends with the trial. */
export async function wayToDelay(): Promise<string | undefined> {
  const trial = 'ip link set lo up && tc qdisc add dev lo root netem delay 1ms';
  const tried = await outcomeOf('unshare', ['--net', 'sh', '-c', trial]).catch(() => undefined);
  if (tried?.status === 0) return 'netem';
  const python = await outcomeOf('python3', ['-c', 'import fcntl, selectors']).catch(() => undefined);
  return python?.status === 0 ? 'relay' : undefined;
}

export async function delayLink(layout: HostsLayout, link: DelayedLink & { readonly delayMs: number }): Promise<void> {
  const { hub, port, delayMs, way } = link;
  if (way === 'netem') {
    // What leaves an interface is late: the hub's port for one way, the machine's own for the other.
    const late = (device: string) => ['qdisc', 'replace', 'dev', device, 'root', 'netem', 'delay', `${delayMs}ms`];
    await inNetwork(hub, 'tc', late(port));
    await inNetwork(link.network, 'tc', late('eth0'));
    return;
  }
  const { group, side, near, far } = namesOf(layout, link);
  const groups = await makeGroup(group);
  const folder = join(layout.folder, 'relays');
  await mkdir(folder, { recursive: true });
  const log = join(folder, `${link.id}.log`);
  await writeFile(log, '');
  const file = await open(log, 'a');
  try {
    const program = join(installationRoot(), 'drivers', 'hosts', 'delay-relay.py');
    const args = ['nsenter', `--net=${hub}`, 'python3', program, near, far, String(delayMs)];
    const child = spawn('sh', ['-c', joinScript, 'relay', groups.join('\n'), ...args], {
      detached: true,
      stdio: ['ignore', file.fd, file.fd],
    });
    child.on('error', () => undefined).unref();
  } finally {
    await file.close();
  }
  const deadline = performance.now() + startMs;
  for (;;) {
    const said = await readFile(log, 'utf8');
    if (said.includes('ready')) break;
    if (said.includes('Error') || performance.now() > deadline)
      throw hostCommandFailed('delay-relay.py', null, said.trimEnd().split('\n').slice(-10));
    await delay(pollMs);
  }
  await ip(hub, [
    `link add ${side} type bridge`,
    `link set ${side} up`,
    `link set ${near} master ${side} up`,
    `link set ${far} master ${bridge} up`,
    `link set ${port} master ${side}`,
  ]);
}

const joinScript = `set -eu
groups=$1
shift
for group in $groups; do echo $$ >"$group/cgroup.procs"; done
exec "$@"
`;

/** Idempotent. Its virtual ports go with the relay. */
export async function undelayLink(layout: HostsLayout, link: DelayedLink): Promise<void> {
  const { hub, port, way } = link;
  if (way === 'netem') {
    for (const [network, device] of [
      [hub, port],
      [link.network, 'eth0'],
    ])
      await outcomeOf('nsenter', [`--net=${network}`, 'tc', 'qdisc', 'del', 'dev', device ?? '', 'root']);
    return;
  }
  const { group, side } = namesOf(layout, link);
  await ip(hub, [`link set ${port} master ${bridge}`]);
  await endGroup(group);
  await removeGroup(group);
  const links = await ask('nsenter', [`--net=${hub}`, 'ip', '-br', 'link']);
  if (new RegExp(`^${side}\\s`, 'm').test(links)) await ip(hub, [`link del ${side}`]);
}

/** Of interfaces: 15 characters at most. */
function namesOf({ name }: HostsLayout, { id }: DelayedLink) {
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 10);
  return { group: `${name}/relay-${digest}`, side: `s-${digest}`, near: `n-${digest}`, far: `f-${digest}` };
}
