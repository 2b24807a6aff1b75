/** Topics of a cluster: the manifest read with what its environment knows, planned, confirmed, applied exactly as planned, and verified. */
import { readFile } from 'node:fs/promises';
import { connect } from '../clients/kafka/connection.ts';
import type { Environment } from '../cluster/load.ts';
import { EnsembleError } from '../contracts/error.ts';
import { type ApplyOptions, type ApplyProgress, type ApplyReport, applyPlan } from '../topics/apply/apply.ts';
import { type VerifyReport, verifyTopics } from '../topics/apply/verify.ts';
import { planStaleCode } from '../topics/errors.ts';
import { formatOutcomes, formatPlan, formatVerification } from '../topics/format.ts';
import { loadManifest } from '../topics/manifest/load-manifest.ts';
import type { TopicsManifest } from '../topics/manifest/manifest.ts';
import { blockedOf, type PlanOptions, planTopics, requireFresh, type TopicPlan } from '../topics/plan/plan.ts';
import { parsePlan } from '../topics/plan/plan-schema.ts';
import { observeTopics } from '../topics/plan/state.ts';
import type { Observed, ObserveOptions, TopicsWork } from '../topics/topics-work.ts';
import type { Deployment } from './deployment.ts';
import {
  mappedTopicMissing,
  planFileUnreadable,
  topicsBlocked,
  topicsNotApplied,
  topicsNotVerified,
} from './errors.ts';
import { activeBrokers, exclusively, requireManifest, type TopicsTarget, withTopics } from './topics-target.ts';

export interface TopicsRun {
  readonly timeoutMs: number;
  readonly report: (progress: string) => void;
  readonly signal: AbortSignal;
}

/** The consents that a person gives on the command line. */
export type Consents = Pick<PlanOptions, 'prune' | 'allowDelete'>;

/** @throws EnsembleError MANIFEST_NOT_FOUND; DocumentError MANIFEST_INVALID */
export async function readManifest({ environment }: { readonly environment: Environment }): Promise<TopicsManifest> {
  const { cluster, manifestFile } = environment;
  const manifest = await loadManifest(manifestFile, {
    environment: cluster.environment,
    brokers: activeBrokers(cluster),
  });
  const known = new Set(manifest.topics.map(({ name }) => name));
  for (const [project, { topics }] of Object.entries(environment.spec.api?.projects ?? {})) {
    for (const [topic, { kafka }] of Object.entries(topics))
      if (kafka !== undefined && !known.has(kafka))
        throw mappedTopicMissing(`api.projects.${project}.topics.${topic}`, kafka, manifestFile);
  }
  return manifest;
}

/** @throws EnsembleError OPERATIONS_NO_MANIFEST, and as readManifest */
export async function readTargetManifest(target: TopicsTarget): Promise<TopicsManifest> {
  const { environment, brokers } = target;
  return await loadManifest(requireManifest(target), {
    ...(environment === undefined ? {} : { environment }),
    ...(brokers === undefined ? {} : { brokers }),
  });
}

/** For `up`: everything that the manifest declares, made and verified. @throws EnsembleError OPERATIONS_TOPICS_... */
export async function bringTopicsUp(
  deployment: Deployment,
  { timeoutMs, report, signal }: TopicsRun,
): Promise<{ readonly changes: number; readonly verified: number }> {
  const manifest = await readManifest(deployment);
  const connection = await connect({ bootstrap: deployment.bootstrap, clientId: 'ensemble' });
  try {
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
  } finally {
    await connection.close();
  }
}

/** What would change. Sends no write. */
export async function planTarget(target: TopicsTarget, consents: Consents, signal: AbortSignal): Promise<TopicPlan> {
  const manifest = await readTargetManifest(target);
  return await withTopics(target, async (work) => (await observeAndPlan(work, manifest, consents, { signal })).plan);
}

export interface AppliedTopics {
  readonly plan: TopicPlan;
  /** Undefined where the plan was declined, or has nothing to do. */
  readonly applied: ApplyReport | undefined;
  /** Undefined where nothing was applied and something is pending or blocked. */
  readonly verified: VerifyReport | undefined;
}

