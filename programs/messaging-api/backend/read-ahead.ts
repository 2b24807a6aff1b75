/**
 * What a broker gave beyond what a pull asked for: it gives whole batches, and publishes that shared a request are one of thousands of records, so that without
 * this each pull of a hundred would fetch and decode all of them again. Decision 0027. Kept for a second, in bounded memory; used only where it answers a read in full,
 * so that a read at the end of a log always asks. Records that were read are settled (every in-sync replica has them) and do not change.
 */
import type { BackendRecord, LogPlace, ReadOptions } from './backend.ts';

interface Stretch {
  readonly key: string;
  /** In order, without a gap but for what is no longer in the log. */
  readonly records: readonly BackendRecord[];
  /** The first offset that it answers for. */
  readonly from: number;
  /** What it keeps in memory: the broker's whole answer. */
  readonly bytes: number;
  readonly untilMs: number;
}

export interface ReadAheadOptions {
  /** Default 1 000. */
  readonly forMs?: number;
  /** All logs together. Default 8 MiB. */
  readonly keptBytes?: number;
  readonly clock?: () => number;
}

export class ReadAhead {
  readonly #options: Required<ReadAheadOptions>;
  /** The oldest first. */
  #stretches: Stretch[] = [];

  constructor(options: ReadAheadOptions = {}) {
    this.#options = { forMs: 1_000, keptBytes: 8_388_608, clock: () => performance.now(), ...options };
  }

  /** What Backend.read gives for this, or undefined where that must be asked for. */
  find(
    place: LogPlace,
    offset: number,
    { maxRecords, maxBytes }: Pick<ReadOptions, 'maxRecords' | 'maxBytes'>,
  ): readonly BackendRecord[] | undefined {
    const key = keyOf(place);
    const now = this.#options.clock();
    this.#forgetOld(now);
    const stretch = this.#stretches.findLast((each) => each.key === key && covers(each, offset) && each.untilMs > now);
    if (stretch === undefined) return undefined;
    const found: BackendRecord[] = [];
    let bytes = 0;
    for (let at = firstFrom(stretch.records, offset); at < stretch.records.length; at += 1) {
      const record = stretch.records[at];
      if (record === undefined) break;
      bytes += record.value.length;
      if (found.length > 0 && bytes > maxBytes) return found;
      found.push(record);
      if (found.length >= maxRecords) return found;
    }
    return undefined;
  }

  /** Takes what was fetched from `from` on. `bytes`: of the broker's answer. */
  keep(place: LogPlace, from: number, records: readonly BackendRecord[], bytes: number, askedMs: number): void {
    const { forMs, keptBytes } = this.#options;
    if (records.length === 0 || bytes > keptBytes / 2) return;
    this.#stretches.push({ key: keyOf(place), records, from, bytes, untilMs: askedMs + forMs });
    let kept = this.#stretches.reduce((sum, each) => sum + each.bytes, 0);
    while (kept > keptBytes) kept -= this.#stretches.shift()?.bytes ?? kept;
  }

  forget(place: LogPlace): void {
    const key = keyOf(place);
    this.#stretches = this.#stretches.filter((each) => each.key !== key);
  }

  #forgetOld(now: number): void {
    const first = this.#stretches.findIndex(({ untilMs }) => untilMs > now);
    if (first !== 0) this.#stretches.splice(0, first < 0 ? this.#stretches.length : first);
  }
}

function covers({ from, records }: Stretch, offset: number): boolean {
  return from <= offset && offset <= (records.at(-1)?.offset ?? -1);
}

/** The index of the first record at or behind an offset. */
function firstFrom(records: readonly BackendRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.offset ?? Number.POSITIVE_INFINITY) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function keyOf({ topic, partition }: LogPlace): string {
  return `${topic}/${partition}`;
}
