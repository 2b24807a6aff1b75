/**
 * Whether writing and reading went on while faults stood, and stopped where too few replicas ran. A partition is available where it acknowledges again
 * before anybody is healed: what comes back with the healing shows that records are kept, and nothing of availability.
 *
 * Sources of the allowance: a dead broker is missed when its ZooKeeper session ends; KafkaJS doubles its pause with each retry, so that it may ask again as
 * late after the election as that took (README of KafkaJS, "Retry"); a request on a connection that nobody closes is given up after 30 s (its requestTimeout);
 * one to the messaging API after 15 s (api-client.ts).
 */
import { apiAnswerMs } from './api-client.ts';
import { starvedBetween } from './machine-load.ts';
import type { ObservedRun } from './observed-run.ts';
import { longestSilence } from './partition-timings.ts';
import { allowedUnreadMs, longestUnread, readBetween, readsOf } from './reading.ts';
import { notBack, notStopped } from './stopping.ts';
import type { FaultTimings } from './timings.ts';
import type { RunPlan } from './verdict.ts';

/** Sentences: what broke a prediction, and what could not be told. */
export interface Judgement {
  readonly failed: readonly string[];
  readonly untold: readonly string[];
}

export interface AvailabilityJudgement extends Judgement {
  /** What a run of this kind cannot tell, and is not asked to; said, and no lack of it. */
  readonly notes: readonly string[];
}

/** Of a fault: who is hit, and whether connections end with it. */
interface Struck {
  readonly kind: string;
  readonly target: string;
  readonly isBroker: boolean;
}

const requestTimeoutMs = 30_000;
/** Those that leave connections open, and say goodbye to nobody. */
const silentKinds: readonly string[] = ['pause', 'isolate', 'slow-link', 'machine-kill'];
/** Those after which a process is surely gone until it is healed. */
const goneKinds: readonly string[] = ['term', 'kill', 'machine-kill'];

/** Whom a client of the messaging API has a connection to, directly or behind a balancer. */
const entrances: readonly string[] = ['balancer', 'api-node'];

/** How long a partition may go without an acknowledgement with such a fault, where writing is to continue. @internal */
export function allowedSilenceMs(
  { kind, target, isBroker }: Struck,
  { failoverSeconds, sessionSeconds }: Pick<RunPlan, 'failoverSeconds' | 'sessionSeconds'>,
): number {
  const failoverMs = failoverSeconds * 1000;
  // A history of before, whose allowance was one number.
  if (sessionSeconds === undefined) return failoverMs;
  // A request that was on its way there is nobody's to take back: its client gives it up.
  if (silentKinds.includes(kind) && entrances.includes(target)) return failoverMs + apiAnswerMs;
  if (!isBroker || kind === 'term') return failoverMs;
  const missedMs = 2 * sessionSeconds * 1000;
  return failoverMs + (silentKinds.includes(kind) ? Math.max(missedMs, requestTimeoutMs) : missedMs);
}

/** Of the partition that the prediction speaks of all of it; of the others, where writing or reading is to continue, that no silence is too long. */
export function judgeAvailability(
  run: ObservedRun,
  plan: RunPlan,
  timings: readonly FaultTimings[],
): AvailabilityJudgement {
  const back = notBack(run, plan, timings);
  const failed: string[] = [...acknowledgedByTooFew(run, plan), ...back.failed];
  const untold: string[] = [];
  const notes: string[] = [];
  const { partition, prediction, sessionSeconds } = plan;
  // Faults that overlap share their consequences: the most that one of them allows.
  const allowed = Math.max(0, ...timings.map((fault) => allowedSilenceMs(fault, plan)));
  const isBroker = timings.some((fault) => fault.isBroker);
  for (const fault of timings) {
    const { standsAt, injectedAt } = fault;
    const until = fault.healingAt ?? run.endsAt;
    const where = `${fault.kind} on ${fault.target}`;
    const judge = (what: string, silence: Silence, most: number, resumed: boolean, of = partition) => {
      const says = `${what} was predicted to continue, and with ${where} partition ${of} ${silence.says}`;
      if (silence.ms > most) {
        const starved = starvedBetween(run, injectedAt, until);
        const long = `${says} for ${seconds(silence.ms)} s (${seconds(most)} s allowed)`;
        if (starved === undefined) failed.push(long);
        else untold.push(`${long}; ${starved}`);
      } else if (!resumed)
        untold.push(
          `${what} may not have continued: nothing that began with ${where} was done in partition ${of} before it was healed`,
        );
    };
    if (prediction.writing === 'continues') {
      const ms = longestSilence(run, partition, injectedAt, until) ?? until - injectedAt;
      const resumed = acknowledgedWithin(run, partition, standsAt, until) > 0;
      judge('writing', { ms, says: 'acknowledged nothing' }, allowed, resumed || sessionSeconds === undefined);
    }
    if (sessionSeconds === undefined) continue;
    for (const other of prediction.others === 'stops' ? [] : othersOf(run, partition, injectedAt)) {
      if (prediction.writing === 'continues') {
        const ms = longestSilence(run, other, injectedAt, until) ?? until - injectedAt;
        judge('writing', { ms, says: 'acknowledged nothing' }, allowed, true, other);
      }
      if (prediction.reading === 'continues')
        for (const [by, reads] of readsOf(run, other)) {
          const ms = longestUnread(run, other, reads, injectedAt, until);
          const silence = { ms, says: `kept an acknowledged record from ${by}` };
          judge(`reading by ${by}`, silence, allowedUnreadMs(by, allowed, { isBroker }), true, other);
        }
    }
    if (prediction.reading !== 'continues') continue;
    for (const [by, reads] of readsOf(run, partition)) {
      const ms = longestUnread(run, partition, reads, injectedAt, until);
      const found = readBetween(run, partition, reads, standsAt, until);
      const nothingToRead = found === 'none were acknowledged' && prediction.writing === 'stops';
      const silence = { ms, says: `kept an acknowledged record from ${by}` };
      const most = allowedUnreadMs(by, allowed, { isBroker });
      judge(`reading by ${by}`, silence, most, found === 'read' || nothingToRead);
      if (nothingToRead)
        notes.push(`reading by ${by} is not told: nothing was acknowledged with ${where} that could have been read`);
    }
  }
  untold.push(...notStopped(run, plan, timings), ...back.untold);
  // A negative control shows that losses are found. Its faults stand too short to tell of availability.
  const said = [...new Set(notes)];
  return plan.mustLose ? { failed, untold: [], notes: [...said, ...untold] } : { failed, untold, notes: said };
}

/** The other partitions that were written to before: a key may belong to none of them. */
function othersOf(run: ObservedRun, partition: number, before: number): readonly number[] {
  const written = new Set<number>();
  for (const { outcome, partition: where, endedAt } of run.writes)
    if (outcome === 'ok' && where !== undefined && where !== partition && (endedAt ?? before) < before)
      written.add(where);
  return [...written].sort((a, b) => a - b);
}

interface Silence {
  readonly ms: number;
  readonly says: string;
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

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