/** Who reads takes time, in which the cluster may change; who agreed beforehand takes none. */
export type Decision = 'declined' | 'agreed before' | 'agreed after reading';

export interface ApplyRun extends Consents, Pick<ApplyOptions, 'throttleBytesPerSecond'> {
  readonly timeoutMs: number;
  readonly onProgress: (progress: ApplyProgress) => void;
  readonly signal: AbortSignal;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
  /** A plan that was saved before; made anew where absent. */
  readonly saved?: TopicPlan | undefined;
}

/**
 * Plans (or takes the saved plan), lets `confirm` see it, and applies exactly that: whatever changed in the cluster or the manifest since makes it
 * stale, also while the person was reading.
 * @throws EnsembleError TOPICS_PLAN_STALE, and as readTargetManifest and the connection
 */
export async function applyTarget(
  target: TopicsTarget,
  confirm: (plan: TopicPlan) => Promise<Decision>,
  run: ApplyRun,
): Promise<AppliedTopics> {
  const manifest = await readTargetManifest(target);
  return await exclusively(target, run, () =>
    withTopics(target, (work) =>
      whileStale(run, confirm, (decide: typeof confirm) => applyOnce(work, manifest, decide, run)),
    ),
  );
}

const plansAtMost = 3;

/** Who agreed to whatever the plan would be agrees to the next: moves that end in between make one stale, and nothing was changed then. */
export async function whileStale<Planned, Done>(
  { saved }: Pick<ApplyRun, 'saved'>,
  confirm: (planned: Planned) => Promise<Decision>,
  once: (decide: typeof confirm) => Promise<Done>,
): Promise<Done> {
  for (let attempt = 1; ; attempt += 1) {
    let decision: Decision | undefined;
    const decide = async (planned: Planned) => {
      decision = await confirm(planned);
      return decision;
    };
    try {
      return await once(decide);
    } catch (error) {
      const planAnew = decision === 'agreed before' && saved === undefined && attempt < plansAtMost;
      if (!planAnew || !(error instanceof EnsembleError) || error.code !== planStaleCode) throw error;
    }
  }
}

async function applyOnce(
  work: TopicsWork,
  manifest: TopicsManifest,
  confirm: (plan: TopicPlan) => Promise<Decision>,
  run: ApplyRun,
): Promise<AppliedTopics> {
  const { signal, timeoutMs } = run;
  // A run that was killed while replicas moved left its throttle: nobody else would remove it.
  const planned = await observeAndPlan(work, manifest, run, { sweep: true, signal });
  const plan = run.saved ?? planned.plan;
  if (run.saved !== undefined) requireFresh(plan, manifest, planned.state, planned);
  if (plan.entries.length === 0) {
    return { plan, applied: undefined, verified: await work.verify(manifest, { timeoutMs, signal }) };
  }
  const decision = await confirm(plan);
  if (decision === 'declined') return { plan, applied: undefined, verified: undefined };
  const applied = await work.apply(manifest, plan, {
    check: decision === 'agreed after reading',
    signal,
    onProgress: run.onProgress,
    ...(run.throttleBytesPerSecond === undefined ? {} : { throttleBytesPerSecond: run.throttleBytesPerSecond }),
  });
  const settled = applied.stoppedBy === undefined && blockedOf(plan).length === 0;
  const verified = settled ? await work.verify(manifest, { timeoutMs, signal }) : undefined;
  return { plan, applied, verified };
}

/** @throws EnsembleError OPERATIONS_PLAN_UNREADABLE, TOPICS_PLAN_UNREADABLE */
export async function readPlanFile(file: string): Promise<TopicPlan> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw planFileUnreadable(file, cause);
  });
  return parsePlan(text, file);
}

async function observeAndPlan(
  work: TopicsWork,
  manifest: TopicsManifest,
  { prune = false, allowDelete = false }: Consents,
  options: Pick<ObserveOptions, 'sweep' | 'signal'>,
): Promise<Observed & { readonly plan: TopicPlan }> {
  const groupsOf = allowDelete ? manifest.absent : undefined;
  const { state, activeGroups } = await work.observe(manifest, { ...options, groupsOf });
  return { state, activeGroups, plan: planTopics(manifest, state, { prune, allowDelete, activeGroups }) };
}
