/** An environment whose machines run here, as commands open it: what was brought up, what it suffers, and its driver. Reads; reaches and starts nothing. */
import { resolve } from 'node:path';
import { cacheRootOf } from '../../artifacts/cache.ts';
import { namedAddressing } from '../../cluster/addressing.ts';
import { type Environment, loadEnvironment } from '../../cluster/load.ts';
import { type AwsDriverOptions, awsDriver } from '../../drivers/aws/aws-driver.ts';
import type { Driver } from '../../drivers/driver.ts';
import { type HostFaults, hostFaults } from '../../drivers/hosts/faults.ts';
import { ensureImage, type HostImage } from '../../drivers/hosts/host-image.ts';
import { hostMachines } from '../../drivers/hosts/host-machines.ts';
import { type Hosts, hostsOf } from '../../drivers/hosts/hosts.ts';
import { assertPossible } from '../../drivers/hosts/preflight.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { noHosts } from './errors.ts';

export interface Hosted {
  readonly hosts: Hosts;
  readonly faults: HostFaults;
}

/** @throws EnsembleError what loadEnvironment throws */
export async function openHosted(options: DeploymentOptions): Promise<Hosted & { readonly environment: Environment }> {
  const environment = await loadEnvironment(options.environment, options.environmentsDirectory);
  return { environment, ...hostedIn(`${options.stateRoot}/${environment.cluster.environment}`) };
}

/** @param stateDirectory the environment's own folder */
export function hostedIn(stateDirectory: string): Hosted {
  const hosts = hostsOf(resolve(stateDirectory));
  return { hosts, faults: hostFaults(hosts) };
}

/** @throws EnsembleError OPERATIONS_NO_HOSTS where none was brought up */
export async function requireHosted(
  options: DeploymentOptions,
): Promise<Hosted & { readonly environment: Environment }> {
  const hosted = await openHosted(options);
  if ((await hosted.hosts.world()) === undefined) throw noHosts(hosted.environment.cluster.environment);
  return hosted;
}

/** The driver of AWS, with machines of this machine: commands for nodes are the same text. `objects`: of the environment's bucket. */
export function hostsDriver(
  { cluster }: Pick<Environment, 'cluster'>,
  hosts: Hosts,
  objects: AwsDriverOptions['objects'],
): Driver {
  return awsDriver({ cluster, addressing: namedAddressing(cluster), machines: hostMachines(hosts), objects });
}

/** The image that machines start from, made where it is not there. @throws EnsembleError DRIVER_HOSTS_NOT_POSSIBLE, DRIVER_HOST_COMMAND_FAILED */
export async function prepareImage(options: Pick<DeploymentOptions, 'onProgress' | 'signal'>): Promise<HostImage> {
  await assertPossible();
  return await ensureImage({ ...options, cacheRoot: cacheRootOf(undefined, process.env) });
}
