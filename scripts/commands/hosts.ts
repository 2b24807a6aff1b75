/** `ensemble hosts` */
import { exitStatus } from '../../contracts/error.ts';
import { leftBehind } from '../../operations/hosts/errors.ts';
import { takeHostsDown } from '../../operations/hosts/faults.ts';
import { openHosted, prepareImage, requireHosted } from '../../operations/hosts/hosted.ts';
import { formatTable, printJson, printLine } from '../present/terminal.ts';
import { sayUnreadable } from '../present/unreadable-notes.ts';
import type { Invocation } from './invocation.ts';

export async function image({ options, deployment }: Invocation): Promise<number> {
  const made = await prepareImage(deployment);
  if (options.json) printJson(made);
  else
    printLine(
      made.madeMs === undefined
        ? `${made.folder}: is there`
        : `${made.folder}: made in ${(made.madeMs / 1000).toFixed(0)} s`,
    );
  return exitStatus.ok;
}

export async function status({ options, deployment }: Invocation): Promise<number> {
  const { hosts, faults } = await requireHosted(deployment);
  const machines = await hosts.status();
  const { faults: standing, unreadable } = await faults.standing();
  const store = (await hosts.world())?.store;
  if (options.json) printJson({ machines, faults: standing, ...(store === undefined ? {} : { store: store.says }) });
  else {
    const rows = machines.map(({ node, instance, state, memoryMiB }) => [
      node,
      instance,
      state,
      memoryMiB === undefined ? '' : `${memoryMiB} MiB`,
      standing.flatMap((fault) => (fault.node === node ? [fault.kind] : [])).join(', '),
    ]);
    printLine(formatTable(['node', 'instance', 'state', 'memory', 'faults'], rows));
    if (store !== undefined) printLine(`${store.members.map(({ node }) => node).join(', ')}: ${store.says}`);
  }
  const said = sayUnreadable(unreadable);
  if (said !== exitStatus.ok) return said;
  return machines.every(({ state }) => state === 'running') ? exitStatus.ok : exitStatus.blocked;
}

export async function down({ options, deployment, signal, onWaitForLock }: Invocation): Promise<number> {
  const { hosts, environment } = await openHosted(deployment);
  const left = await takeHostsDown({ hosts }, { purge: options.purge, signal, onWaitForLock });
  if (left.length > 0) throw leftBehind(environment.cluster.environment, left);
  if (options.json) printJson({ left });
  else printLine('nothing of them is left');
  return exitStatus.ok;
}
