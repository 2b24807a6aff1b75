/** Starts one service on every node that runs it: its jobs before, its processes, and its jobs once it serves. Everything in it may run again at any time. */
import type { Job } from '../cluster/model.ts';
import { renderNode } from '../cluster/render.ts';
import type { ServiceRef } from '../drivers/driver.ts';
import type { Deployment } from './deployment.ts';
import { nodesRunning } from './health.ts';

export interface StartRun {
  readonly deployment: Deployment;
  readonly timeoutMs: number;
  /** What this run started, for whoever must stop it again. */
  readonly started: ServiceRef[];
}

/** Processes only; does not wait until they serve. */
export async function startProcesses(
  { deployment, started }: StartRun,
  service: string,
  report: (progress: string) => void,
): Promise<void> {
  const nodes = nodesRunning(deployment.environment.cluster.groups, service);
  const starts = await Promise.allSettled(
    nodes.map(async (node) => {
      const ref = { node: node.id, service };
      const outcome = await deployment.driver.start(ref);
      if (outcome.started) started.push(ref);
    }),
  );
  // Only once all of them are settled: one that starts after another failed must be stopped with the rest.
  for (const start of starts) if (start.status === 'rejected') throw start.reason;
  if (nodes.length > 0) report(`${nodes.length} ${nodes.length === 1 ? 'process' : 'processes'}`);
}

/** Until every node's process serves; then what is to be done once they do. @throws EnsembleError DRIVER_... */
export async function awaitService(run: StartRun, service: string, signal: AbortSignal): Promise<void> {
  const { deployment, timeoutMs } = run;
  const nodes = nodesRunning(deployment.environment.cluster.groups, service);
  await Promise.all(nodes.map((node) => deployment.driver.ready({ node: node.id, service }, { timeoutMs, signal })));
  await runJobs(run, service, 'once-ready', signal);
}

/**
 * All of it. A service that runs with other files than the environment means now reads them again, where it can without a restart.
 * @returns how many nodes serve
 */
export async function startService(
  run: StartRun,
  service: string,
  report: (progress: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const { driver, environment } = run.deployment;
  const nodes = nodesRunning(environment.cluster.groups, service);
  await runJobs(run, service, 'before-start', signal);
  const states = (await driver.status()).filter((state) => state.service === service);
  await startProcesses(run, service, report);
  for (const state of states) if (state.pid !== undefined && state.outdated) await driver.reload(state);
  await awaitService(run, service, signal);
  return nodes.length;
}

async function runJobs(
  { deployment }: StartRun,
  service: string,
  when: Job['when'],
  signal: AbortSignal,
): Promise<void> {
  for (const { id } of nodesRunning(deployment.environment.cluster.groups, service))
    await runNodeJobs(deployment, { node: id, service }, when, signal);
}

/** The node's own, and its group's where it is the first of it. @throws EnsembleError DRIVER_JOB_FAILED */
export async function runNodeJobs(
  { environment, addressing, driver }: Pick<Deployment, 'environment' | 'addressing' | 'driver'>,
  { node: id, service }: ServiceRef,
  when: Job['when'],
  signal: AbortSignal,
): Promise<void> {
  const { cluster } = environment;
  for (const group of cluster.groups.filter(({ services }) => services.includes(service))) {
    for (const [index, node] of group.nodes.entries()) {
      if (node.id !== id) continue;
      const rendered = renderNode(cluster, group, node, addressing).find((each) => each.service === service);
      const jobs = (rendered?.process.jobs ?? []).filter((job) => job.when === when);
      for (const job of jobs)
        if (job.eachNode === true || index === 0) await driver.run({ node: id, service }, job.id, signal);
    }
  }
}
