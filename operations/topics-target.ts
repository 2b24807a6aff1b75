/**
 * Which cluster a topics command speaks to, how, and with which manifest: an environment that runs on this machine, or any Kafka (2.6 to 3.9) that
 * a person names with --bootstrap, ours or not.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { connect, type KafkaConnection } from '../clients/kafka/connection.ts';
import { type ClientAccess, loadClientProperties } from '../clients/kafka/load-client-properties.ts';
import { loadEnvironment } from '../cluster/load.ts';
import type { Cluster } from '../cluster/model.ts';
import { withFileLock } from '../platform/file-lock.ts';
import { type DeploymentOptions, openDeployment } from './deployment.ts';
import { noBootstrapInOutputs, noManifest, outputsUnreadable } from './errors.ts';
import { nodesRunning } from './health.ts';

export interface TopicsTargetOptions extends DeploymentOptions {
  /** `host:port,host:port`; the environment's own brokers where absent. */
  readonly bootstrap?: string | undefined;
  /** A properties file as Kafka's own tools take it. */
  readonly commandConfig?: string | undefined;
  /** Instead of the environment's. */
  readonly manifest?: string | undefined;
  /** Whether --environment was given, or is the default that nobody asked for. */
  readonly environmentGiven: boolean;
}

export interface TopicsTarget {
  /** For people: the environment's name, or the addresses. */
  readonly name: string;
  readonly access: ClientAccess;
  /** Absolute; undefined where --bootstrap stands alone, for commands that need none. */
  readonly manifestFile: string | undefined;
  /** For the manifest's overrides; undefined for a cluster that belongs to no environment. */
  readonly environment: string | undefined;
  /** Brokers that the environment has, those included that are down; undefined where nobody knows. */
  readonly brokers: number | undefined;
  /** Commands that change topics of a local environment take its lock; elsewhere the plan's fingerprint guards. */
  readonly lock: string | undefined;
}

/** @throws EnsembleError of the environment, the deployment or the properties file */
export async function openTopicsTarget(options: TopicsTargetOptions): Promise<TopicsTarget> {
  const access =
    options.commandConfig === undefined ? { bootstrap: [] } : await loadClientProperties(options.commandConfig);
  const named = options.bootstrap?.split(',').map((each) => each.trim()) ?? access.bootstrap;
  const manifestFile = options.manifest === undefined ? undefined : resolve(options.manifest);
  if (named.length === 0) return await localTarget(options, access, manifestFile);
  const name = named.join(',');
  const elsewhere = { name, access: { ...access, bootstrap: named }, lock: undefined };
  if (!options.environmentGiven) return { ...elsewhere, manifestFile, environment: undefined, brokers: undefined };
  // A cloud's brokers behind a tunnel, say: the manifest and its overrides are the environment's all the same.
  const environment = await loadEnvironment(options.environment, options.environmentsDirectory);
  const { cluster } = environment;
  return {
    ...elsewhere,
    manifestFile: manifestFile ?? environment.manifestFile,
    environment: cluster.environment,
    brokers: activeBrokers(cluster),
  };
}

async function localTarget(
  options: TopicsTargetOptions,
  access: ClientAccess,
  manifestFile: string | undefined,
): Promise<TopicsTarget> {
  const deployment = await openDeployment(options);
  const { cluster, manifestFile: own } = deployment.environment;
  return {
    name: cluster.environment,
    access: { ...access, bootstrap: deployment.bootstrap },
    manifestFile: manifestFile ?? own,
    environment: cluster.environment,
    brokers: activeBrokers(cluster),
    lock: `${deployment.stateDirectory}/lock`,
  };
}

/** Brokers that are to stay. */
export function activeBrokers({ groups }: Cluster): number {
  return nodesRunning(groups, 'kafka').filter((node) => !node.leaving).length;
}

/** @throws EnsembleError OPERATIONS_NO_MANIFEST */
export function requireManifest({ manifestFile, name }: TopicsTarget): string {
  if (manifestFile === undefined) throw noManifest(name);
  return manifestFile;
}

/** @throws EnsembleError CLIENT_UNREACHABLE and the like */
export async function withCluster<T>(
  { access }: Pick<TopicsTarget, 'access'>,
  work: (connection: KafkaConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ ...access, clientId: 'ensemble' });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Runs `work` alone among the commands of this machine that change the same local environment. */
export async function exclusively<T>(
  { lock }: TopicsTarget,
  {
    signal,
    onWaitForLock,
  }: { readonly signal: AbortSignal; readonly onWaitForLock?: ((pid: number) => void) | undefined },
  work: () => Promise<T>,
): Promise<T> {
  return lock === undefined
    ? await work()
    : await withFileLock(lock, { signal, onWait: ({ pid }) => onWaitForLock?.(pid) }, work);
}

/**
 * The bootstrap servers that a deployment printed: `terraform output -json`, or the file of `cdktf deploy --outputs-file`. The first text under a
 * key such as bootstrapServers or bootstrap_servers counts, however deep it lies.
 * @throws EnsembleError OPERATIONS_OUTPUTS_UNREADABLE, OPERATIONS_NO_BOOTSTRAP
 */
export async function bootstrapFromOutputs(file: string): Promise<string> {
  let outputs: unknown;
  try {
    outputs = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw outputsUnreadable(file, cause);
  }
  const found = findBootstrap(outputs, false);
  if (found === undefined) throw noBootstrapInOutputs(file);
  return found;
}

function findBootstrap(value: unknown, named: boolean): string | undefined {
  if (typeof value === 'string') return named && value !== '' ? value : undefined;
  if (Array.isArray(value))
    return named && value.length > 0 && value.every((each) => typeof each === 'string') ? value.join(',') : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    // Terraform wraps each output as { sensitive, type, value }.
    const isNamed = /bootstrap[-_]?servers?$/i.test(key) || (named && key === 'value');
    const found = findBootstrap(inner, isNamed);
    if (found !== undefined) return found;
  }
  return undefined;
}
