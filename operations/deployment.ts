/**
 * One environment as it is deployed on this machine: its model, how its nodes are reached, where its state lies, and the driver that runs it.
 * Every command opens it the same way, so that all of them agree with what `up` decided.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type Addressing, type LocalScheme, localAddressing } from '../cluster/addressing.ts';
import { bootstrapServers } from '../cluster/bootstrap.ts';
import { type Environment, loadEnvironment } from '../cluster/load.ts';
import type { Cluster, Node } from '../cluster/model.ts';
import { allNodes } from '../cluster/resolve.ts';
import type { Late } from '../contracts/late.ts';
import type { Driver, ServiceRef } from '../drivers/driver.ts';
import type { FaultInjector } from '../drivers/fault-injector.ts';
import { tryListen } from '../drivers/processes/ports.ts';
import { processDriver } from '../drivers/processes/process-driver.ts';
import { processFaults } from '../drivers/processes/process-faults.ts';
import { writeWhole } from '../drivers/processes/record.ts';
import { fileStore } from '../secrets/file-store.ts';
import type { SecretStore } from '../secrets/store.ts';
import { healed } from './chaos/heal-first.ts';
import { neverBroughtUp, statePathUnusable, targetNotLocal } from './errors.ts';
import { missingServices, rememberMachine } from './machine.ts';
import { type RuntimeSource, runtimeSource, runtimesOf } from './runtimes.ts';

export interface DeploymentOptions {
  /** A name in `environmentsDirectory`, or a path. */
  readonly environment: string;
  readonly environmentsDirectory: string;
  /** The folder that holds the state of all environments: `.ensemble`. Absolute. */
  readonly stateRoot: string;
  /** Notices while artefacts are fetched. */
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What a chaos run has left stays as it is: the command heals it itself. */
  readonly leaveFaults?: boolean | undefined;
}

export interface Deployment {
  readonly environment: Environment;
  readonly stateDirectory: string;
  readonly scheme: LocalScheme;
  readonly addressing: Addressing;
  readonly secrets: SecretStore;
  readonly driver: Driver;
  /** For the chaos runner, and for healing what one has left. */
  readonly faults: FaultInjector;
  /** What a program runs with; fetched at the first call, remembered after. */
  readonly runtime: RuntimeSource;
  /** `host:port` of every worker's plain listener. */
  readonly bootstrap: readonly string[];
}

const recordSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('loopback') }),
  z.object({ kind: z.literal('shifted-ports'), address: z.string() }),
]);

/** @throws EnsembleError OPERATIONS_TARGET_NOT_LOCAL, OPERATIONS_NEVER_BROUGHT_UP, and what loadEnvironment throws */
export async function openDeployment(options: DeploymentOptions): Promise<Deployment> {
  const environment = await loadLocal(options);
  const stateDirectory = stateDirectoryOf(options, environment);
  const scheme = await readScheme(stateDirectory, environment);
  if (scheme === undefined) throw neverBroughtUp(environment.cluster.environment);
  return await healed(assemble(environment, stateDirectory, scheme, options), options);
}

/** The same for `up`, which then remembers how nodes are reached, and for `doctor`: decided where nothing was decided before. Writes nothing. */
export async function previewDeployment(options: DeploymentOptions): Promise<Deployment> {
  const environment = await loadLocal(options);
  const stateDirectory = stateDirectoryOf(options, environment);
  const scheme = (await readScheme(stateDirectory, environment)) ?? (await chooseScheme(environment));
  return await healed(assemble(environment, stateDirectory, scheme, options), options);
}

/** Both at once, for a caller without a lock. */
export async function createDeployment(options: DeploymentOptions): Promise<Deployment> {
  const deployment = await previewDeployment(options);
  await rememberScheme(deployment);
  return deployment;
}

/** From now on every command reaches nodes as this deployment does. Under the lock: a purge that it waited for has removed what was there. */
export async function rememberScheme({ environment, stateDirectory, scheme }: Deployment): Promise<void> {
  await rememberMachine(environment.cluster, stateDirectory);
  const text = `${JSON.stringify(scheme)}\n`;
  const file = schemeFile(stateDirectory);
  if ((await readFile(file, 'utf8').catch(() => undefined)) !== text) await writeWhole(file, text, 0o644);
}

async function loadLocal(options: DeploymentOptions): Promise<Environment> {
  const loaded = await loadEnvironment(options.environment, options.environmentsDirectory, (spec) =>
    // Another target's machines have what its environment asks for.
    spec.target === 'local' ? missingServices(spec, join(options.stateRoot, spec.name)) : Promise.resolve([]),
  );
  if (loaded.cluster.target !== 'local') throw targetNotLocal(loaded.cluster.environment, loaded.cluster.target);
  return loaded;
}

/** @throws EnsembleError OPERATIONS_STATE_PATH_UNUSABLE */
function stateDirectoryOf({ stateRoot }: DeploymentOptions, { cluster }: Environment): string {
  // Kafka splits log.dirs at commas and knows no way to write one within a path.
  if (stateRoot.includes(',')) throw statePathUnusable(stateRoot);
  return join(stateRoot, cluster.environment);
}

function schemeFile(stateDirectory: string): string {
  return join(stateDirectory, 'addressing.json');
}

/** Undefined where none was decided. One that a crash of the machine left unreadable is decided again: the same machine gives the same answer. */
async function readScheme(stateDirectory: string, environment: Environment): Promise<LocalScheme | undefined> {
  const text = await readFile(schemeFile(stateDirectory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return await chooseScheme(environment);
  }
}

/** Linux answers on all of 127/8; elsewhere only the addresses that an interface has, so that ports must differ. */
async function chooseScheme({ cluster }: Environment): Promise<LocalScheme> {
  const loopback: LocalScheme = { kind: 'loopback' };
  const [first] = allNodes(cluster);
  if (first === undefined) return loopback;
  const found = await tryListen(localAddressing(cluster, loopback, '').host(first), 0);
  return found.kind === 'no address' ? { kind: 'shifted-ports', address: '127.0.0.1' } : loopback;
}

function assemble(
  environment: Environment,
  stateDirectory: string,
  scheme: LocalScheme,
  options: DeploymentOptions,
): Deployment {
  const { cluster } = environment;
  const addressing = localAddressing(cluster, scheme, stateDirectory);
  const secrets = fileStore(join(stateDirectory, 'secrets'));
  const made = runtimeSource({
    environment: cluster.environment,
    secrets,
    signal: options.signal,
    directory: dirname(environment.file),
  });
  const runtime: RuntimeSource = (program, onProgress) => made(program, onProgress ?? options.onProgress);
  const driver = processDriver({
    cluster,
    addressing,
    stateDirectory,
    runtimes: runtimesOf(runtime),
    resolveLate: (node, late) => resolveLate(secrets, node, late),
  });
  return {
    environment,
    stateDirectory,
    scheme,
    addressing,
    secrets,
    driver,
    faults: processFaults({ driver, stateDirectory, isNamed: (ref) => isNamed(cluster, ref) }),
    runtime,
    bootstrap: bootstrapServers(environment.cluster, addressing),
  };
}

function isNamed({ groups }: Cluster, { node, service }: ServiceRef): boolean {
  return groups.some(({ services, nodes }) => services.includes(service) && nodes.some(({ id }) => id === node));
}

async function resolveLate(secrets: SecretStore, node: Node, late: Late): Promise<string> {
  if ('fact' in late) return node.zone;
  const bytes = await secrets.read(late.secret);
  if (bytes === undefined) throw new TypeError(`the secret ${late.secret} was not made before ${node.id} asked for it`);
  return bytes.toString('utf8');
}
