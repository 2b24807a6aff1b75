/** Single nodes: start, stop and logs, for operators at work. */
import { unknownNode } from '../cluster/errors.ts';
import type { Node } from '../cluster/model.ts';
import { allNodes } from '../cluster/resolve.ts';
import type { ServiceRef, StopOptions } from '../drivers/driver.ts';
import { withFileLock } from '../platform/file-lock.ts';
import type { Deployment } from './deployment.ts';
import { runNodeJobs } from './start-services.ts';

type Operated = Pick<Deployment, 'environment' | 'addressing' | 'driver' | 'stateDirectory'>;

export interface NodeOptions {
  readonly signal: AbortSignal;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

/** The services of a node that the environment names, in their order of start; of one that runs all the same, those that run. @throws EnsembleError CLUSTER_UNKNOWN_NODE */
export async function servicesOf(
  { environment, driver }: Pick<Operated, 'environment' | 'driver'>,
  nodeId: string,
): Promise<readonly ServiceRef[]> {
  const { cluster } = environment;
  const group = cluster.groups.find((candidate) => candidate.nodes.some((node) => node.id === nodeId));
  if (group !== undefined) return group.services.map((service) => ({ node: nodeId, service }));
  const strays = (await driver.strays()).filter((ref) => ref.node === nodeId);
  if (strays.length === 0)
    throw unknownNode(
      nodeId,
      allNodes(cluster).map((node: Node) => node.id),
    );
  return strays;
}

/** Starts a node's services, each once the one before it serves. Says which were started. @throws EnsembleError DRIVER_... */
export async function startNode(
  deployment: Operated,
  nodeId: string,
  { signal, onWaitForLock, timeoutMs }: NodeOptions & { readonly timeoutMs: number },
): Promise<readonly (ServiceRef & { readonly started: boolean })[]> {
  return await locked(deployment, { signal, onWaitForLock }, async () => {
    const refs = await servicesOf(deployment, nodeId);
    await deployment.driver.install(nodeId);
    await deployment.driver.preflight(refs);
    const outcomes = [];
    for (const ref of refs) {
      await runNodeJobs(deployment, ref, 'before-start', signal);
      outcomes.push({ ...ref, ...(await deployment.driver.start(ref)) });
      await deployment.driver.ready(ref, { timeoutMs, signal });
    }
    return outcomes;
  });
}

/** Stops a node's services in the reverse order of their start. */
export async function stopNode(
  deployment: Operated,
  nodeId: string,
  { signal, onWaitForLock, timeoutMs }: NodeOptions & StopOptions,
): Promise<readonly (ServiceRef & { readonly outcome: string })[]> {
  return await locked(deployment, { signal, onWaitForLock }, async () => {
    const outcomes = [];
    for (const ref of [...(await servicesOf(deployment, nodeId))].reverse()) {
      outcomes.push({ ...ref, ...(await deployment.driver.stop(ref, { timeoutMs })) });
    }
    return outcomes;
  });
}

async function locked<T>(
  { stateDirectory }: Operated,
  { signal, onWaitForLock }: NodeOptions,
  work: () => Promise<T>,
): Promise<T> {
  return await withFileLock(`${stateDirectory}/lock`, { signal, onWait: ({ pid }) => onWaitForLock?.(pid) }, work);
}
