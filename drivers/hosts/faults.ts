/**
 * What a machine can be made to suffer, each with a way back: planned (or refused, with the reason), noted, made, healed. Healing goes by the note alone and
 * may be done twice.
 */
import { randomUUID } from 'node:crypto';
import type { Id } from '../../cluster/model.ts';
import type { FaultKind } from '../../contracts/fault.ts';
import { serviceUnitName } from '../../provision/unit.ts';
import { commandFailed, commandTimedOut } from '../aws/errors.ts';
import { unitFaultScripts, unitHealScripts } from '../aws/unit-faults.ts';
import { faultWasNoTerm } from '../errors.ts';
import { type Healed, leaveWithinMs } from '../fault-injector.ts';
import { awaitNode } from './await-node.ts';
import {
  forgetFault,
  type HostFaultNote,
  noteFault,
  type StandingHostFaults,
  standingFaults,
} from './fault-journal.ts';
import type { Hosts } from './hosts.ts';
import { hubNetwork, machineLayout } from './layout.ts';
import { cutPair, hasPairCuts, joinPair } from './link-cuts.ts';
import { delayLink, noWayToDelay, undelayLink, wayToDelay } from './link-delay.ts';
import type { Machine } from './machine.ts';
import { ip } from './networks.ts';

export interface HostFault {
  readonly kind: FaultKind;
  readonly node: Id;
  /** Of one service alone; the whole machine where absent. */
  readonly service?: Id | undefined;
  /** `isolate`: from these nodes; from everything where absent. */
  readonly from?: readonly Id[] | undefined;
  /** `slow-link`: each packet that way and back; 100 where absent. */
  readonly delayMs?: number | undefined;
}

export interface HostFaults {
  /** Changes nothing. @throws EnsembleError DRIVER_UNKNOWN_HOST */
  plan(fault: HostFault): Promise<HostFaultNote | { readonly cannot: string }>;
  inject(planned: HostFaultNote): Promise<void>;
  /** Idempotent. @throws EnsembleError DRIVER_UNKNOWN_HOST where a volume that is filled belongs to no machine: it stays as it is, and noted */
  heal(planned: HostFaultNote): Promise<Healed>;
  standing(): Promise<StandingHostFaults>;
}

const ofMachine: ReadonlySet<FaultKind> = new Set(['isolate', 'slow-link', 'full-disk', 'machine-kill']);
const askMs = 60_000;
const leaveSeconds = Math.round(leaveWithinMs / 1000);
/** As timeout(1) says it. */
const timedOut = 124;
const defaultDelayMs = 100;
const becomeMs = 180_000;

