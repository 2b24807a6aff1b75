/**
 * Whether writing and reading stopped where they are predicted to, for as long as what stops them stands, and whether writing came back in every partition once
 * all was healed. Predictions take the worst case: one that is not seen has not been shown, and breaks nothing.
 */
import { starvedBetween } from './machine-load.ts';
import type { ObservedRun } from './observed-run.ts';
import type { Stop } from './predict.ts';
import { type Read, readsOf } from './reading.ts';
import type { FaultTimings } from './timings.ts';
import type { RunPlan } from './verdict.ts';

/** What was on its way when the fault came may still end within it; a silence that is shorter is no stop: writes of a partition come tens of milliseconds apart. */
const stopMs = 1_000;

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Sentences: what was not seen to stop. */
export function notStopped(run: ObservedRun, plan: RunPlan, timings: readonly FaultTimings[]): readonly string[] {
  const { partition, prediction, sessionSeconds } = plan;
  if (timings.length === 0 || sessionSeconds === undefined) return [];
  const untold: string[] = [];
  const judge = (what: 'writing' | 'reading', done: (span: Span) => number, how: string) => {
    if (prediction[what] !== 'stops') return;
    for (const span of spansOf(run, prediction.stops?.[what], timings)) {
      const count = done(span);
      const between = `between ${second(span.from)} and ${second(span.to)}, before anybody was healed who could bring it back`;
      if (span.to - span.from < 2 * stopMs)
        untold.push(`${what} was predicted to stop, and what stops it stood too short to be seen: ${between}`);
      else if (count > 0)
        untold.push(
          `${what} was predicted to stop, and ${count} records of partition ${partition} were ${how} ${between}`,
        );
    }
  };
  judge('writing', (span) => acknowledgedIn(run, partition, span), 'acknowledged');
  const ways = readsOf(run, partition);
  // Where one of several ways is shut, reading by it has stopped.
  judge(
    'reading',
    ({ from, to }) => {
      // It may have been fetched by then: a reader hands it out once it has heard of its group again, seconds later.
      const fetched = { from: acknowledgedTo(run, partition, from - stopMs), to: acknowledgedTo(run, partition, from) };
      const counted = ({ at, readTo }: Read) =>
        at > from + stopMs && at < to && (readTo <= fetched.from || readTo > fetched.to);
      return ways.length === 0 ? 0 : Math.min(...ways.map(([, reads]) => reads.filter(counted).length));
    },
    'read',
  );
  return untold;
}

/** Partitions in which nothing was acknowledged any more once all was healed; untold where the machine had no time, or the run was not finished. */
export function notBack(
  run: ObservedRun,
  { sessionSeconds }: RunPlan,
  timings: readonly FaultTimings[],
): { readonly failed: readonly string[]; readonly untold: readonly string[] } {
  const healed = timings.flatMap(({ healedAt }) => healedAt ?? []);
  if (
    sessionSeconds === undefined ||
    healed.length < timings.length ||
    healed.length === 0 ||
    run.outcome !== 'completed'
  )
    return { failed: [], untold: [] };
  const last = Math.max(...healed);
  const back = new Set<number | undefined>();
  for (const { outcome, partition, endedAt } of run.writes)
    if (outcome === 'ok' && endedAt !== undefined && endedAt >= last) back.add(partition);
  const away = Array.from({ length: run.start.partitions }, (_each, partition) => partition)
    .filter((partition) => !back.has(partition))
    .map((partition) => `partition ${partition} acknowledged nothing any more after the last healing`);
  const starved = starvedBetween(run, last, run.endsAt);
  return starved === undefined
    ? { failed: away, untold: [] }
    : { failed: [], untold: away.map((each) => `${each}; ${starved}`) };
}

/** The longest predicted; of a history that does not say when, the time in which all faults stood. */
function spansOf(
  run: ObservedRun,
  stops: readonly Stop[] | undefined,
  timings: readonly FaultTimings[],
): readonly Span[] {
  const begin = (faults: readonly FaultTimings[]) => Math.max(...faults.map(({ standsAt }) => standsAt));
  const end = (faults: readonly FaultTimings[]) =>
    Math.min(run.endsAt, ...faults.map(({ healingAt }) => healingAt ?? run.endsAt));
  if (stops === undefined) return [{ from: begin(timings), to: end(timings) }];
  const of = (step: number | undefined) => timings.filter((each) => each.step === step);
  return stops
    .filter(({ fromStep }) => of(fromStep).length > 0)
    .map(({ fromStep, untilStep }) => ({ from: begin(of(fromStep)), to: end(of(untilStep)) }));
}

function acknowledgedIn(run: ObservedRun, partition: number, { from, to }: Span): number {
  let records = 0;
  for (const { outcome, partition: where, beganAt, endedAt, count } of run.writes)
    if (outcome === 'ok' && where === partition && endedAt !== undefined && endedAt < to)
      if (beganAt >= from || endedAt > from + stopMs) records += count;
  return records;
}

/** Behind the last record of the partition that was acknowledged by then. */
function acknowledgedTo(run: ObservedRun, partition: number, at: number): number {
  let last = 0;
  for (const { outcome, partition: where, offset, count, endedAt } of run.writes)
    if (outcome === 'ok' && where === partition && offset !== undefined && (endedAt ?? at + 1) <= at)
      last = Math.max(last, offset + count);
  return last;
}

function second(at: number): string {
  return `${(at / 1000).toFixed(1)} s`;
}
