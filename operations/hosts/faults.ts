/** What is done to machines by hand, one after the other under their lock: faults, each noted before it is made, and the end of them all. */
import { rmdir } from 'node:fs/promises';
import { faultKinds } from '../../contracts/fault.ts';
import type { HostFaultNote } from '../../drivers/hosts/fault-journal.ts';
import type { HostFault } from '../../drivers/hosts/faults.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import { healStanding } from '../heal-standing.ts';
import { faultNotPossible, faultUnknown } from './errors.ts';
import type { Hosted } from './hosted.ts';

export type FaultRequest = Omit<HostFault, 'kind'> & { readonly kind: string };

interface LockOptions {
  readonly signal: AbortSignal;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

/** @throws EnsembleError OPERATIONS_FAULT_UNKNOWN, OPERATIONS_FAULT_NOT_POSSIBLE, DRIVER_... */
export async function injectFault(hosted: Hosted, request: FaultRequest, options: LockOptions): Promise<HostFaultNote> {
  const kind = faultKinds.find((known) => known === request.kind);
  if (kind === undefined) throw faultUnknown(request.kind, []);
  return await locked(hosted, options, async () => {
    const planned = await hosted.faults.plan({ ...request, kind });
    if ('cannot' in planned) throw faultNotPossible(kind, request.node, planned.cannot);
    await hosted.faults.inject(planned);
    return planned;
  });
}

/** The one of that id, or all, the youngest first. @throws EnsembleError OPERATIONS_FAULT_UNKNOWN, OPERATIONS_FAULTS_STAND with those that could not be undone; the others are */
export async function healFaults(
  hosted: Hosted,
  id: string | undefined,
  options: LockOptions,
): Promise<readonly HostFaultNote[]> {
  return await locked(hosted, options, async () =>
    healStanding(await hosted.faults.standing(), id, {
      undo: (fault) => hosted.faults.heal(fault),
      signal: options.signal,
      next: '`ensemble fault heal` again; `ensemble hosts down` ends the machines, and with them all faults but filled volumes.',
    }),
  );
}

/** Ends the machines, and what they were made of; what is still there, which is nothing. A scenario or a roll that plays on them is waited for. */
export async function takeHostsDown(
  { hosts }: Pick<Hosted, 'hosts'>,
  { purge, ...lock }: LockOptions & { readonly purge: boolean },
): Promise<readonly string[]> {
  const left = await locked({ hosts }, lock, async () => {
    await hosts.down({ purge });
    return await hosts.leftovers();
  });
  // Only where nobody else waits for it by now.
  if (purge) await rmdir(hosts.layout.lock).catch(() => undefined);
  return left;
}

async function locked<T>(
  { hosts }: Pick<Hosted, 'hosts'>,
  { signal, onWaitForLock }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const onWait = ({ pid }: { readonly pid: number }) => onWaitForLock?.(pid);
  return await withFileLock(hosts.layout.lock, { signal, onWait }, work);
}
