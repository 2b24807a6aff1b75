/**
 * Whether writing and reading went on while faults stood, and stopped where too few replicas ran. A partition is available where it acknowledges again
 * before anybody is healed: what comes back with the healing shows that records are kept, and nothing of availability.
 *
 * Sources of the allowance: a dead broker is missed when its ZooKeeper session ends; KafkaJS doubles its pause with each retry, so that it may ask again as
 * late after the election as that took (README of KafkaJS, "Retry"); a request on a connection that nobody closes is given up after 30 s (its requestTimeout).
 */
import { starvedBetween } from './machine-load.ts';
import type { ObservedRun } from './observed-run.ts';
import { type FaultTimings, longestSilence } from './timings.ts';
import type { ValueId } from './values.ts';
import type { RunPlan } from './verdict.ts';

/** Sentences: what broke a prediction, and what could not be told. */
export interface Judgement {
  readonly failed: readonly string[];
  readonly untold: readonly string[];
}

/** Of a fault: who is hit, and whether connections end with it. */
interface Struck {
  readonly kind: string;
  readonly isBroker: boolean;
}

const requestTimeoutMs = 30_000;
/** On top of writing's: a group that lost a member or its coordinator forms anew. */
const rejoinMs = 30_000;
/** A shorter silence is no stop: writes of a partition are at most some tens of milliseconds apart. */
const stopMs = 1_000;
/** Those that leave connections open, and say goodbye to nobody. */
const silentKinds: readonly string[] = ['pause', 'isolate', 'slow-link', 'machine-kill'];
/** Those after which a process is surely gone until it is healed. */
const goneKinds: readonly string[] = ['term', 'kill', 'machine-kill'];

/** How long a partition may go without an acknowledgement with such a fault, where writing is to continue. @internal */
export function allowedSilenceMs(
  { kind, isBroker }: Struck,
  { failoverSeconds, sessionSeconds }: Pick<RunPlan, 'failoverSeconds' | 'sessionSeconds'>,
): number {
  const failoverMs = failoverSeconds * 1000;
  // A history of before, whose allowance was one number.
  if (sessionSeconds === undefined) return failoverMs;
  if (!isBroker || kind === 'term') return failoverMs;
  const missedMs = 2 * sessionSeconds * 1000;
  return failoverMs + (silentKinds.includes(kind) ? Math.max(missedMs, requestTimeoutMs) : missedMs);
}

/** Of the partition that the prediction speaks of. */
export function judgeAvailability(run: ObservedRun, plan: RunPlan, timings: readonly FaultTimings[]): Judgement {
  const failed: string[] = [...acknowledgedByTooFew(run, plan)];
  const untold: string[] = [];
  const { partition, prediction } = plan;
  // Faults that overlap share their consequences: the most that one of them allows.
  const allowed = Math.max(0, ...timings.map((fault) => allowedSilenceMs(fault, plan)));
  for (const fault of timings) {
    const until = fault.healingAt ?? run.endsAt;
    const judge = (what: string, silence: Silence, most: number, resumed: boolean) => {
      const says = `${what} was predicted to continue, and with ${fault.kind} on ${fault.target} partition ${partition} ${silence.says}`;
      if (silence.ms > most) {
        const starved = starvedBetween(run, fault.injectedAt, until);
        const long = `${says} for ${seconds(silence.ms)} s (${seconds(most)} s allowed)`;
        if (starved === undefined) failed.push(long);
        else untold.push(`${long}; ${starved}`);
      } else if (!resumed)
        untold.push(
          `${what} may not have continued: nothing that began with ${fault.kind} on ${fault.target} was done in partition ${partition} before it was healed`,
        );
    };
    if (prediction.writing === 'continues') {
      const ms = longestSilence(run, partition, fault.injectedAt, until) ?? until - fault.injectedAt;
      const resumed = run.writes.some(
        ({ outcome, partition: where, beganAt, endedAt }) =>
          outcome === 'ok' &&
          where === partition &&
          beganAt >= fault.injectedAt &&
          (endedAt ?? Number.POSITIVE_INFINITY) <= until,
      );
      judge('writing', { ms, says: 'acknowledged nothing' }, allowed, resumed || plan.sessionSeconds === undefined);
    }
    if (prediction.reading !== 'continues' || plan.sessionSeconds === undefined) continue;
    for (const [by, reads] of Object.entries(readsOf(run, partition)))
      if (reads.length > 0) {
        const ms = longestUnread(run, partition, reads, fault.injectedAt, until);
        judge('reading', { ms, says: `kept an acknowledged record from ${by}` }, allowed + rejoinMs, true);
      }
  }
  untold.push(...notStopped(run, plan, timings));
  return { failed, untold };
}

interface Silence {
  readonly ms: number;
  readonly says: string;
}

