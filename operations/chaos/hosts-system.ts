/**
 * An environment's machines on this machine as what scenarios are run on, opened from a place inside their network (seat.ts). What their AWS alone knows is
 * handed in: it does not answer there under its own address.
 */
import { z } from 'zod';
import { namedAddressing } from '../../cluster/addressing.ts';
import { bootstrapServers } from '../../cluster/bootstrap.ts';
import type { Environment } from '../../cluster/load.ts';
import { nodeListKey } from '../../contracts/aws-names.ts';
import { hostFaultInjector } from '../../drivers/hosts/host-fault-injector.ts';
import { notesOf } from '../../drivers/journal.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { bootedAlone, hostsDriver, requireHosted } from '../hosts/hosted.ts';
import { localWholeness } from '../local-wholeness.ts';
import { healed } from './heal-first.ts';
import { processServesMs, type SystemUnderTest } from './system.ts';

export const handedShape = z.strictObject({
  /** By node: the text of the list that it reads. */
  lists: z.record(z.string(), z.string()),
  /** By id: what a run needs of the operator's secrets, as base64. */
  secrets: z.record(z.string(), z.string()),
});
export type Handed = z.output<typeof handedShape>;

/** What a run that died has left is healed first, unless the command does so itself. @throws EnsembleError OPERATIONS_NO_HOSTS, and what loadEnvironment throws */
export async function hostsSystem(options: DeploymentOptions, { lists, secrets }: Handed): Promise<SystemUnderTest> {
  const { hosts, environment, stateDirectory } = await requireHosted({ ...options, leaveFaults: true });
  const { cluster } = environment;
  const addressing = namedAddressing(cluster);
  const texts = new Map(Object.entries(lists).map(([node, text]) => [nodeListKey(node), text]));
  const objects = { read: async (key: string) => texts.get(key), exists: async (key: string) => texts.has(key) };
  const world = await hosts.world();
  const booted = new Set(world?.hosts.map(({ node }) => node));
  const driver = bootedAlone(hostsDriver(environment, hosts, objects), booted);
  const bootstrap = bootstrapServers(cluster, addressing);
  const reach = { environment, stateDirectory, addressing, bootstrap };
  const system: SystemUnderTest = {
    ...reach,
    driver,
    faults: hostFaultInjector(hosts),
    notes: notesOf(reach),
    secrets: {
      async read(id) {
        const text = secrets[id];
        return text === undefined ? undefined : Buffer.from(text, 'base64');
      },
    },
    // Who has no machine here is not asked. One that stands in for the store is no member of anything.
    wholeness: {
      ...localWholeness({ ...reach, environment: bootedOf(environment, booted) }),
      ...(world?.store === undefined ? {} : { store: async () => new Map() }),
    },
    lockFile: hosts.layout.lock,
    driverName: 'hosts',
    servesWithinMs: processServesMs,
    withoutPrimary: world?.store === undefined ? 'the metadata store has no machines here' : world.store.says,
    withoutPush:
      'push servers on machines deliver to endpoints whose certificates a public authority vouches for, and none does in this network',
  };
  return await healed(system, options);
}

function bootedOf(environment: Environment, booted: ReadonlySet<string>): Environment {
  const { cluster } = environment;
  const groups = cluster.groups.map((group) => ({ ...group, nodes: group.nodes.filter(({ id }) => booted.has(id)) }));
  return { ...environment, cluster: { ...cluster, groups } };
}
