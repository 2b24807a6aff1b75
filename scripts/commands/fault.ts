/** `ensemble fault` */
import { exitStatus } from '../../contracts/error.ts';
import type { HostFaultNote } from '../../drivers/hosts/fault-journal.ts';
import { healFaults, injectFault } from '../../operations/hosts/faults.ts';
import { requireHosted } from '../../operations/hosts/hosted.ts';
import { formatTable, printJson, printLine } from '../present/terminal.ts';
import { sayUnreadable } from '../present/unreadable-notes.ts';
import { healOnAws, injectOnAws, listOnAws } from './aws-fault.ts';
import type { Invocation } from './invocation.ts';

export async function list(invocation: Invocation): Promise<number> {
  const { options, deployment } = invocation;
  if (options.driver === 'aws') return await listOnAws(invocation);
  const { faults } = await requireHosted(deployment);
  const { faults: standing, unreadable } = await faults.standing();
  if (options.json) printJson(standing);
  else if (standing.length === 0) printLine('no fault stands');
  else
    printLine(
      formatTable(
        ['id', 'since', 'fault'],
        standing.map((fault) => [fault.id, fault.time, told(fault)]),
      ),
    );
  return sayUnreadable(unreadable);
}

export async function inject(invocation: Invocation): Promise<number> {
  const { positional, options, deployment, signal, onWaitForLock } = invocation;
  if (options.driver === 'aws') return await injectOnAws(invocation);
  const [kind = '', node = ''] = positional;
  const { service, from, delayMs } = options;
  const request = { kind, node, service, from: from.length === 0 ? undefined : from, delayMs };
  const planned = await injectFault(await requireHosted(deployment), request, { signal, onWaitForLock });
  if (options.json) printJson(planned);
  else {
    printLine(`${planned.id}: ${told(planned)}`);
    if (planned.weaker !== undefined) printLine(`less than its name says: ${planned.weaker}`);
    printLine(`undo it with: ensemble fault heal ${planned.id}`);
  }
  return exitStatus.ok;
}

export async function heal(invocation: Invocation): Promise<number> {
  const { positional, options, deployment, signal, onWaitForLock } = invocation;
  if (options.driver === 'aws') return await healOnAws(invocation);
  const healed = await healFaults(await requireHosted(deployment), positional[0], { signal, onWaitForLock });
  if (options.json) printJson(healed);
  else printLine(healed.length === 0 ? 'no fault stands' : `healed: ${healed.map(({ id }) => id).join(', ')}`);
  return exitStatus.ok;
}

function told({ kind, node, service, from, delayMs, way }: HostFaultNote): string {
  const side = from === undefined ? '' : ` from ${from.join(', ')}`;
  const late = delayMs === undefined ? '' : ` by ${delayMs} ms`;
  return `${kind} of ${service === undefined ? node : `${service} on ${node}`}${side}${late} (by ${way})`;
}
