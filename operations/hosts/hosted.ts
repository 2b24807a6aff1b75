/** An environment whose machines run here, as commands open it: what was brought up, what it suffers, and its driver. Reads; reaches and starts nothing. */
import { join, resolve } from 'node:path';
import { cacheRootOf } from '../../artifacts/cache.ts';
import { namedAddressing } from '../../cluster/addressing.ts';
import { type Environment, loadEnvironment } from '../../cluster/load.ts';
import type { Id } from '../../cluster/model.ts';
import { type AwsDriverOptions, awsDriver } from '../../drivers/aws/aws-driver.ts';
import type { Driver } from '../../drivers/driver.ts';
import { type HostFaults, hostFaults } from '../../drivers/hosts/faults.ts';
import { hostFaultInjector } from '../../drivers/hosts/host-fault-injector.ts';
import { ensureImage, type HostImage } from '../../drivers/hosts/host-image.ts';
import { hostMachines } from '../../drivers/hosts/host-machines.ts';
import { type Hosts, hostsOf } from '../../drivers/hosts/hosts.ts';
import { assertPossible } from '../../drivers/hosts/preflight.ts';
import { healed } from '../chaos/heal-first.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { noHosts } from './errors.ts';

export interface Hosted {
  readonly hosts: Hosts;
  readonly faults: HostFaults;
}

export interface HostedEnvironment extends Hosted {
  readonly environment: Environment;
  /** The environment's own folder. */
  readonly stateDirectory: string;
}

/** @throws EnsembleError what loadEnvironment throws */
export async function openHosted(options: DeploymentOptions): Promise<HostedEnvironment> {
  const environment = await loadEnvironment(options.environment, options.environmentsDirectory);
  const stateDirectory = join(options.stateRoot, environment.cluster.environment);
  return { environment, stateDirectory, ...hostedIn(stateDirectory) };
}

/** @param stateDirectory the environment's own folder */
export function hostedIn(stateDirectory: string): Hosted {
  const hosts = hostsOf(resolve(stateDirectory));
  return { hosts, faults: hostFaults(hosts) };
}

/** What a chaos run that died has left on machines is healed first. @throws EnsembleError OPERATIONS_NO_HOSTS where none was brought up */
export async function requireHosted(options: DeploymentOptions): Promise<HostedEnvironment> {
  const hosted = await openHosted(options);
  if ((await hosted.hosts.world()) === undefined) throw noHosts(hosted.environment.cluster.environment);
  if (options.leaveFaults !== true) await healMachines(hosted, options);
  return hosted;
}

/** A run's own topics are left to a command in the machines' network. */
async function healMachines(
  { environment, stateDirectory, hosts }: HostedEnvironment,
  options: DeploymentOptions,
): Promise<void> {
  const driver = hostsDriver(environment, hosts, { read: async () => undefined, exists: async () => false });
  await healed({ driver, stateDirectory, faults: hostFaultInjector(hosts) }, options);
}

/** Of a driver, the nodes that have a machine: the others are neither asked nor waited for. */
export function bootedAlone(driver: Driver, booted: ReadonlySet<Id>): Driver {
  const isHere = ({ node }: { readonly node: Id }) => booted.has(node);
  return {
    ...driver,
    status: async () => (await driver.status()).filter(isHere),
    differences: async () => (await driver.differences()).filter(isHere),
  };
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
