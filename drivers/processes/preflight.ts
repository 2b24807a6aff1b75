/** What would keep services from starting on this machine, found before the first of them starts. */
import type { Addressing } from '../../cluster/addressing.ts';
import type { Node } from '../../cluster/model.ts';
import { serviceTable } from '../../cluster/services/table.ts';
import type { ServiceRef } from '../driver.ts';
import { addressNotHere, portNotPermitted, portTaken, tooLittleMemory } from '../errors.ts';
import { portHolder, tryListen } from './ports.ts';

/** @throws EnsembleError DRIVER_PORT_TAKEN, DRIVER_PORT_NOT_PERMITTED, DRIVER_ADDRESS_NOT_HERE */
export async function checkPorts(
  units: readonly { readonly ref: ServiceRef; readonly node: Node }[],
  addressing: Addressing,
): Promise<void> {
  for (const { ref, node } of units) {
    for (const listener of serviceTable.get(ref.service)?.listeners ?? []) {
      const host = addressing.bind(node);
      const port = addressing.port(node, ref.service, listener.name);
      const found = await tryListen(host, port);
      if (found.kind === 'taken') throw portTaken(ref, `${host}:${port}`, await portHolder(host, port));
      if (found.kind === 'not permitted')
        throw portNotPermitted(ref, `${host}:${port}`, `${ref.service}.${listener.name}`, found.cause);
      if (found.kind === 'no address') throw addressNotHere(ref, host, found.cause);
    }
  }
}

/** @throws EnsembleError DRIVER_TOO_LITTLE_MEMORY */
export function checkMemory(neededMiB: readonly number[], availableMiB = availableMemoryMiB()): void {
  const needed = neededMiB.reduce((sum, each) => sum + each, 0);
  if (needed > availableMiB) throw tooLittleMemory(needed, availableMiB, neededMiB.length);
}

/** Free and reclaimable, within the limits of this process's control group. */
function availableMemoryMiB(): number {
  return Math.floor(process.availableMemory() / 1024 / 1024);
}
