/**
 * A run's verdict against its prediction. What was predicted not to happen and happened fails; what cannot be told, or was too little, is inconclusive,
 * and never passes. Pure, so that an old history can be judged again.
 */
import { z } from 'zod';
import type { CheckerName, Finding } from './checkers/finding.ts';
import { checkRun } from './checkers/table.ts';
import type { ObservedRun } from './observed-run.ts';
import { type FaultTimings, faultTimings, longestSilence } from './timings.ts';

/** What a run is judged by; the `plan` of its history's first line. */
const planSchema = z.strictObject({
  title: z.string(),
  /** The partition that the prediction speaks of. */
  partition: z.int().min(0),
  prediction: z.strictObject({
    writing: z.enum(['continues', 'stops']),
    reading: z.enum(['continues', 'stops']),
    durability: z.enum(['keeps', 'may-lose']),
    theorem: z.array(z.string()).readonly(),
  }),
  mustLose: z.boolean(),
  failoverSeconds: z.number(),
  ratePerSecond: z.number(),
});
export type RunPlan = z.output<typeof planSchema>;

export type VerdictKind = 'pass' | 'fail' | 'inconclusive' | 'skipped';

export interface Verdict {
  readonly verdict: VerdictKind;
  /** A sentence each, the gravest first; empty for a pass. */
  readonly reasons: readonly string[];
  readonly plan: RunPlan;
  readonly findings: readonly Finding[];
  readonly timings: readonly FaultTimings[];
  readonly counts: {
    /** Records, not requests. */
    readonly acknowledged: number;
    readonly failed: number;
    readonly unknown: number;
    /** Between the first injection and the last healing. */
    readonly acknowledgedDuringFaults: number;
    readonly read: number;
    readonly lost: number;
  };
}

/** Fewer acknowledged writes during the faults prove nothing. */
const enough = 1_000;
/** What an election that loses records brings with it. */
const consequences: readonly CheckerName[] = ['lost', 'conflict', 'order', 'skip', 'unseen', 'delivery'];

/** Throws ZodError where the history's plan is not one. */
export function judge(run: ObservedRun): Verdict {
  const plan = planSchema.parse(run.start.plan);
  const findings = checkRun(run);
  const timings = faultTimings(run);
  const counts = countsOf(run, findings);
  const skipped = run.faults
    .filter(({ phase }) => phase === 'skipped')
    .map(({ kind, target, why }) => `${kind} on ${target} is skipped: ${why ?? 'no reason was given'}`);
  const failed = [...brokenPromises(plan, findings), ...wrongPredictions(run, plan, timings), ...notRecovered(run)];
  const untold = untoldBy(run, plan, findings, timings, counts);
  const said = { plan, findings, timings, counts };
  if (failed.length > 0) return { verdict: 'fail', reasons: [...failed, ...skipped, ...untold], ...said };
  if (skipped.length > 0) return { verdict: 'skipped', reasons: skipped, ...said };
  if (untold.length > 0) return { verdict: 'inconclusive', reasons: untold, ...said };
  return { verdict: 'pass', reasons: [], ...said };
}

/** Duplicates are no broken promise: producers that retry without idempotence make them. */
function brokenPromises({ prediction }: RunPlan, findings: readonly Finding[]): readonly string[] {
  if (prediction.durability === 'may-lose') return [];
  return findings
    .filter(({ checker, outcome }) => outcome === 'found' && consequences.includes(checker))
    .map(
      ({ checker, total, anomalies }) => `${checker}: ${total}, and none was predicted; ${anomalies[0]?.says ?? ''}`,
    );
}

function wrongPredictions(run: ObservedRun, plan: RunPlan, timings: readonly FaultTimings[]): readonly string[] {
  const { prediction, partition, failoverSeconds } = plan;
  if (prediction.writing === 'stops') return [];
  return timings.flatMap(({ kind, target, injectedAt, healedAt }) => {
    const until = healedAt ?? run.endsAt;
    const silence = longestSilence(run, partition, injectedAt, until) ?? until - injectedAt;
    if (silence <= failoverSeconds * 1000) return [];
    return [
      `writing was predicted to continue, and with ${kind} on ${target} partition ${partition} acknowledged nothing for ${Math.round(silence / 1000)} s (${failoverSeconds} s allowed)`,
    ];
  });
}

function notRecovered(run: ObservedRun): readonly string[] {
  return run.steady
    .filter(({ phase, ok }) => phase === 'after' && !ok)
    .map(({ why }) => `the steady state did not come back: ${why ?? ''}`);
}

function untoldBy(
  run: ObservedRun,
  plan: RunPlan,
  findings: readonly Finding[],
  timings: readonly FaultTimings[],
  counts: Verdict['counts'],
): readonly string[] {
  const { prediction, mustLose } = plan;
  const reasons: string[] = [];
  if (run.outcome !== 'completed')
    reasons.push(run.outcome === undefined ? 'the history was cut off' : `the run was ${run.outcome}`);
  if (!run.steady.some(({ phase, ok }) => phase === 'before' && ok)) reasons.push('no steady state was seen before');
  if (!run.steady.some(({ phase }) => phase === 'after')) reasons.push('no steady state was looked for after');
  if (timings.length === 0) reasons.push('no fault was injected');
  for (const { kind, target, node, observed } of timings)
    if (!observed)
      reasons.push(`the cluster’s own state does not show ${kind} on ${target} (${node}): it may not have happened`);
  // Where writing is predicted to stop there may be none during the faults: those before and after are what may be lost.
  const [written, when] =
    prediction.writing === 'stops'
      ? [counts.acknowledged, 'in the whole run']
      : [counts.acknowledgedDuringFaults, 'during the faults'];
  if (written < enough) reasons.push(`${written} writes were acknowledged ${when}, ${enough} are asked for`);
  for (const { checker, outcome, notes } of findings)
    if (outcome === 'unknown') reasons.push(`${checker}: ${notes.join('; ')}`);
  if (mustLose && counts.lost === 0)
    reasons.push('a negative control that lost nothing: the moment in which it loses was not hit');
  return reasons;
}

function countsOf(run: ObservedRun, findings: readonly Finding[]): Verdict['counts'] {
  const begin = run.faults.find(({ phase }) => phase === 'injecting')?.at ?? Number.POSITIVE_INFINITY;
  const end = run.faults.filter(({ phase }) => phase === 'healed').at(-1)?.at ?? run.endsAt;
  const counted = { acknowledged: 0, failed: 0, unknown: 0, acknowledgedDuringFaults: 0 };
  for (const { outcome, count, endedAt } of run.writes) {
    counted[outcome === 'ok' ? 'acknowledged' : outcome === 'fail' ? 'failed' : 'unknown'] += count;
    if (outcome === 'ok' && endedAt !== undefined && endedAt >= begin && endedAt <= end)
      counted.acknowledgedDuringFaults += count;
  }
  return {
    ...counted,
    read: run.polls.reduce((sum, { ids }) => sum + ids.length, 0),
    lost: findings.find(({ checker }) => checker === 'lost')?.total ?? 0,
  };
}
