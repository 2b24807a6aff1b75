/**
 * Everything that is done with a cluster's topics, as one interface: over a connection, from where brokers are reached, or through a function that stands
 * where they are (operations/applier/). Those who plan, ask a person and print do not know which.
 */
import type { KafkaConnection } from '../clients/kafka/connection.ts';
import { type Measurement, type MeasureOptions, measureTopics } from './advise/measure.ts';
import { type ApplyOptions, type ApplyReport, applyPlan } from './apply/apply.ts';
import { type VerifyOptions, type VerifyReport, verifyTopics } from './apply/verify.ts';
import type { ImportFacts } from './import/import.ts';
import { type ImportSelection, observeForImport } from './import/observe-import.ts';
import type { TopicsManifest } from './manifest/manifest.ts';
import { matchesPattern } from './manifest/topic-pattern.ts';
import { readActiveGroups } from './plan/active-groups.ts';
import { deletionsOf, type PlanOptions, requireFresh, type TopicPlan } from './plan/plan.ts';
import { observeTopics, type TopicsState } from './plan/state.ts';
import { type CancelOptions, type CancelReport, cancelReassign } from './reassign/cancel-reassign.ts';
import { type ReassignStatus, reassignStatus } from './reassign/reassign-status.ts';
import { sweepThrottles } from './reassign/throttle.ts';
import { type ClusterHealth, readClusterHealth } from './status/health.ts';
import { readTopicsStatus, type TopicsStatus } from './status/status.ts';

export interface Observed extends Pick<PlanOptions, 'activeGroups'> {
  readonly state: TopicsState;
}

export interface ObserveOptions {
  /** Topics whose consumer groups are wanted too; `activeGroups` is undefined where this is. */
  readonly groupsOf?: readonly string[] | undefined;
  /** Takes throttles away first that a run of ours left when it died. */
  readonly sweep?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ApplyWorkOptions
  extends Pick<ApplyOptions, 'throttleBytesPerSecond' | 'onProgress' | 'signal' | 'handOver' | 'earlier'> {
  /** Whether the cluster may have changed since it was observed: it is observed again, and a plan that no longer fits is refused. */
  readonly check: boolean;
}

/** Each call throws as KafkaConnection.send; `apply` throws TOPICS_PLAN_STALE too. */
export interface TopicsWork {
  observe(manifest: TopicsManifest, options: ObserveOptions): Promise<Observed>;
  apply(manifest: TopicsManifest, plan: TopicPlan, options: ApplyWorkOptions): Promise<ApplyReport>;
  verify(manifest: TopicsManifest, options: VerifyOptions): Promise<VerifyReport>;
  /** Topics by name or pattern; all but Kafka's own where none is given. */
  status(patterns: readonly string[], signal: AbortSignal): Promise<TopicsStatus>;
  survey(selection: ImportSelection): Promise<ImportFacts>;
  measure(
    topics: readonly string[],
    options: Pick<MeasureOptions, 'windowMs' | 'sampleRecords' | 'signal'>,
  ): Promise<Measurement>;
  reassignStatus(signal: AbortSignal): Promise<ReassignStatus>;
  cancelReassign(options: Pick<CancelOptions, 'topics' | 'signal'>): Promise<CancelReport>;
  health(signal: AbortSignal): Promise<ClusterHealth>;
}

export function workOver(connection: KafkaConnection): TopicsWork {
  const observe = async (manifest: TopicsManifest, { groupsOf, sweep = false, signal }: ObserveOptions) => {
    if (sweep) await sweepThrottles(connection, { signal });
    const state = await observeTopics(connection, manifest, { signal });
    const activeGroups = groupsOf === undefined ? undefined : await readActiveGroups(connection, groupsOf, { signal });
    return { state, activeGroups };
  };
  return {
    observe,
    async apply(manifest, plan, { check, ...options }) {
      if (check) {
        const groupsOf = deletionsOf(plan).map(({ topic }) => topic);
        const now = await observe(manifest, { groupsOf, signal: options.signal });
        requireFresh(plan, manifest, now.state, now);
      }
      return await applyPlan(connection, plan, options);
    },
    verify: (manifest, options) => verifyTopics(connection, manifest, options),
    status(patterns, signal) {
      const wanted = (topic: string, internal: boolean) =>
        patterns.length === 0 ? !internal : patterns.some((pattern) => matchesPattern(pattern, topic));
      return readTopicsStatus(connection, { wanted, signal });
    },
    survey: (selection) => observeForImport(connection, selection),
    measure: (topics, options) => measureTopics(connection, topics, options),
    reassignStatus: (signal) => reassignStatus(connection, { signal }),
    cancelReassign: (options) => cancelReassign(connection, options),
    health: (signal) => readClusterHealth(connection, { signal }),
  };
}
