/** Machines of a rehearsal, as its report tells of them. */
import type { Hosts } from '../../drivers/hosts/hosts.ts';
import type { RehearsedMachine } from './report.ts';

export async function machinesOf(hosts: Hosts): Promise<readonly RehearsedMachine[]> {
  return (await hosts.status()).map(({ node, instance, memoryMiB }) => ({ node, instance, memoryMiB }));
}
