/** What a checker says: whether its anomaly is in the history, is not, or cannot be told; and the operations that show it. */
import type { ObservedRun, Write } from '../observed-run.ts';
import type { ValueId } from '../values.ts';

export type CheckerName = 'lost' | 'conflict' | 'duplicate' | 'order' | 'skip' | 'unseen' | 'delivery';

export interface Anomaly {
  /** `k3:101` */
  readonly value: string;
  /** The operation that wrote it, where it is known. */
  readonly op: number | undefined;
  readonly partition: number | undefined;
  readonly offset: number | undefined;
  /** When it was acknowledged or seen, milliseconds of the run. */
  readonly at: number | undefined;
  readonly says: string;
}

export interface Finding {
  readonly checker: CheckerName;
  /** `unknown` proves nothing in either direction, and never passes. */
  readonly outcome: 'none' | 'found' | 'unknown';
  /** How many; `anomalies` shows the first of them. */
  readonly total: number;
  readonly anomalies: readonly Anomaly[];
  /** The one of the least offset in each partition, in the order in which partitions were found; of partition -1 where that is not known. */
  readonly least: ReadonlyMap<number, Anomaly>;
  /** How many things were looked at: records, offsets, deliveries. */
  readonly checked: number;
  /** Why it is unknown; or what was seen beside it that is no anomaly. */
  readonly notes: readonly string[];
}

/** A partition and an offset as one number, so that a million of them fit: offsets stay below 2^40. */
const offsets = 2 ** 40;

export function placeNumber(partition: number, offset: number): number {
  return partition * offsets + offset;
}

export function placeOfNumber(place: number): { readonly partition: number; readonly offset: number } {
  return { partition: Math.floor(place / offsets), offset: place % offsets };
}

/** Enough to understand a fault; a lost hour has thousands. */
const shown = 100;

export class Findings {
  readonly #checker: CheckerName;
  readonly #anomalies: Anomaly[] = [];
  readonly #notes: string[] = [];
  readonly #least = new Map<number, Anomaly>();
  #total = 0;
  #unknown = false;
  checked = 0;

  constructor(checker: CheckerName) {
    this.#checker = checker;
  }

  add(anomaly: Anomaly): void {
    this.#total += 1;
    const { partition = -1, offset = -1 } = anomaly;
    const least = this.#least.get(partition);
    if (least === undefined || offset < (least.offset ?? -1)) this.#least.set(partition, anomaly);
    if (this.#anomalies.length < shown) this.#anomalies.push(anomaly);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** What was found stays found; that nothing was found cannot be said any more. */
  cannotTell(why: string): void {
    this.#unknown = true;
    this.#notes.push(why);
  }

  done(): Finding {
    const outcome = this.#total > 0 ? 'found' : this.#unknown ? 'unknown' : 'none';
    const { checked } = this;
    const [anomalies, notes] = [this.#anomalies, this.#notes];
    return { checker: this.#checker, outcome, total: this.#total, anomalies, least: this.#least, checked, notes };
  }
}

/** Acknowledged records with the place that the acknowledgement named; those whose way does not say it are left out. */
export function* acknowledged(
  run: ObservedRun,
): Generator<{ readonly write: Write; readonly id: ValueId; readonly partition: number; readonly offset: number }> {
  for (const write of run.writes) {
    const { partition, offset } = write;
    if (write.outcome !== 'ok' || partition === undefined || offset === undefined) continue;
    for (let index = 0; index < write.count; index += 1)
      yield { write, id: run.idOf(write.key, write.first + index), partition, offset: offset + index };
  }
}

/** Says why the log cannot be relied on: a partition whose ends nobody knows, or that was not read up to its end. */
export function unreadPartitions(run: ObservedRun): readonly string[] {
  return Array.from({ length: run.start.partitions }, (_each, partition) => {
    const log = run.logs.get(partition);
    if (log === undefined) return [`the ends of partition ${partition} were not asked for after healing`];
    return log.readTo < log.end
      ? [`partition ${partition} was read up to ${log.readTo}, not to its end ${log.end}`]
      : [];
  }).flat();
}

/** `2,602 found`; who had nothing to look at says so, since its silence means nothing. */
export function describeOutcome({ outcome, total, checked }: Finding): string {
  if (outcome === 'found') return `${total.toLocaleString('en')} found`;
  return outcome === 'none' && checked === 0 ? 'nothing to look at' : outcome;
}
