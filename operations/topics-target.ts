/**
 * Which cluster a topics command speaks to, how, and with which manifest: an environment that runs on this machine, one that is deployed on AWS (through
 * the function inside its network), or any Kafka (2.6 to 3.9) that a person names with --bootstrap, ours or not.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { connect } from '../clients/kafka/connection.ts';
import { type ClientAccess, loadClientProperties } from '../clients/kafka/load-client-properties.ts';
import { type Environment, loadEnvironment } from '../cluster/load.ts';
import type { Cluster } from '../cluster/model.ts';
import { topicsApplierArn } from '../contracts/aws-names.ts';
import { withFileLock } from '../platform/file-lock.ts';
import { type TopicsWork, workOver } from '../topics/topics-work.ts';
import { openApplier } from './applier.ts';
import { workThrough } from './applier-work.ts';
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
  readonly open: () => Promise<OpenTopics>;
  /** Absolute; undefined where --bootstrap stands alone, for commands that need none. */
  readonly manifestFile: string | undefined;
  /** For the manifest's overrides; undefined for a cluster that belongs to no environment. */
  readonly environment: string | undefined;
  /** Brokers that the environment has, those included that are down; undefined where nobody knows. */
  readonly brokers: number | undefined;
  /** The environment's nodes that run a broker; empty for a cluster that belongs to none. */
  readonly nodes: readonly BrokerNode[];
  /** Commands that change topics of a local environment take its lock; elsewhere the plan's fingerprint guards. */
  readonly lock: string | undefined;
}

export interface BrokerNode {
  readonly node: string;
  /** Its broker.id. */
  readonly broker: number;
  /** Whether it is listed under `retired:`. */
  readonly leaving: boolean;
}

/** A way to a cluster's topics. */
export interface OpenTopics {
  readonly work: TopicsWork;
  close(): Promise<void>;
}

/** @throws EnsembleError of the environment, the deployment or the properties file */
export async function openTopicsTarget(options: TopicsTargetOptions): Promise<TopicsTarget> {
  const access =
    options.commandConfig === undefined ? { bootstrap: [] } : await loadClientProperties(options.commandConfig);
  const named = options.bootstrap?.split(',').map((each) => each.trim()) ?? access.bootstrap;
  const manifestFile = options.manifest === undefined ? undefined : resolve(options.manifest);
  if (named.length === 0) {
    const environment = await loadEnvironment(options.environment, options.environmentsDirectory);
    return environment.cluster.target === 'aws'
      ? functionTarget(environment, manifestFile)
      : await localTarget(options, access, manifestFile);
  }
  const elsewhere = { name: named.join(','), open: direct({ ...access, bootstrap: named }), lock: undefined };
  const nobody = { environment: undefined, brokers: undefined, nodes: [] };
  if (!options.environmentGiven) return { ...elsewhere, manifestFile, ...nobody };
  // From inside a cloud's network, say: the manifest and its overrides are the environment's all the same.
  const environment = await loadEnvironment(options.environment, options.environmentsDirectory);
  return { ...elsewhere, ...ofEnvironment(environment, manifestFile) };
}

function ofEnvironment(
  { cluster, manifestFile: own }: Environment,
  manifestFile: string | undefined,
): Pick<TopicsTarget, 'manifestFile' | 'environment' | 'brokers' | 'nodes'> {
  return {
    manifestFile: manifestFile ?? own,
    environment: cluster.environment,
    brokers: activeBrokers(cluster),
    nodes: nodesRunning(cluster.groups, 'kafka').map(({ id, ordinal, leaving }) => ({
      node: id,
      broker: ordinal,
      leaving,
    })),
  };
}

/** Brokers in a private network are asked through the function that stands in it. Two who change the same topics are kept apart by the plan's fingerprint. */
function functionTarget(environment: Environment, manifestFile: string | undefined): TopicsTarget {
  const { cluster } = environment;
  const { environment: name, region = '', cloud } = cluster;
  const functionName = topicsApplierArn({ environment: name, region, account: cloud?.account ?? '' });
  return {
    name,
    ...ofEnvironment(environment, manifestFile),
    lock: undefined,
    async open() {
      const applier = await openApplier({ environment: name, region, functionName });
      return { work: workThrough(applier), close: async () => applier.close() };
    },
  };
}

/** @throws EnsembleError CLIENT_UNREACHABLE and the like, when it is opened @internal */
export function direct(access: ClientAccess): TopicsTarget['open'] {
  return async () => {
    const connection = await connect({ ...access, clientId: 'ensemble' });
    return { work: workOver(connection), close: () => connection.close() };
  };
}

async function localTarget(
  options: TopicsTargetOptions,
  access: ClientAccess,
  manifestFile: string | undefined,
): Promise<TopicsTarget> {
  const deployment = await openDeployment(options);
  return {
    name: deployment.environment.cluster.environment,
    ...ofEnvironment(deployment.environment, manifestFile),
    open: direct({ ...access, bootstrap: deployment.bootstrap }),
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
export async function withTopics<T>(
  { open }: Pick<TopicsTarget, 'open'>,
  ask: (work: TopicsWork) => Promise<T>,
): Promise<T> {
  const { work, close } = await open();
  try {
    return await ask(work);
  } finally {
    await close();
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
 * How a deployment's outputs (`terraform output -json`, or the file of `cdktf deploy --outputs-file`) say that its brokers are reached: through its topics
 * applier where they name one, else at the first text under a key such as bootstrapServers or bootstrap_servers, however deep it lies.
 * @throws EnsembleError OPERATIONS_OUTPUTS_UNREADABLE, OPERATIONS_NO_BOOTSTRAP
 */
export async function reachFromOutputs(file: string): Promise<'function' | { readonly bootstrap: string }> {
  let outputs: unknown;
  try {
    outputs = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw outputsUnreadable(file, cause);
  }
  if (findText(outputs, /topics[-_]?applier/i, false) !== undefined) return 'function';
  const bootstrap = findText(outputs, /bootstrap[-_]?servers?$/i, false);
  if (bootstrap === undefined) throw noBootstrapInOutputs(file);
  return { bootstrap };
}

function findText(value: unknown, key: RegExp, named: boolean): string | undefined {
  if (typeof value === 'string') return named && value !== '' ? value : undefined;
  if (Array.isArray(value))
    return named && value.length > 0 && value.every((each) => typeof each === 'string') ? value.join(',') : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    // Terraform wraps each output as { sensitive, type, value }.
    const found = findText(inner, key, key.test(name) || (named && name === 'value'));
    if (found !== undefined) return found;
  }
  return undefined;
}