export function hostFaults(hosts: Hosts): HostFaults {
  const { layout } = hosts;
  const hub = hubNetwork(layout);
  const portOf = (node: Id) => machineLayout(layout, node).port;
  const linkOf = (node: Id) => ({ port: portOf(node), network: machineLayout(layout, node).network });

  async function addressesOf(nodes: readonly Id[]): Promise<readonly string[]> {
    return await Promise.all(nodes.map(async (node) => (await hosts.machine(node)).host.address));
  }

  /** Why a link is not made to suffer the same twice: what heals the one would end the other. Pairs are cut by rules of their own each. */
  async function standsOnLink({ kind, node, from }: HostFault): Promise<string | undefined> {
    if (kind !== 'slow-link' && (kind !== 'isolate' || from !== undefined)) return undefined;
    const { faults } = await standingFaults(layout.journalFolder);
    const same = faults.find((each) => each.kind === kind && each.node === node && each.from === undefined);
    return same === undefined ? undefined : `${same.id} stands on the link of ${node} already`;
  }

  async function plan(fault: HostFault): Promise<HostFaultNote | { readonly cannot: string }> {
    const { kind, node, service, from, delayMs } = fault;
    const machine = await hosts.machine(node);
    if (from !== undefined) await addressesOf(from);
    if (service !== undefined && ofMachine.has(kind))
      return { cannot: `${kind} is of a whole machine, not of ${service} alone` };
    if (from !== undefined && kind !== 'isolate') return { cannot: `${kind} has no other side` };
    if ((await machine.status()).state !== 'running') return { cannot: `the machine of ${node} does not run` };
    if (service !== undefined) {
      const { status } = await machine.run(`systemctl cat ${serviceUnitName(service)}`, askMs);
      if (status !== 0) return { cannot: `${node} has no service ${service}` };
    }
    const planned = (way: string, weaker?: string): HostFaultNote => ({
      id: `${kind}-${node}-${randomUUID().slice(0, 8)}`,
      kind,
      node,
      ...(service === undefined ? {} : { service }),
      ...(from === undefined ? {} : { from }),
      ...(kind === 'slow-link' ? { delayMs: delayMs ?? defaultDelayMs } : {}),
      time: new Date().toISOString(),
      way,
      ...(weaker === undefined ? {} : { weaker }),
    });
    const second = await standsOnLink(fault);
    if (second !== undefined) return { cannot: second };
    switch (kind) {
      case 'term':
      case 'kill':
      case 'pause':
        return planned(service === undefined ? 'machine' : 'unit');
      case 'machine-kill':
        return planned(
          'machine',
          'pages that were not on the disk yet survive it: they are in the memory of the machine below',
        );
      case 'isolate':
        if (from === undefined) return planned('link', 'it is cut off from the cloud too');
        return (await hasPairCuts(hub))
          ? planned('pairs')
          : { cannot: 'nft is not on the PATH, or the kernel has no tables for bridges' };
      case 'slow-link': {
        const way = await wayToDelay();
        return way === undefined ? { cannot: noWayToDelay } : planned(way);
      }
      case 'full-disk':
        return machine.host.volumes.length === 0 ? { cannot: `${node} has no volume` } : planned('file');
    }
  }

  async function onMachine(machine: Machine, script: string, timeoutMs = askMs): Promise<void> {
    const { status, output, errors } = await machine.run(script, timeoutMs);
    if (status === timedOut) throw commandTimedOut(machine.host.node, 'fault', timeoutMs / 1000, []);
    if (status !== 0)
      throw commandFailed(machine.host.node, 'fault', status ?? -1, `${output}\n${errors}`.trim().split('\n'));
  }

  /** The file is on a volume that the machine has mounted once it is its node, whoever has started it. */
  async function empty(machine: Machine, id: string): Promise<void> {
    await machine.start();
    // One whose full disk keeps it from becoming its node has it mounted already.
    if ((await machine.run(emptyScript(id), askMs)).status === 0) return;
    await awaitNode(machine, { timeoutMs: becomeMs, signal: AbortSignal.timeout(becomeMs) });
    await onMachine(machine, emptyScript(id));
  }

  async function make({ id, kind, node, service, from, delayMs, way }: HostFaultNote): Promise<void> {
    const machine = await hosts.machine(node);
    const unit = service === undefined ? undefined : serviceUnitName(service);
    switch (kind) {
      case 'term':
        if (unit !== undefined) await onMachine(machine, unitFaultScripts.term(unit), leaveWithinMs);
        else if ((await machine.stop(leaveWithinMs)) === 'killed')
          throw faultWasNoTerm(`the machine of ${node}`, leaveSeconds);
        return;
      case 'kill':
      case 'machine-kill':
        if (unit === undefined) await machine.kill();
        else await onMachine(machine, unitFaultScripts.kill(unit));
        return;
      case 'pause':
        if (unit === undefined) await machine.pause();
        else await onMachine(machine, unitFaultScripts.pause(unit));
        return;
      case 'isolate':
        if (from === undefined) await ip(hub, [`link set ${portOf(node)} down`]);
        else await cutPair(hub, id, machine.host.address, await addressesOf(from));
        return;
      case 'slow-link':
        await delayLink(layout, { id, hub, ...linkOf(node), delayMs: delayMs ?? defaultDelayMs, way });
        return;
      case 'full-disk':
        await onMachine(machine, fillScript(id));
    }
  }

  async function heal(planned: HostFaultNote): Promise<Healed> {
    const { id, kind, node } = planned;
    const isHere = (await hosts.machines()).some(({ host }) => host.node === node);
    if (isHere || kind === 'full-disk') await undo(planned, await hosts.machine(node));
    // A node that left took what befell it along; a link that outlives its machine is mended for whoever comes back to it.
    else await undoLink(planned).catch(() => undefined);
    await forgetFault(layout.journalFolder, id);
    return isHere ? 'undone' : 'gone';
  }

  async function undoLink({ id, kind, node, from, way }: HostFaultNote): Promise<void> {
    if (kind === 'slow-link') await undelayLink(layout, { id, hub, ...linkOf(node), way });
    else if (kind === 'isolate' && from !== undefined) await joinPair(hub, id);
    else if (kind === 'isolate') await ip(hub, [`link set ${portOf(node)} up`]);
  }

  async function undo(planned: HostFaultNote, machine: Machine): Promise<void> {
    const { id, kind, service } = planned;
    const unit = service === undefined ? undefined : serviceUnitName(service);
    switch (kind) {
      case 'term':
      case 'kill':
      case 'machine-kill':
        if (unit === undefined) await machine.start();
        else await onMachine(machine, unitHealScripts.kill(unit));
        break;
      case 'pause':
        if (unit === undefined) await machine.resume();
        else await onMachine(machine, unitHealScripts.pause(unit));
        break;
      case 'isolate':
      case 'slow-link':
        await undoLink(planned);
        break;
      case 'full-disk':
        await empty(machine, id);
    }
  }

  return {
    plan,
    heal,
    standing: () => standingFaults(layout.journalFolder),
    async inject(planned) {
      await noteFault(layout.journalFolder, planned);
      await make(planned);
    },
  };
}

/**
 * Every volume of the machine, to its last block: by blocks that are promised and not written, which take no room of this machine's own disk; again where a service that meets a full disk gives some back as it ends.
 */
function fillScript(id: string): string {
  return `set -u
free_bytes() { df --output=avail -B1 "$1" | tail -n 1; }
full=
for mount in $(sed -n 's/^volume [^ ]* [^ ]* //p' /var/lib/ensemble-node/list); do
	file=$mount/.${id}
	: >>"$file"
	tries=0
	while :; do
		step=$(free_bytes "$mount")
		while [ "$step" -ge 4096 ] && [ "$(free_bytes "$mount")" -ge 4096 ]; do
			fallocate -o "$(stat -c %s "$file")" -l "$step" "$file" 2>/dev/null || step=$((step / 2))
		done
		# What is left is the file system's own: full is what takes no more.
		dd if=/dev/zero of="$file" bs=512 count=32768 oflag=append conv=notrunc status=none 2>/dev/null || break
		tries=$((tries + 1))
		[ "$tries" -lt 20 ] || { echo "$mount is not full"; exit 1; }
	done
	full=yes
done
[ -n "$full" ] || { echo 'no volume is mounted'; exit 1; }`;
}

/** Fails where a volume is not mounted: a file that is not to be seen is not gone. */
function emptyScript(id: string): string {
  return `set -u
seen=
for mount in $(sed -n 's/^volume [^ ]* [^ ]* //p' /var/lib/ensemble-node/list); do
	mountpoint -q "$mount" || { echo "$mount is not mounted"; exit 1; }
	rm -f "$mount/.${id}" || exit 1
	seen=yes
done
[ -n "$seen" ] || { echo 'no volume is mounted'; exit 1; }`;
}
