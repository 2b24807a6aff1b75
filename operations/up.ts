/**
 * Brings an environment up on this machine: programs, certificates, masters, workers, topics, first messages, and the platform that stands on them.
 *
 * Every step asks what is there before it does anything, so the same list carries on after a run that was killed at any moment. What a failed or
 * interrupted run started, it stops again; what ran before it stays.
 */

import type { Group } from '../cluster/model.ts';
import { roles } from '../cluster/roles.ts';
import { startOrder } from '../cluster/services/table.ts';
import type { ServiceRef } from '../drivers/driver.ts';
import { withFileLock } from '../platform/file-lock.ts';
import { ensureCertificates, ensureSecrets, installNodes } from './certificates.ts';
import { type Deployment, type DeploymentOptions, previewDeployment, rememberScheme } from './deployment.ts';
import { type Entrance, entranceOf } from './entrance.ts';
import { strayServices } from './errors.ts';
import { awaitBrokers, awaitQuorum } from './health.ts';
import { exchangeMessages, type MessageReport } from './messages.ts';
import { programsOf } from './model-programs.ts';
import { awaitService, type StartRun, startProcesses, startService } from './start-services.ts';
import type { Step } from './step.ts';
import { bringTopicsUp, readManifest } from './topics.ts';

export interface UpOptions extends DeploymentOptions {
  /** For each phase of waiting. */
  readonly timeoutMs: number;
  /** Send messages through the monitoring topics, where this run started anything. */
  readonly messages: boolean;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

export interface UpReport {
  readonly environment: string;
  readonly stateDirectory: string;
  readonly bootstrap: readonly string[];
  /** Absent where the environment has no API. */
  readonly entrance?: Entrance | undefined;
  /** Services that this run started; empty where everything ran. */
  readonly started: readonly ServiceRef[];
  readonly topics: { readonly changes: number; readonly verified: number };
  readonly messages: readonly MessageReport[];
}

interface Context {
  readonly deployment: Deployment;
  readonly options: UpOptions;
  readonly started: ServiceRef[];
  topics: UpReport['topics'];
  messages: readonly MessageReport[];
}

/** Runs the steps through `run` (the display). @throws EnsembleError of the room that failed */
export async function bringUp(
  options: UpOptions,
  signal: AbortSignal,
  run: (steps: readonly Step<Context>[], context: Context, signal: AbortSignal) => Promise<void>,
): Promise<UpReport> {
  const deployment = await previewDeployment(options);
  const onWait = ({ pid }: { readonly pid: number }) => options.onWaitForLock?.(pid);
  return await withFileLock(`${deployment.stateDirectory}/lock`, { signal, onWait }, async () => {
    await rememberScheme(deployment);
    const context: Context = { deployment, options, started: [], topics: { changes: 0, verified: 0 }, messages: [] };
    try {
      await run(stepsOf(deployment, await leavingServices(deployment)), context, signal);
    } catch (error) {
      await stopStarted(context);
      throw error;
    }
    const { environment, stateDirectory, bootstrap } = deployment;
    const { started, topics, messages } = context;
    const entrance = entranceOf(deployment);
    return {
      environment: environment.cluster.environment,
      stateDirectory,
      bootstrap,
      entrance,
      started,
      topics,
      messages,
    };
  });
}

function stepsOf({ environment }: Deployment, leaving: readonly ServiceRef[]): readonly Step<Context>[] {
  const { groups } = environment.cluster;
  const has = (service: string) => groups.some(({ services }) => services.includes(service));
  return [
    { title: 'Programs', run: preparePrograms },
    { title: 'Certificates and files', run: writeFiles },
    { title: 'Masters', run: startMasters },
    { title: 'Workers', run: startWorkers },
    { title: 'Topics', run: verifyTopics },
    { title: 'Messages', run: sendMessages },
    ...platformSteps.filter(({ service }) => has(service)),
    ...(leaving.length === 0 ? [] : [{ title: 'Nodes that left', run: stopLeaving(leaving) }]),
  ];
}

/** What stands on the brokers, in the order in which each can serve; an environment has those that it asks for. */
const platformSteps: readonly (Step<Context> & { readonly service: string })[] = [
  platformStep('mongodb', 'Metadata store'),
  platformStep('mongodb-stand-in', 'Metadata store (stand-in)'),
  platformStep('messaging-api', 'Messaging API'),
  platformStep('auth', 'Authentication'),
  platformStep('haproxy', 'Balancer'),
  platformStep('push-server', 'Push servers'),
];

function platformStep(service: string, title: string): Step<Context> & { readonly service: string } {
  return {
    service,
    title,
    run: async (context, report, signal) => {
      const count = await startService(startRun(context), service, report, signal);
      return `${count} ${count === 1 ? 'serves' : 'serve'}`;
    },
  };
}

function startRun({ deployment, options, started }: Context): StartRun {
  return { deployment, timeoutMs: options.timeoutMs, started };
}

/**
 * What runs although the environment names it no longer, and may leave: nodes that any other stands in for.
 * @throws EnsembleError OPERATIONS_STRAY_SERVICES for a node that keeps data
 */
async function leavingServices({ driver }: Deployment): Promise<readonly ServiceRef[]> {
  const strays = await driver.strays();
  const mayLeave = (node: string) =>
    roles.some(({ id, identity }) => identity === 'fungible' && node.startsWith(`${id}-`));
  const others = strays.filter(({ node }) => !mayLeave(node));
  if (others.length > 0) throw strayServices(others.map((ref) => `${ref.service} on ${ref.node}`));
  return strays;
}

/** Last, once balancers send nothing to them any more: each finishes what is under way. */
function stopLeaving(leaving: readonly ServiceRef[]): Step<Context>['run'] {
  return async ({ deployment }) => {
    await Promise.all(leaving.map((ref) => deployment.driver.stop(ref)));
    return `${leaving.map(({ node, service }) => `${service} on ${node}`).join(', ')} stopped`;
  };
}

async function preparePrograms({ deployment, options }: Context, report: (progress: string) => void): Promise<string> {
  await readManifest(deployment); // its faults are said before anything starts
  // A fetch takes its time: in the list where there is one, as a line of its own elsewhere.
  const onProgress = (line: string) => {
    report(line);
    options.onProgress?.(line);
  };
  const programs = programsOf(deployment);
  const runtimes = await Promise.all(programs.map((program) => deployment.runtime(program, onProgress)));
  await deployment.driver.preflight(everyService(deployment));
  const shared = runtimes.every((runtime) => runtime.kind !== 'java' || runtime.startOptions.length > 0);
  return `${programs.map(({ program }) => program).join(', ')} at hand${shared ? '' : ', without class-data sharing'}`;
}

function everyService({ environment }: Deployment): readonly ServiceRef[] {
  return environment.cluster.groups.flatMap((group) => refsOf(group));
}

function refsOf(group: Group): readonly ServiceRef[] {
  return group.nodes.flatMap((node) => group.services.map((service) => ({ node: node.id, service })));
}

async function writeFiles({ deployment }: Context): Promise<string> {
  await ensureCertificates(deployment);
  await ensureSecrets(deployment);
  return `${await installNodes(deployment)} nodes`;
}

async function startMasters(
  context: Context,
  report: (progress: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const { deployment, options } = context;
  // The metadata store waits for nobody; it comes up beside the masters and is waited for where it is needed.
  for (const store of ['mongodb', 'mongodb-stand-in']) await startProcesses(startRun(context), store, () => {});
  await startProcesses(startRun(context), 'zookeeper', report);
  const quorum = await awaitQuorum(deployment, options.timeoutMs, signal);
  const modes = [...quorum.values()];
  const followers = modes.filter((mode) => mode === 'follower').length;
  return `${modes.length - followers} leads, ${followers} follow`;
}

async function startWorkers(
  context: Context,
  report: (progress: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const { deployment, options } = context;
  await startProcesses(startRun(context), 'kafka', report);
  const metadata = await awaitBrokers(deployment, options.timeoutMs, (count) => report(`${count} registered`), signal);
  await awaitService(startRun(context), 'kafka', signal);
  return `${metadata.brokers.length} registered`;
}

async function verifyTopics(
  context: Context,
  report: (progress: string) => void,
  signal: AbortSignal,
): Promise<string> {
  context.topics = await bringTopicsUp(context.deployment, { timeoutMs: context.options.timeoutMs, report, signal });
  const { changes, verified } = context.topics;
  return changes === 0 ? `no changes, ${verified} verified` : `${changes} changed, ${verified} verified`;
}

async function sendMessages(
  context: Context,
  report: (progress: string) => void,
  signal: AbortSignal,
): Promise<string> {
  if (!context.options.messages) return 'not asked for';
  if (context.started.length === 0) return 'everything ran before: nothing sent';
  context.messages = await exchangeMessages(context.deployment, {
    timeoutMs: context.options.timeoutMs,
    report,
    signal,
  });
  const received = context.messages.reduce((sum, { received: count }) => sum + count, 0);
  return context.messages.length === 0 ? 'no monitoring topic in the manifest' : `${received} sent and received`;
}

/** Workers before masters, as `down` does. Faults here must not hide the one that brought us here. */
async function stopStarted({ deployment, started }: Context): Promise<void> {
  const order = startOrder()
    .flat()
    .map((service) => service.id)
    .reverse();
  for (const service of order) {
    const refs = started.filter((ref) => ref.service === service);
    await Promise.allSettled(refs.map((ref) => deployment.driver.stop(ref, { timeoutMs: 20_000 })));
  }
}
