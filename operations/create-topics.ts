/**
 * What runs after a deployment: waits until the new cluster is there, makes the topics that its manifest declares, and verifies them. Nobody is asked:
 * what needs a consent (deletions, pruning) is not done here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { planExitStatus } from '../topics/plan/plan.ts';
import { clusterNotReady } from './errors.ts';
import { type AppliedTopics, type ApplyRun, applyTarget } from './topics.ts';
import { type TopicsTarget, withTopics } from './topics-target.ts';

/** How often a cluster that is not ready is asked again. */
const pollMs = 1_000;

export interface CreateTopicsRun extends Pick<ApplyRun, 'onProgress' | 'signal' | 'throttleBytesPerSecond'> {
  /** For the cluster to be there, and once more for its replicas to be in sync. */
  readonly waitMs: number;
}

/** @throws EnsembleError OPERATIONS_CLUSTER_NOT_READY, and as applyTarget */
export async function createTopics(
  target: TopicsTarget,
  run: CreateTopicsRun,
): Promise<AppliedTopics & { readonly ok: boolean }> {
  await awaitCluster(target, run);
  const result = await applyTarget(target, async () => 'agreed before', { ...run, timeoutMs: run.waitMs });
  const complete =
    result.plan.entries.length === 0 || (planExitStatus(result.plan) !== 3 && result.verified !== undefined);
  return { ...result, ok: complete && result.verified?.ok === true };
}

/** Ready: it answers, has a controller, and every broker that the environment names is registered (any, where nobody knows their number). */
async function awaitCluster(target: TopicsTarget, { waitMs, signal }: CreateTopicsRun): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const why = await whyNotReady(target, signal);
    if (why === undefined) return;
    signal.throwIfAborted();
    if (performance.now() > deadline) throw clusterNotReady(target.name, Math.round(waitMs / 1000), why);
    await delay(pollMs, undefined, { signal });
  }
}

async function whyNotReady(target: TopicsTarget, signal: AbortSignal): Promise<string | undefined> {
  const expected = target.brokers ?? 1;
  try {
    const { brokers, controllerId } = await withTopics(target, (work) => work.health(signal));
    if (controllerId === undefined) return 'it has no controller';
    const registered = brokers.filter(({ up }) => up).length;
    return registered < expected ? `${registered} of ${expected} brokers are registered` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
