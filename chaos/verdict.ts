/**
 * A run's verdict against its prediction. What was predicted not to happen and happened fails; what cannot be told, or was too little, is inconclusive,
 * and never passes. Pure, so that an old history can be judged again.
 */
import { z } from 'zod';
import { type Judgement, judgeAvailability } from './availability.ts';
import type { Anomaly, CheckerName, Finding } from './checkers/finding.ts';
import { checkRun } from './checkers/table.ts';
import { starvedBetween } from './machine-load.ts';
import type { ObservedRun } from './observed-run.ts';
import { type FaultTimings, faultTimings } from './timings.ts';

const stops = z.array(z.strictObject({ fromStep: z.int().min(0), untilStep: z.int().min(0).optional() })).readonly();

/** What a run is judged by; the `plan` of its history's first line. */
const planSchema = z.strictObject({
  title: z.string(),
  /** The partition that the prediction speaks of. */
  partition: z.int().min(0),
  prediction: z.strictObject({
    writing: z.enum(['continues', 'stops']),
    reading: z.enum(['continues', 'stops']),
    durability: z.enum(['keeps', 'may-lose']),
    /** This and the next are absent in histories of before. */
    others: z.enum(['continues', 'stops']).optional(),
    stops: z.strictObject({ writing: stops, reading: stops }).optional(),
    theorem: z.array(z.string()).readonly(),
  }),
  mustLose: z.boolean(),
  /** How long a partition may go without an acknowledgement, beyond what sessions and clients take (availability.ts). */
  failoverSeconds: z.number(),
  /** zookeeper.session.timeout.ms of the brokers. This and those below are absent in histories of before, which are judged without them. */
  sessionSeconds: z.number().optional(),
  acks: z.union([z.literal(1), z.literal('all')]).optional(),
  minInSync: z.int().min(1).optional(),
  atMostDown: z.int().min(1).optional(),
  ratePerSecond: z.number(),
  /** Everything is to come to an endpoint too. */
  push: z.boolean().optional(),
});
export type RunPlan = z.output<typeof planSchema>;

export type VerdictKind = 'pass' | 'fail' | 'inconclusive' | 'skipped';

export interface Verdict {
  readonly verdict: VerdictKind;
  /** A sentence each, the gravest first; empty for a pass. */
  readonly reasons: readonly string[];
  /** What such a run cannot tell and is not asked to; a pass does not speak of it. */
  readonly notTold: readonly string[];
  readonly plan: RunPlan;
  readonly findings: readonly Finding[];
  readonly timings: readonly FaultTimings[];
  readonly counts: {
    /** Records, not requests. */
    readonly acknowledged: number;
    readonly failed: number;
    readonly unknown: number;
    /** From the first injection until the last healing begins. */
    readonly acknowledgedDuringFaults: number;
    /** Before the last healing began: what the faults could have taken. */
    readonly acknowledgedAtRisk: number;
    readonly read: number;
    readonly lost: number;
  };
}

/** Fewer acknowledged writes during the faults prove nothing. */
export const enoughWrites = 1_000;
/** Duplicates are no broken promise: producers that retry without idempotence make them. */
const promises: readonly CheckerName[] = ['lost', 'conflict', 'order', 'skip', 'unseen', 'delivery'];
/** What is excused where acknowledged writes may be lost; and, from where one was, of those who read there or were to. Never the order of what is left. */
const mayBeLost: readonly CheckerName[] = ['lost', 'conflict'];
const comesOfLoss: readonly CheckerName[] = ['skip', 'unseen', 'delivery'];

/** Throws ZodError where the history's plan is not one. */
export function judge(run: ObservedRun): Verdict {
  const plan = planSchema.parse(run.start.plan);
  const findings = checkRun(run);
  const timings = faultTimings(run);
  const counts = countsOf(run, findings);
  const skipped = run.faults
    .filter(({ phase }) => phase === 'skipped')
    .map(({ kind, target, why }) => `${kind} on ${target} is skipped: ${why ?? 'no reason was given'}`);
  const available = judgeAvailability(run, plan, timings);
  const recovery = judgeRecovery(run);
  const failed = [...brokenPromises(plan, findings), ...available.failed, ...recovery.failed];
  const untold = [...available.untold, ...recovery.untold, ...untoldBy(run, plan, findings, timings, counts)];
  const said = { notTold: available.notes, plan, findings, timings, counts };
  if (failed.length > 0) return { verdict: 'fail', reasons: [...failed, ...skipped, ...untold], ...said };
  if (skipped.length > 0) return { verdict: 'skipped', reasons: skipped, ...said };
  if (untold.length > 0) return { verdict: 'inconclusive', reasons: untold, ...said };
  return { verdict: 'pass', reasons: [], ...said };
}

