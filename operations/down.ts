/** Takes an environment down in the reverse order of its start: workers before masters, gracefully, then by force. Data stays unless it is purged. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startOrder } from '../cluster/services/table.ts';
import type { ServiceRef, StopOptions } from '../drivers/driver.ts';
import { forgetDriverEntries, journalFolder } from '../drivers/journal.ts';
import { withFileLock } from '../platform/file-lock.ts';
import type { Deployment } from './deployment.ts';
import { nodesRunning } from './health.ts';
import type { Step } from './step.ts';

export interface DownOptions extends StopOptions {
  /** Removes data, certificates and logs too. */
  readonly purge: boolean;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

export interface DownReport {
  readonly environment: string;
  readonly stopped: readonly (ServiceRef & { readonly outcome: 'not running' | 'stopped' | 'killed' })[];
  readonly purged: boolean;
}

/** Within the state folder. */
const lockName = 'lock';

interface Context {
  readonly deployment: Deployment;
  readonly options: DownOptions;
  readonly stopped: DownReport['stopped'][number][];
}

export async function takeDown(
  deployment: Deployment,
  options: DownOptions,
  signal: AbortSignal,
  run: (steps: readonly Step<Context>[], context: Context, signal: AbortSignal) => Promise<void>,
): Promise<DownReport> {
  const onWait = ({ pid }: { readonly pid: number }) => options.onWaitForLock?.(pid);
  const context: Context = { deployment, options, stopped: [] };
  await withFileLock(join(deployment.stateDirectory, lockName), { signal, onWait }, async () => {
    await run(stepsOf(deployment, options), context, signal);
    // Else the next command would start one that a scenario had killed, alone, and wait for it to serve.
    await forgetDriverEntries(journalFolder(deployment.stateDirectory));
  });
  // What the lock lies in goes after its release, and only where nobody else waits for it by now.
  if (options.purge) {
    for (const folder of [join(deployment.stateDirectory, lockName), deployment.stateDirectory])
      await rmdir(folder).catch(() => undefined);
  }
  return { environment: deployment.environment.cluster.environment, stopped: context.stopped, purged: options.purge };
}

function stepsOf({ environment }: Deployment, { purge }: DownOptions): readonly Step<Context>[] {
  const { groups } = environment.cluster;
  const services = startOrder()
    .flat()
    .map((service) => service.id)
    .filter((id) => groups.some((group) => group.services.includes(id)))
    .reverse();
  return [
    {
      title: 'Nodes that the environment no longer names',
      run: async (context) => await stopAll(context, await context.deployment.driver.strays()),
    },
    ...services.map((service) => ({
      title: `Stop ${service}`,
      run: (context: Context) => stopService(context, service),
    })),
    ...(purge ? [{ title: 'Data', run: purgeData }] : []),
  ];
}

async function stopService(context: Context, service: string): Promise<string> {
  const nodes = nodesRunning(context.deployment.environment.cluster.groups, service);
  return await stopAll(
    context,
    nodes.map((node) => ({ node: node.id, service })),
  );
}

async function stopAll({ deployment, options, stopped }: Context, refs: readonly ServiceRef[]): Promise<string> {
  const outcomes = await Promise.all(
    refs.map(async (ref) => ({ ...ref, ...(await deployment.driver.stop(ref, { timeoutMs: options.timeoutMs })) })),
  );
  stopped.push(...outcomes);
  const count = (outcome: string) => outcomes.filter((each) => each.outcome === outcome).length;
  const killed = count('killed');
  return outcomes.length === 0 ? 'none' : `${count('stopped')} stopped${killed === 0 ? '' : `, ${killed} killed`}`;
}

async function purgeData({ deployment }: Context): Promise<string> {
  const { driver, stateDirectory } = deployment;
  await driver.purge();
  for (const entry of await readdir(stateDirectory))
    if (entry !== lockName) await rm(join(stateDirectory, entry), { recursive: true, force: true });
  return 'removed';
}
