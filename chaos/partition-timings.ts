/**
 * How long a fault's consequences took in one partition, from a run as it was recorded. A time that is absent was never reached: it is censored, not zero.
 */
import type { ObservedRun } from './observed-run.ts';
import { readsOf } from './reading.ts';

export interface PartitionTimings {
  readonly partition: number;
  /** Whether the node that the fault befell led it then. */
  readonly led: boolean;
  /** From injection until it has another leader, before the healing begins; undefined too where the node did not lead it. */
  readonly electionMs: number | undefined;
  /** The longest time in which nothing was acknowledged, from injection to healing; undefined where nothing was acknowledged any more. */
  readonly silenceMs: number | undefined;
  /** From the moment at which the fault stood to the first acknowledgement of a request that began since then, whether anybody was healed by then or not. */
  readonly firstAckMs: number | undefined;
  /** From healing until each of its replicas is in sync. */
  readonly inSyncMs: number | undefined;
  /** From healing until what was acknowledged up to then is read; undefined too where nobody reads, or nothing was acknowledged. */
  readonly drainedMs: number | undefined;
}

/** When a fault was begun, stood, and was healed: milliseconds of the run. */
export interface FaultTimes {
  readonly injectedAt: number;
  readonly standsAt: number;
  readonly healingAt: number | undefined;
  readonly healedAt: number | undefined;
}

type State = ObservedRun['states'][number];

/** In the order of the partitions. `before`: the last state before the fault, and `broker` whom it befell. */
export function partitionTimings(
  run: ObservedRun,
  { injectedAt, standsAt, healingAt, healedAt }: FaultTimes,
  before: State | undefined,
  broker: number | undefined,
): readonly PartitionTimings[] {
  const stood = run.states.filter(({ at }) => at > injectedAt && at <= (healingAt ?? run.endsAt));
  const sinceHealing = healedAt === undefined ? [] : statesFrom(run, healedAt);
  const drained = healedAt === undefined ? new Map<number, number>() : drainedFrom(run, healedAt);
  return Array.from({ length: run.start.partitions }, (_each, partition): PartitionTimings => {
    const of = (state: State) => state.partitions.find((each) => each.partition === partition);
    const led = broker !== undefined && before !== undefined && of(before)?.leader === broker;
    const elected = stood.find((state) => {
      const leader = of(state)?.leader;
      return leader !== undefined && leader !== broker;
    });
    const whole = sinceHealing.find((state) => {
      const found = of(state);
      return found?.leader !== undefined && found.inSync.length === found.replicas.length;
    });
    return {
      partition,
      led,
      electionMs: led ? since(elected?.at, injectedAt) : undefined,
      silenceMs: longestSilence(run, partition, injectedAt, healingAt),
      firstAckMs: since(firstAcknowledged(run, partition, standsAt), standsAt),
      inSyncMs: since(whole?.at, healedAt),
      drainedMs: since(drained.get(partition), healedAt),
    };
  });
}

/** Rounded, and never negative; undefined where either is. */
export function since(time: number | undefined, origin: number | undefined): number | undefined {
  return time === undefined || origin === undefined ? undefined : Math.max(0, Math.round(time - origin));
}

/** A state is written when it changes: the one that held at the moment counts as well. */
export function statesFrom(run: ObservedRun, at: number): readonly State[] {
  const held = run.states.filter((state) => state.at < at).at(-1);
  return run.states.filter((state) => state.at >= (held?.at ?? at));
}

/** Milliseconds; undefined where nothing was acknowledged in the partition after `from`, to the end of the run. */
export function longestSilence(
  run: ObservedRun,
  partition: number,
  from: number,
  to: number = run.endsAt,
): number | undefined {
  const times: number[] = [];
  let goesOn = false;
  for (const write of run.writes) {
    const { endedAt } = write;
    if (write.outcome !== 'ok' || write.partition !== partition || endedAt === undefined || endedAt < from) continue;
    goesOn = true;
    if (endedAt <= to) times.push(endedAt);
  }
  if (!goesOn) return undefined;
  let [longest, last] = [0, from];
  for (const time of [...times.sort((a, b) => a - b), to]) {
    longest = Math.max(longest, time - last);
    last = time;
  }
  return Math.round(longest);
}

/** What began before it may have been written by who is gone by then. */
function firstAcknowledged(run: ObservedRun, partition: number, from: number): number | undefined {
  let first: number | undefined;
  for (const { outcome, partition: where, beganAt, endedAt } of run.writes)
    if (outcome === 'ok' && where === partition && beganAt >= from && endedAt !== undefined)
      first = Math.min(first ?? endedAt, endedAt);
  return first;
}

/** When each partition's reader had come to what was acknowledged before the healing; absent where it never did. */
function drainedFrom(run: ObservedRun, healedAt: number): ReadonlyMap<number, number> {
  const wanted = acknowledgedBefore(run, healedAt);
  const reached = new Map<number, number>();
  const come = (partition: number, offset: number, at: number) => {
    const last = wanted.get(partition);
    if (last !== undefined && offset >= last && !reached.has(partition)) reached.set(partition, Math.max(at, healedAt));
  };
  for (const { partition, offset, ids, at } of run.polls) come(partition, offset + ids.length - 1, at);
  // Through the API there is one partition, and who pulls is its reader.
  for (const event of run.deliveries) {
    const last = event.type === 'pulled' ? event.messages.at(-1) : undefined;
    if (last !== undefined) come(0, last.offset, event.at);
  }
  if (!run.isPushed) return reached;
  // Who is pushed to is a reader too: the later of both.
  const pushed = readsOf(run, 0).find(([way]) => way === 'its push endpoint')?.[1] ?? [];
  const last = wanted.get(0);
  const [pulledAt, pushedAt] = [reached.get(0), pushed.find(({ readTo }) => last !== undefined && readTo > last)?.at];
  reached.delete(0);
  if (pulledAt !== undefined && pushedAt !== undefined) reached.set(0, Math.max(pulledAt, pushedAt));
  return reached;
}

/** The last offset of each partition in which something was. */
export function acknowledgedBefore(run: ObservedRun, healedAt: number): ReadonlyMap<number, number> {
  const wanted = new Map<number, number>();
  for (const { outcome, partition, offset, count, endedAt } of run.writes) {
    if (outcome !== 'ok' || partition === undefined || offset === undefined || (endedAt ?? healedAt) >= healedAt)
      continue;
    wanted.set(partition, Math.max(wanted.get(partition) ?? -1, offset + count - 1));
  }
  return wanted;
}