function brokenPromises({ prediction }: RunPlan, findings: readonly Finding[]): readonly string[] {
  const mayLose = prediction.durability !== 'keeps';
  const cut = findings.find(({ checker, outcome }) => checker === 'lost' && outcome === 'found')?.least;
  const reasons: string[] = [];
  for (const { checker, outcome, total, least } of findings) {
    if (outcome !== 'found' || !promises.includes(checker) || (mayLose && mayBeLost.includes(checker))) continue;
    const excusing = mayLose && comesOfLoss.includes(checker) ? cut : undefined;
    const first = [...least].find(([partition, each]) => !isBehind(each, excusing?.get(partition)))?.[1];
    if (first === undefined) continue;
    const all = excusing === undefined ? `${total}` : `${total} in all, not all of them behind a loss`;
    reasons.push(`${checker}: ${all}, and none was predicted; ${first.says}`);
  }
  return reasons;
}

/** Whether it lies where a loss has cut the log of its partition, or behind: what others were handed there is not what lies there now. */
function isBehind({ offset = -1 }: Anomaly, cut: Anomaly | undefined): boolean {
  return cut !== undefined && offset >= (cut.offset ?? -1);
}

/** A steady state that is late on a machine without time is untold. */
function judgeRecovery(run: ObservedRun): Judgement {
  const from = run.faults.filter(({ phase }) => phase === 'healed').at(-1)?.at ?? 0;
  const late = run.steady
    .filter(({ phase, ok }) => phase === 'after' && !ok)
    .map(({ why }) => `the steady state did not come back: ${why ?? ''}`);
  const starved = starvedBetween(run, from, run.endsAt);
  return starved === undefined
    ? { failed: late, untold: [] }
    : { failed: [], untold: late.map((each) => `${each}; ${starved}`) };
}

function untoldBy(
  run: ObservedRun,
  plan: RunPlan,
  findings: readonly Finding[],
  timings: readonly FaultTimings[],
  counts: Verdict['counts'],
): readonly string[] {
  const { prediction, mustLose, atMostDown } = plan;
  const reasons: string[] = [];
  if (run.outcome !== 'completed')
    reasons.push(run.outcome === undefined ? 'the history was cut off' : `the run was ${run.outcome}`);
  if (!run.steady.some(({ phase, ok }) => phase === 'before' && ok)) reasons.push('no steady state was seen before');
  if (!run.steady.some(({ phase }) => phase === 'after')) reasons.push('no steady state was looked for after');
  if (timings.length === 0) reasons.push('no fault was injected');
  for (const { kind, target, node, observed } of timings)
    if (!observed)
      reasons.push(`the cluster’s own state does not show ${kind} on ${target} (${node}): it may not have happened`);
  for (const { kind, target, node, healedAt } of timings)
    if (healedAt === undefined) reasons.push(`nobody saw ${kind} on ${target} (${node}) healed`);
  const down = mostDown(run);
  if (atMostDown !== undefined && down > atMostDown)
    reasons.push(`${down} nodes were down at once, and the scenario allows ${atMostDown}: this was another one`);
  // Where writing is predicted to stop there may be none during the faults. What was acknowledged before the last healing is what they could have taken:
  // what comes after it was in no danger.
  const [written, when] =
    prediction.writing === 'stops'
      ? [counts.acknowledgedAtRisk, 'before the last healing']
      : [counts.acknowledgedDuringFaults, 'during the faults'];
  if (written < enoughWrites)
    reasons.push(`${written} writes were acknowledged ${when}, ${enoughWrites} are asked for`);
  for (const { checker, outcome, notes } of findings)
    if (outcome === 'unknown') reasons.push(`${checker}: ${notes.join('; ')}`);
  if (mustLose && counts.lost === 0)
    reasons.push('a negative control that lost nothing: the moment in which it loses was not hit');
  return reasons;
}

function countsOf(run: ObservedRun, findings: readonly Finding[]): Verdict['counts'] {
  const begin = run.faults.find(({ phase }) => phase === 'injecting')?.at ?? Number.POSITIVE_INFINITY;
  const end = run.faults.filter(({ phase }) => phase === 'healing').at(-1)?.at ?? run.endsAt;
  const counted = { acknowledged: 0, failed: 0, unknown: 0, acknowledgedDuringFaults: 0, acknowledgedAtRisk: 0 };
  for (const { outcome, count, endedAt } of run.writes) {
    counted[outcome === 'ok' ? 'acknowledged' : outcome === 'fail' ? 'failed' : 'unknown'] += count;
    if (outcome !== 'ok' || endedAt === undefined || endedAt > end) continue;
    counted.acknowledgedAtRisk += count;
    if (endedAt >= begin) counted.acknowledgedDuringFaults += count;
  }
  return {
    ...counted,
    read:
      run.polls.reduce((sum, { ids }) => sum + ids.length, 0) +
      run.deliveries.reduce((sum, event) => sum + (event.type === 'pulled' ? event.messages.length : 0), 0),
    lost: findings.find(({ checker }) => checker === 'lost')?.total ?? 0,
  };
}

/** Nodes, from a fault's injection until it serves again. */
function mostDown({ faults }: ObservedRun): number {
  const down = new Map<string, number>();
  let most = 0;
  for (const { phase, node } of faults) {
    if (phase === 'injecting') down.set(node, (down.get(node) ?? 0) + 1);
    if (phase === 'healed') down.set(node, (down.get(node) ?? 0) - 1);
    most = Math.max(most, [...down.values()].filter((count) => count > 0).length);
  }
  return most;
}
