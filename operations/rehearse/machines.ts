/** Machines of a rehearsal: those that are to run, booted; and as its report tells of them. */
import { awaitNode } from '../../drivers/hosts/await-node.ts';
import type { Hosts } from '../../drivers/hosts/hosts.ts';
import { hostsDriver } from '../hosts/hosted.ts';
import { awaitWhole, withOperated } from './operated.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { RehearsedMachine } from './report.ts';
import type { WorkOptions } from './stacks.ts';
import { rehearsedWorld } from './world.ts';

export async function machinesOf(hosts: Hosts): Promise<readonly RehearsedMachine[]> {
  return (await hosts.status()).map(({ node, instance, memoryMiB }) => ({ node, instance, memoryMiB }));
}

/**
 * The machines of those that are chosen run, and no other does; `fresh` are waited for until they serve, and the platform until it is whole.
 * @throws EnsembleError OPERATIONS_REHEARSE_..., DRIVER_..., CLIENT_AWS_...
 */
export async function bootChosen(
  rehearsal: Rehearsal,
  fresh: readonly string[],
  { signal, onProgress = () => undefined }: WorkOptions,
): Promise<void> {
  const { aws, chosen, image, hosted, objects, options } = rehearsal;
  const { hosts } = hosted;
  const waiting = { timeoutMs: options.timeoutMs, signal };
  const { world, ...secrets } = await rehearsedWorld(aws, chosen, image, hosts.layout, { onProgress, signal });
  await hosts.up(world, { ...secrets, signal, onProgress });
  const driver = hostsDriver(aws.environment, hosts, objects);
  for (const { group, node } of chosen.filter((each) => fresh.includes(each.node.id))) {
    await awaitNode(await hosts.machine(node.id), waiting);
    for (const service of group.services) await driver.ready({ node: node.id, service }, waiting);
  }
  await withOperated(rehearsal, signal, (operated) => awaitWhole(operated, { ...waiting, report: onProgress }));
}
