/** A run as a picture's data: writes, reads and pushes a moment, latencies, faults as bars, leaders and in-sync replicas as bands. Pure. Times in seconds. */
import type { ObservedRun } from './observed-run.ts';

/** `[from, to]`, what it says, and a number that its colour follows. */
export interface Band {
  readonly row: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly colour: number;
}

export interface Timeline {
  readonly endsAt: number;
  /** The middle of each bin. */
  readonly at: readonly number[];
  /** Records a second, by bin. */
  readonly acknowledged: readonly number[];
  /** Not written, for certain: no entrance took the request. */
  readonly failed: readonly number[];
  readonly unknown: readonly number[];
  /** Handed to a consumer, or to who pulls through the API. */
  readonly read: readonly number[];
  /** Delivered to an endpoint. */
  readonly pushed: readonly number[];
  /** Milliseconds of requests that were acknowledged in the bin; null where there is none. */
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly most: readonly (number | null)[];
  readonly faults: readonly Band[];
  readonly leaders: readonly Band[];
  readonly inSync: readonly Band[];
}

const leastBins = 120;
const leastBinMs = 100;

export function timelineOf(run: ObservedRun): Timeline {
  const binMs = Math.max(leastBinMs, run.endsAt / leastBins / 4);
  const bins = Math.max(1, Math.ceil(run.endsAt / binMs));
  const empty = () => new Array<number>(bins).fill(0);
  const [acknowledged, failed, unknown, read, pushed] = [empty(), empty(), empty(), empty(), empty()];
  const latencies: number[][] = Array.from({ length: bins }, () => []);
  const add = (counts: number[], at: number, count: number) => {
    const bin = Math.min(bins - 1, Math.floor(at / binMs));
    counts[bin] = (counts[bin] ?? 0) + count;
    return bin;
  };
  for (const { outcome, count, beganAt, endedAt } of run.writes) {
    if (outcome === 'ok' && endedAt !== undefined)
      latencies[add(acknowledged, endedAt, count)]?.push(endedAt - beganAt);
    else add(outcome === 'fail' ? failed : unknown, endedAt ?? beganAt, count);
  }
  for (const { at, ids } of run.polls) add(read, at, ids.length);
  for (const event of run.deliveries) if (event.type === 'pulled') add(read, event.at, event.messages.length);
  for (const { at, ids } of run.pushes) add(pushed, at, ids.length);
  const perSecond = (counts: readonly number[]) => counts.map((count) => Math.round((count * 1000) / binMs));
  const sorted = latencies.map((each) => each.sort((a, b) => a - b));
  const rank = (share: number) =>
    sorted.map((each) => {
      const found = each[Math.max(0, Math.ceil(each.length * share) - 1)];
      return found === undefined ? null : Math.round(found * 10) / 10;
    });
  return {
    endsAt: run.endsAt / 1000,
    at: acknowledged.map((_each, bin) => Math.round((bin + 0.5) * binMs) / 1000),
    acknowledged: perSecond(acknowledged),
    failed: perSecond(failed),
    unknown: perSecond(unknown),
    read: perSecond(read),
    pushed: perSecond(pushed),
    p50: rank(0.5),
    p99: rank(0.99),
    most: rank(1),
    faults: faultBands(run),
    leaders: partitionBands(run, ({ leader }) =>
      leader === undefined ? { text: 'no leader', colour: 0 } : { text: `${leader}`, colour: leader },
    ),
    inSync: partitionBands(run, ({ inSync, replicas }) => ({
      text: inSync.join(' '),
      colour: replicas.length - inSync.length,
    })),
  };
}

function faultBands(run: ObservedRun): readonly Band[] {
  return run.faults
    .filter(({ phase }) => phase === 'injecting')
    .map(({ fault, kind, target, node, at }) => {
      const end = run.faults.find((each) => each.fault === fault && each.phase === 'healed')?.at ?? run.endsAt;
      return { row: node, from: at / 1000, to: end / 1000, text: `${kind} on ${target}`, colour: 0 };
    });
}

type SeenPartition = ObservedRun['states'][number]['partitions'][number];

/** What follows each other and says the same is one band. */
function partitionBands(
  run: ObservedRun,
  say: (partition: SeenPartition) => Pick<Band, 'text' | 'colour'>,
): readonly Band[] {
  return Array.from({ length: run.start.partitions }, (_each, partition) => {
    const bands: Band[] = [];
    for (const [index, state] of run.states.entries()) {
      const seen = state.partitions.find((each) => each.partition === partition);
      const to = (run.states[index + 1]?.at ?? run.endsAt) / 1000;
      const said = seen === undefined ? { text: 'unknown', colour: -1 } : say(seen);
      const last = bands.at(-1);
      if (last !== undefined && last.text === said.text) bands[bands.length - 1] = { ...last, to };
      else bands.push({ row: `partition ${partition}`, from: state.at / 1000, to, ...said });
    }
    return bands;
  }).flat();
}
