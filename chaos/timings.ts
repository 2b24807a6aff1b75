/**
 * How long a fault's consequences took, from a run as it was recorded: in the slowest of the partitions that it concerned, and in each of them
 * (partition-timings.ts). A time that is absent was never reached: it is censored, not zero. Detection and election are as exact as the observer looks, a few
 * times a second.
 */
import type { ObservedRun } from './observed-run.ts';
import { acknowledgedBefore, type PartitionTimings, partitionTimings, since, statesFrom } from './partition-timings.ts';

export interface FaultTimings {
  readonly fault: number;
  /** Of the scenario, as faults are numbered: ten to a step. */
  readonly step: number;
  readonly kind: string;
  readonly target: string;
  readonly node: string;
  /** When it was begun: a service that is asked to leave is missed before it has left. */
  readonly injectedAt: number;
  /** When it was done: from then on it stands. */
  readonly standsAt: number;
  readonly isBroker: boolean;
  /** When its healing began; what comes back after it shows nothing of what stood before. */
  readonly healingAt: number | undefined;
  /** undefined where it was not healed. */
  readonly healedAt: number | undefined;
  /** Whether the node was seen to be gone before it was healed, by itself or by the others: a fault that nobody sees may not have happened. */
  readonly observed: boolean;
  /** From injection to the first word of the others that they miss the node; of one that holds no partitions, to its own silence. Before its healing begins. */
  readonly detectionMs: number | undefined;
  /** From injection until every partition that the node led has another leader, before its healing begins; undefined too where it led none. */
  readonly electionMs: number | undefined;
  /**
   * From injection to healing, the longest time in which nothing was acknowledged in the slowest of the partitions that the node led; of all where it led
   * none. undefined where nothing was acknowledged any more.
   */
  readonly silenceMs: number | undefined;
  /**
   * From the moment at which the fault stood until the slowest of those partitions has acknowledged a request that began since then. Not cut at the healing: what
   * only came back with it took as long as the fault and longer. undefined where it never did.
   */
  readonly firstAckMs: number | undefined;
  /** From healing until every replica of every partition is in sync. */
  readonly inSyncMs: number | undefined;
  /** From healing until consumers have read what was acknowledged up to then. */
  readonly drainedMs: number | undefined;
  readonly partitionsLed: number;
  /** Of each partition. */
  readonly partitions: readonly PartitionTimings[];
}

/** More than a scenario's `count` may be. */
export const faultsPerStep = 10;

export function faultTimings(run: ObservedRun): readonly FaultTimings[] {
  return run.faults
    .filter(({ phase }) => phase === 'injected')
    .map(({ fault, kind, target, node, broker, at: standsAt }) => {
      const injectedAt = run.faults.find((each) => each.fault === fault && each.phase === 'injecting')?.at ?? standsAt;
      const healedAt = run.faults.find((each) => each.fault === fault && each.phase === 'healed')?.at;
      const healingAt = run.faults.find((each) => each.fault === fault && each.phase === 'healing')?.at ?? healedAt;
      const times = { injectedAt, standsAt, healingAt, healedAt };
      const before = run.states.filter((state) => state.at <= injectedAt).at(-1);
      // What is seen later is of the healing, or of a fault after it.
      const seen = run.states.filter((state) => state.at > injectedAt && state.at <= (healedAt ?? run.endsAt));
      const stood = seen.filter((state) => state.at <= (healingAt ?? run.endsAt));
      const isSilent = ({ answering }: State) => before?.answering.includes(node) === true && !answering.includes(node);
      const isMissed = (state: State) => misses(state, before, broker);
      const detected = stood.find(broker === undefined ? isSilent : isMissed);
      const partitions = partitionTimings(run, times, before, broker);
      const led = partitions.filter((each) => each.led);
      const concerned = led.length === 0 ? partitions : led;
      const whole =
        healedAt === undefined
          ? undefined
          : statesFrom(run, healedAt).find(
              (state) =>
                state.partitions.length === run.start.partitions &&
                state.partitions.every(
                  ({ inSync, replicas, leader }) => leader !== undefined && inSync.length === replicas.length,
                ),
            );
      return {
        fault,
        step: Math.floor(fault / faultsPerStep),
        kind,
        target,
        node,
        ...times,
        isBroker: broker !== undefined,
        observed: seen.some((state) => isSilent(state) || isMissed(state)),
        detectionMs: since(detected?.at, injectedAt),
        electionMs: led.length === 0 ? undefined : slowest(led.map(({ electionMs }) => electionMs)),
        silenceMs: slowest(concerned.map(({ silenceMs }) => silenceMs)),
        firstAckMs: slowest(concerned.map(({ firstAckMs }) => firstAckMs)),
        inSyncMs: since(whole?.at, healedAt),
        drainedMs: drainedMs(run, healedAt, partitions),
        partitionsLed: led.length,
        partitions,
      };
    });
}

type State = ObservedRun['states'][number];

/** Whether the others say that the broker is gone: not registered, or not in sync any more. */
function misses(state: State, before: State | undefined, broker: number | undefined): boolean {
  if (broker === undefined || before === undefined) return false;
  if (before.registered.includes(broker) && !state.registered.includes(broker)) return true;
  return before.partitions.some(({ partition, inSync }) => {
    const now = state.partitions.find((each) => each.partition === partition);
    return inSync.includes(broker) && now !== undefined && !now.inSync.includes(broker);
  });
}

/** undefined where one of them never came. */
function slowest(times: readonly (number | undefined)[]): number | undefined {
  let last = 0;
  for (const time of times) {
    if (time === undefined) return undefined;
    last = Math.max(last, time);
  }
  return last;
}

/** undefined where nothing was to be read, and where one of the partitions was never read up to there. */
function drainedMs(
  run: ObservedRun,
  healedAt: number | undefined,
  partitions: readonly PartitionTimings[],
): number | undefined {
  if (healedAt === undefined) return undefined;
  const wanted = acknowledgedBefore(run, healedAt);
  if (wanted.size === 0) return undefined;
  return slowest(partitions.filter(({ partition }) => wanted.has(partition)).map((each) => each.drainedMs));
}

export interface Spread {
  /** How many there are, and how many of them never got there. */
  readonly runs: number;
  readonly censored: number;
  /** Of those that got there; nearest rank. A rank that falls among the censored is undefined. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly max: number | undefined;
}

/** Censored ones rank above all others: leaving them out would make what fails look quick. @internal */
export function spreadOf(times: readonly (number | undefined)[]): Spread {
  const sorted = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(times.length * share) - 1)];
  const censored = times.length - sorted.length;
  return { runs: times.length, censored, p50: at(0.5), p95: at(0.95), max: censored > 0 ? undefined : sorted.at(-1) };
}
