/**
 * One call's part of an apply. The first call looks at the cluster anew and refuses a plan that no longer fits; those that follow go on with what earlier
 * ones settled. Moves of replicas are not settled here: the cluster is their record, and topics/reassign takes them up from it.
 */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import type { EnsembleError } from '../../contracts/error.ts';
import type { TopicsReply } from '../../contracts/topics-answer.ts';
import type { TopicsContinuation, TopicsRequest } from '../../contracts/topics-request.ts';
import { sendError } from '../../contracts/topics-shapes.ts';
import type { ApplyProgress, ApplyReport, EarlierCalls } from '../../topics/apply/apply.ts';
import { handedOverCode } from '../../topics/errors.ts';
import type { TopicsManifest } from '../../topics/manifest/manifest.ts';
import { contentHash } from '../../topics/plan/fingerprint.ts';
import { changesOf, type TopicPlan } from '../../topics/plan/plan.ts';
import { readPlan } from '../../topics/plan/plan-schema.ts';
import { workOver } from '../../topics/topics-work.ts';
import type { Deadline } from './deadline.ts';
import { foreignContinuation } from './errors.ts';

type ApplyRequest = Extract<TopicsRequest, { action: 'apply' }>;

/** @throws EnsembleError TOPICS_PLAN_UNREADABLE, TOPICS_PLAN_STALE, TOPICS_APPLIER_FOREIGN_CONTINUATION, and as the connection */
export async function applyCall(
  connection: KafkaConnection,
  request: ApplyRequest,
  manifest: TopicsManifest,
  { handOver, signal }: Deadline,
): Promise<TopicsReply['apply']> {
  const plan = readPlan(request.plan, 'the plan of the request');
  const { continuation, throttleBytesPerSecond } = request;
  const earlier = continuation === undefined ? undefined : await takeUp(connection, plan, continuation);
  let progress: ApplyProgress = { done: 0, failed: 0, total: changesOf(plan).length };
  const report = await workOver(connection).apply(manifest, plan, {
    check: earlier === undefined,
    handOver,
    signal,
    earlier,
    ...(throttleBytesPerSecond === undefined ? {} : { throttleBytesPerSecond }),
    onProgress: (seen) => {
      progress = seen;
    },
  });
  const goesOn = report.stoppedBy?.code === handedOverCode || signal.aborted;
  return {
    report: toReply(report),
    progress,
    continuation: goesOn
      ? {
          plan: contentHash(plan),
          clusterId: plan.clusterId,
          settled: settledOf(plan, report, signal.aborted),
          copiedBytes: report.reassigned?.arrivedBytes ?? continuation?.copiedBytes ?? 0,
        }
      : null,
  };
}

async function takeUp(
  connection: KafkaConnection,
  plan: TopicPlan,
  continuation: TopicsContinuation,
): Promise<EarlierCalls> {
  const { clusterId } = await connection.metadata([]);
  if (continuation.plan !== contentHash(plan) || continuation.clusterId !== clusterId) throw foreignContinuation();
  return {
    settled: new Map(continuation.settled.map(({ place, ...outcome }) => [place, outcome])),
    arrivedBytes: continuation.copiedBytes,
  };
}

/** What was given up in the middle is sent again: every change may be, and the cluster shows which of them was made. */
function settledOf(plan: TopicPlan, { outcomes }: ApplyReport, gaveUp: boolean): TopicsContinuation['settled'] {
  return changesOf(plan).flatMap(({ action }, place) => {
    const outcome = outcomes[place];
    if (outcome === undefined || action === 'reassign') return [];
    const { status, why } = outcome;
    if (status === 'moving' || status === 'not-sent' || (status === 'unknown' && gaveUp)) return [];
    return [{ place, status, ...(why === undefined ? {} : { why }) }];
  });
}

/** Errors as they travel; everything else is plain already. */
function toReply({ stoppedBy, reassigned, outcomes }: ApplyReport): TopicsReply['apply']['report'] {
  const sent = (error: EnsembleError | undefined) => (error === undefined ? undefined : sendError(error));
  return {
    outcomes,
    stoppedBy: sent(stoppedBy),
    reassigned: reassigned === undefined ? undefined : { ...reassigned, stoppedBy: sent(reassigned.stoppedBy) },
  };
}
