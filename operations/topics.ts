/** Topics of a deployment: the manifest read with what its environment knows, planned, applied and verified against the running cluster. */
import { connect, type KafkaConnection } from '../clients/kafka/connection.ts';
import type { Environment } from '../cluster/load.ts';
import { withFileLock } from '../platform/file-lock.ts';
import { type ApplyReport, applyPlan } from '../topics/apply.ts';
import { formatOutcomes, formatPlan, formatVerification } from '../topics/format.ts';
import { loadManifest } from '../topics/load-manifest.ts';
import type { TopicsManifest } from '../topics/manifest.ts';
import { blockedOf, planTopics, type TopicPlan } from '../topics/plan.ts';
import { observeTopics } from '../topics/state.ts';
import { type VerifyReport, verifyTopics } from '../topics/verify.ts';
import type { Deployment } from './deployment.ts';
import { topicsBlocked, topicsNotApplied, topicsNotVerified } from './errors.ts';
import { nodesRunning } from './health.ts';

export interface TopicsRun {
  readonly timeoutMs: number;
  readonly report: (progress: string) => void;
  readonly signal: AbortSignal;
}

/** @throws EnsembleError MANIFEST_NOT_FOUND; DocumentError MANIFEST_INVALID */
export async function readManifest({ environment }: { readonly environment: Environment }): Promise<TopicsManifest> {
  const { cluster, manifestFile } = environment;
  const active = nodesRunning(cluster.groups, 'kafka').filter((node) => !node.leaving);
  return await loadManifest(manifestFile, { brokers: active.length });
}

async function withConnection<T>(
  { bootstrap }: Deployment,
  work: (connection: KafkaConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ bootstrap, clientId: 'ensemble' });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** For `up`: everything that the manifest declares, made and verified. @throws EnsembleError OPERATIONS_TOPICS_... */
export async function bringTopicsUp(
  deployment: Deployment,
  { timeoutMs, report, signal }: TopicsRun,
): Promise<{ readonly changes: number; readonly verified: number }> {
  const manifest = await readManifest(deployment);
  return await withConnection(deployment, async (connection) => {
    const plan = planTopics(manifest, await observeTopics(connection, manifest, { signal }));
    if (blockedOf(plan).length > 0) throw topicsBlocked(formatPlan(plan));
    const applied = await applyPlan(connection, plan, {
      signal,
      onProgress: ({ done, total }) => report(`${done} of ${total} changes`),
    });
    if (applied.outcomes.some(({ status }) => status !== 'done')) throw topicsNotApplied(formatOutcomes(applied));
    const verified = await verifyTopics(connection, manifest, { timeoutMs, signal });
    if (!verified.ok) throw topicsNotVerified(formatVerification(verified));
    return { changes: applied.outcomes.length, verified: verified.topics.length };
  });
}

/** What would change, without changing anything. */
export async function planDeployedTopics(deployment: Deployment, signal: AbortSignal): Promise<TopicPlan> {
  const manifest = await readManifest(deployment);
  return await withConnection(deployment, async (connection) =>
    planTopics(manifest, await observeTopics(connection, manifest, { signal })),
  );
}

export interface AppliedTopics {
  readonly plan: TopicPlan;
  /** Undefined where the plan was declined, or has nothing to do. */
  readonly applied: ApplyReport | undefined;
  /** Undefined where nothing was applied and something is pending or blocked. */
  readonly verified: VerifyReport | undefined;
}

/** Plans, lets `confirm` see the plan, applies what is not blocked, and verifies. */
export async function applyDeployedTopics(
  deployment: Deployment,
  confirm: (plan: TopicPlan) => Promise<boolean>,
  { timeoutMs, report, signal }: TopicsRun,
): Promise<AppliedTopics> {
  const manifest = await readManifest(deployment);
  return await withFileLock(`${deployment.stateDirectory}/lock`, { signal }, () =>
    withConnection(deployment, async (connection) => {
      const plan = planTopics(manifest, await observeTopics(connection, manifest, { signal }));
      const verify = () => verifyTopics(connection, manifest, { timeoutMs, signal });
      if (plan.entries.length === 0) return { plan, applied: undefined, verified: await verify() };
      if (!(await confirm(plan))) return { plan, applied: undefined, verified: undefined };
      const applied = await applyPlan(connection, plan, {
        signal,
        onProgress: ({ done, total }) => report(`${done} of ${total} changes`),
      });
      const verified = applied.stoppedBy === undefined && blockedOf(plan).length === 0 ? await verify() : undefined;
      return { plan, applied, verified };
    }),
  );
}