/** Where writing is predicted to stop and nobody saw it stop, the run has not shown what it is for. */
function notStopped(
  run: ObservedRun,
  { partition, prediction, sessionSeconds }: RunPlan,
  timings: readonly FaultTimings[],
): readonly string[] {
  const [first] = timings;
  if (prediction.writing === 'continues' || first === undefined || sessionSeconds === undefined) return [];
  const from = Math.min(...timings.map(({ injectedAt }) => injectedAt));
  const to = Math.max(...timings.map(({ healedAt }) => healedAt ?? run.endsAt));
  const silence = longestSilence(run, partition, from, to);
  if (silence === undefined || silence >= stopMs) return [];
  return [
    `writing was predicted to stop, and partition ${partition} acknowledged all the time: its longest silence was ${(silence / 1000).toFixed(2)} s`,
  ];
}

/** Requests that began and were acknowledged while fewer replicas ran than acks and min.insync.replicas ask for: processes that had ended acknowledge nothing. */
function acknowledgedByTooFew(run: ObservedRun, { acks, minInSync }: RunPlan): readonly string[] {
  if (acks === undefined || minInSync === undefined) return [];
  const needed = acks === 'all' ? minInSync : 1;
  const replicasOf = new Map<number, readonly number[]>();
  for (const { partitions } of run.states)
    for (const { partition, replicas } of partitions) replicasOf.set(partition, replicas);
  const gone = run.faults.filter(({ kind, broker }) => broker !== undefined && goneKinds.includes(kind));
  const edges = gone.filter(({ phase }) => phase === 'injected' || phase === 'healing');
  const reasons: string[] = [];
  for (const [partition, replicas] of replicasOf) {
    const away = new Set<number>();
    let began: number | undefined;
    let [count, running] = [0, 0];
    for (const { phase, broker, at } of edges) {
      if (broker === undefined || !replicas.includes(broker)) continue;
      const before = began;
      if (before !== undefined) count += acknowledgedWithin(run, partition, before, at);
      if (phase === 'injected') away.add(broker);
      else away.delete(broker);
      const left = replicas.length - away.size;
      began = left < needed ? at : undefined;
      if (began !== undefined) running = left;
    }
    if (count > 0)
      reasons.push(
        `${count} records of partition ${partition} were acknowledged while ${running} of its replicas ran, and ${needed} are asked for`,
      );
  }
  return reasons;
}

function acknowledgedWithin(run: ObservedRun, partition: number, from: number, to: number): number {
  let count = 0;
  for (const write of run.writes)
    if (write.outcome === 'ok' && write.partition === partition && write.beganAt >= from && (write.endedAt ?? to) < to)
      count += write.count;
  return count;
}

interface Read {
  readonly at: number;
  /** Behind the last record that was handed out. */
  readonly readTo: number;
}

/** Each way by which records are to come, with what came. */
function readsOf(run: ObservedRun, partition: number): Readonly<Record<string, readonly Read[]>> {
  const offsets = new Map<ValueId, number>();
  for (const { outcome, partition: where, offset, key, first, count } of run.pushes.length === 0 ? [] : run.writes)
    for (let index = 0; outcome === 'ok' && where === partition && offset !== undefined && index < count; index += 1)
      offsets.set(run.idOf(key, first + index), offset + index);
  return {
    'its readers': run.polls
      .filter((poll) => poll.partition === partition)
      .map(({ at, offset, ids }) => ({ at, readTo: offset + ids.length })),
    'who pulls': run.deliveries.flatMap((event) =>
      event.type === 'pulled'
        ? event.messages.slice(-1).map(({ offset }) => ({ at: event.at, readTo: offset + 1 }))
        : [],
    ),
    'its push endpoint': run.pushes.map(({ at, ids }) => ({
      at,
      readTo: Math.max(0, ...ids.map((id) => (offsets.get(id) ?? -1) + 1)),
    })),
  };
}

/** The longest time, between the two moments, for which a record that was acknowledged in the partition waited for whoever is to have it. Milliseconds. */
function longestUnread(run: ObservedRun, partition: number, reads: readonly Read[], from: number, to: number): number {
  const moments: { readonly at: number; readonly acknowledgedTo?: number; readonly readTo?: number }[] = reads.filter(
    ({ at }) => at <= to,
  );
  for (const { outcome, partition: where, offset, count, endedAt: at } of run.writes)
    if (outcome === 'ok' && where === partition && offset !== undefined && at !== undefined && at <= to)
      moments.push({ at, acknowledgedTo: offset + count });
  moments.sort((a, b) => a.at - b.at);
  let [acknowledgedTo, readTo, longest] = [0, 0, 0];
  let waiting: number | undefined;
  for (const moment of moments) {
    acknowledgedTo = Math.max(acknowledgedTo, moment.acknowledgedTo ?? 0);
    if (moment.readTo !== undefined && moment.readTo > readTo) {
      if (waiting !== undefined && moment.at > from) longest = Math.max(longest, moment.at - Math.max(waiting, from));
      readTo = moment.readTo;
      waiting = undefined;
    }
    if (acknowledgedTo > readTo) waiting ??= moment.at;
  }
  return waiting === undefined ? longest : Math.max(longest, to - Math.max(waiting, from));
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
