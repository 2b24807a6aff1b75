/**
 * How long a fault's consequences took, from a run as it was recorded. A time that is absent was never reached: it is censored, not zero.
 * Detection and election are as exact as the observer looks, a few times a second.
 */
import type { ObservedRun } from './observed-run.ts';

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
  /** From healing until every replica of every partition is in sync. */
  readonly inSyncMs: number | undefined;
  /** From healing until consumers have read what was acknowledged up to then. */
  readonly drainedMs: number | undefined;
  readonly partitionsLed: number;
}

/** More than a scenario's `count` may be. */
export const faultsPerStep = 10;

export function faultTimings(run: ObservedRun): readonly FaultTimings[] {
  const all = Array.from({ length: run.start.partitions }, (_each, index) => index);
  return run.faults
    .filter(({ phase }) => phase === 'injected')
    .map(({ fault, kind, target, node, broker, at }) => {
      const injectedAt = run.faults.find((each) => each.fault === fault && each.phase === 'injecting')?.at ?? at;
      const healedAt = run.faults.find((each) => each.fault === fault && each.phase === 'healed')?.at;
      const healingAt = run.faults.find((each) => each.fault === fault && each.phase === 'healing')?.at ?? healedAt;
      const before = run.states.filter((state) => state.at <= injectedAt).at(-1);
      // What is seen later is of the healing, or of a fault after it.
      const seen = run.states.filter((state) => state.at > injectedAt && state.at <= (healedAt ?? run.endsAt));
      const stood = seen.filter((state) => state.at <= (healingAt ?? run.endsAt));
      const led = (before?.partitions ?? []).filter((each) => broker !== undefined && each.leader === broker);
      const since = (time: number | undefined, origin: number | undefined) =>
        time === undefined || origin === undefined ? undefined : Math.max(0, Math.round(time - origin));
      const isSilent = ({ answering }: State) => before?.answering.includes(node) === true && !answering.includes(node);
      const isMissed = (state: State) => misses(state, before, broker);
      const detected = stood.find(broker === undefined ? isSilent : isMissed);
      const elected = stood.find((state) =>
        led.every(({ partition }) => {
          const leader = state.partitions.find((each) => each.partition === partition)?.leader;
          return leader !== undefined && leader !== broker;
        }),
      );
      // A state is written when it changes: the one that held at the healing counts as well.
      const held = run.states.filter((state) => healedAt !== undefined && state.at < healedAt).at(-1);
      const whole = run.states.find(
        ({ at: seenAt, partitions }) =>
          healedAt !== undefined &&
          seenAt >= (held?.at ?? healedAt) &&
          partitions.length === run.start.partitions &&
          partitions.every(({ inSync, replicas, leader }) => leader !== undefined && inSync.length === replicas.length),
      );
      const lookedAt = led.length === 0 ? all : led.map(({ partition }) => partition);
      return {
        fault,
        step: Math.floor(fault / faultsPerStep),
        kind,
        target,
        node,
        injectedAt,
        standsAt: at,
        isBroker: broker !== undefined,
        healingAt,
        healedAt,
        observed: seen.some((state) => isSilent(state) || isMissed(state)),
        detectionMs: since(detected?.at, injectedAt),
        electionMs: led.length === 0 ? undefined : since(elected?.at, injectedAt),
        silenceMs: slowest(lookedAt.map((partition) => longestSilence(run, partition, injectedAt, healingAt))),
        inSyncMs: since(whole?.at, healedAt),
        drainedMs: healedAt === undefined ? undefined : since(drainedAt(run, healedAt), healedAt),
        partitionsLed: led.length,
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

/** undefined where one of them never came. */
function slowest(times: readonly (number | undefined)[]): number | undefined {
  let last = 0;
  for (const time of times) {
    if (time === undefined) return undefined;
    last = Math.max(last, time);
  }
  return last;
}

function drainedAt(run: ObservedRun, healedAt: number): number | undefined {
  const wanted = new Map<number, number>();
  for (const { outcome, partition, offset, count, endedAt } of run.writes) {
    if (outcome !== 'ok' || partition === undefined || offset === undefined || (endedAt ?? healedAt) >= healedAt)
      continue;
    wanted.set(partition, Math.max(wanted.get(partition) ?? -1, offset + count - 1));
  }
  const reached = new Map<number, number>();
  for (const { partition, offset, ids, at } of run.polls)
    if (offset + ids.length - 1 >= (wanted.get(partition) ?? Number.POSITIVE_INFINITY) && !reached.has(partition))
      reached.set(partition, at);
  // Through the API there is one partition, and who pulls is its reader.
  for (const event of run.deliveries) {
    const last = event.type === 'pulled' ? event.messages.at(-1) : undefined;
    if (last !== undefined && last.offset >= (wanted.get(0) ?? Number.POSITIVE_INFINITY) && !reached.has(0))
      reached.set(0, event.at);
  }
  if (wanted.size === 0) return undefined;
  return slowest([...wanted.keys()].map((partition) => reached.get(partition)));
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
