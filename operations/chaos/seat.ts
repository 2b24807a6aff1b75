/**
 * Runs a command of ours inside the network of an environment's machines, where brokers answer under their names: the same command once more, in a process of
 * its own. What it needs of the machines' AWS, which does not answer there under its own address, it is handed.
 */
import { openObjects } from '../../clients/aws/objects.ts';
import { adminUser, userToken } from '../../cluster/services/tokens.ts';
import { bucketName, nodeListKey } from '../../contracts/aws-names.ts';
import type { HostsWorld } from '../../drivers/hosts/host-spec.ts';
import { assertPossible } from '../../drivers/hosts/preflight.ts';
import { seated } from '../../drivers/hosts/seat.ts';
import { environmentOf } from '../../drivers/local-aws/moto-server.ts';
import { authorityCertificateId } from '../../secrets/authority.ts';
import { type AwsEnvironment, openAwsEnvironment } from '../aws/aws-environment.ts';
import { withStore } from '../aws/ensure-secrets.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { hostsNotRunning } from '../hosts/errors.ts';
import { requireHosted } from '../hosts/hosted.ts';
import { withVariables } from '../rehearse/variables.ts';
import { type HandedOptions, type HandedOutcome, handedHere, runHanded } from './handed.ts';
import { type Handed, handedShape } from './hosts-system.ts';

/** @throws EnsembleError OPERATIONS_NO_HOSTS, OPERATIONS_HOSTS_NOT_RUNNING, DRIVER_HOSTS_NOT_POSSIBLE, CLIENT_AWS_... */
export async function runSeated(deployment: DeploymentOptions, options: HandedOptions): Promise<HandedOutcome> {
  await assertPossible();
  const { hosts } = await requireHosted({ ...deployment, leaveFaults: true });
  const aws = await openAwsEnvironment(deployment, 'chaos');
  const world = await hosts.world();
  const running = (await hosts.status()).filter(({ state }) => state !== 'stopped');
  if (world === undefined || running.length === 0) throw hostsNotRunning(aws.place.environment);
  const handed = await handedOf(aws, world);
  return await runHanded(handed, { ...options, command: await seated(hosts.layout, options.command) });
}

/** What this process was handed, where it is one that runSeated has started. */
export async function seatedHere(): Promise<Handed | undefined> {
  const handed = await handedHere();
  return handed === undefined ? undefined : handedShape.parse(handed);
}

async function handedOf(aws: AwsEnvironment, { hosts, cloud }: HostsWorld): Promise<Handed> {
  const { endpoint } = cloud;
  const theirs = environmentOf(`http://${endpoint.host}:${endpoint.port}`);
  return await withVariables({ ...theirs }, async () => {
    const objects = await openObjects({ region: aws.place.region }, bucketName(aws.place), aws.place.account);
    try {
      const lists: Record<string, string> = {};
      for (const { node } of hosts) {
        const text = await objects.read(nodeListKey(node));
        if (text !== undefined) lists[node] = text;
      }
      const secrets: Record<string, string> = {};
      await withStore(aws, async (store) => {
        for (const id of [userToken(adminUser), authorityCertificateId]) {
          const bytes = await store.read(id);
          if (bytes !== undefined) secrets[id] = bytes.toString('base64');
        }
      });
      return { lists, secrets };
    } finally {
      objects.close();
    }
  });
}
