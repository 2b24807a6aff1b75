/**
 * A history turned into what checkers ask of it: writes with their outcomes, the log after healing, what consumers read. A value is a small
 * number here (values.ts), so that a million of them fit.
 */
import { z } from 'zod';
import { historyWithoutStart } from './errors.ts';
import { readHistory } from './history.ts';
import type { DeliveryEvent, EventOf, HistoryEvent, Via } from './history-event.ts';
import { type ValueId, Values } from './values.ts';

export interface Write {
  readonly op: number;
  readonly key: string;
  readonly first: number;
  readonly count: number;
  readonly via: Via;
  readonly beganAt: number;
  /** Absent where the recorder did not see its end. */
  endedAt: number | undefined;
  outcome: 'ok' | 'fail' | 'unknown';
  partition: number | undefined;
  offset: number | undefined;
  why: string | undefined;
}

export interface PartitionLog {
  readonly start: number;
  readonly end: number;
  /** By `offset - start`; undefined where no record of the run lies, as for Kafka's own marks. */
  readonly ids: (ValueId | undefined)[];
  /** How far the reader came; `end` where it read everything. */
  readTo: number;
}

export interface Poll {
  readonly at: number;
  readonly consumer: string;
  /** Which of the consumer's assignments: it counts its joins. */
  readonly session: number;
  readonly partition: number;
  readonly offset: number;
  readonly ids: readonly ValueId[];
}

export interface ObservedRun {
  readonly start: EventOf<'start'>;
  readonly writes: readonly Write[];
  readonly logs: ReadonlyMap<number, PartitionLog>;
  readonly polls: readonly Poll[];
  /** Calls to the messaging API and their answers, in their order. */
  readonly deliveries: readonly DeliveryEvent[];
  /** Whether an endpoint is to have everything too; it is not told by what came, since nothing may have. */
  readonly isPushed: boolean;
  /** What a push server delivered. */
  readonly pushes: readonly { readonly at: number; readonly ids: readonly ValueId[] }[];
  readonly faults: readonly EventOf<'fault'>[];
  readonly states: readonly EventOf<'state'>[];
  readonly steady: readonly EventOf<'steady'>[];
  readonly loads: readonly EventOf<'load'>[];
  /** undefined where nothing was said about it. */
  readonly drained: boolean | undefined;
  /** undefined for a history that was cut off. */
  readonly outcome: EventOf<'end'>['outcome'] | undefined;
  /** The last time that was seen. */
  readonly endsAt: number;
  /** How many values there are: their ids are below it. */
  readonly values: number;
  idOf(key: string, number: number): ValueId;
  /** Of a value's text, `k3:101`. */
  read(value: string): ValueId;
  /** `k3:101` */
  say(id: ValueId): string;
}

/** Of a run whose workload is delivered to an endpoint; histories of before do not say it. */
const pushPlan = z.object({ push: z.literal(true) });

/** Throws CHAOS_HISTORY_UNREADABLE, CHAOS_HISTORY_WITHOUT_START. */
export async function readRun(file: string): Promise<ObservedRun> {
  const observer = new Observer();
  await readHistory(file, (event) => observer.take(event));
  return observer.observed(file);
}

/** The same of events at hand. @internal */
export function observeRun(events: Iterable<HistoryEvent>): ObservedRun {
  const observer = new Observer();
  for (const event of events) observer.take(event);
  return observer.observed('the history');
}

class Observer {
  #start: EventOf<'start'> | undefined;
  readonly #writes: Write[] = [];
  /** Those without an end so far, by their operation. */
  readonly #open = new Map<number, Write>();
  readonly #logs = new Map<number, PartitionLog>();
  readonly #polls: Poll[] = [];
  readonly #sessions = new Map<string, number>();
  readonly #deliveries: DeliveryEvent[] = [];
  readonly #pushes: { at: number; ids: readonly ValueId[] }[] = [];
  readonly #faults: EventOf<'fault'>[] = [];
  readonly #states: EventOf<'state'>[] = [];
  readonly #steady: EventOf<'steady'>[] = [];
  readonly #loads: EventOf<'load'>[] = [];
  #drained: boolean | undefined;
  #outcome: EventOf<'end'>['outcome'] | undefined;
  #endsAt = 0;
  readonly #values = new Values();

  take(event: HistoryEvent): void {
    this.#endsAt = event.at;
    switch (event.type) {
      case 'start':
        this.#start = event;
        break;
      case 'send':
        this.#begin(event);
        break;
      case 'sent':
        this.#settle(event);
        break;
      case 'joined':
        this.#sessions.set(event.consumer, (this.#sessions.get(event.consumer) ?? 0) + 1);
        break;
      case 'poll': {
        const { at, consumer, partition, offset } = event;
        const session = this.#sessions.get(consumer) ?? 0;
        this.#polls.push({ at, consumer, session, partition, offset, ids: this.#ids(event.values) });
        break;
      }
      case 'ends':
        this.#logs.set(event.partition, { start: event.start, end: event.end, ids: [], readTo: event.start });
        break;
      case 'log':
        this.#keep(event);
        break;
      case 'pulled':
        for (const { value } of event.messages) this.#values.read(value);
        this.#deliveries.push(event);
        break;
      case 'pull':
      case 'acknowledge':
      case 'acknowledged':
        this.#deliveries.push(event);
        break;
      case 'pushed':
        this.#pushes.push({ at: event.at, ids: this.#ids(event.values) });
        break;
      case 'fault':
        this.#faults.push(event);
        break;
      case 'state':
        this.#states.push(event);
        break;
      case 'steady':
        this.#steady.push(event);
        break;
      case 'load':
        this.#loads.push(event);
        break;
      case 'drained':
        this.#drained = event.ok;
        break;
      case 'end':
        this.#outcome = event.outcome;
        break;
    }
  }

  observed(file: string): ObservedRun {
    if (this.#start === undefined) throw historyWithoutStart(file);
    return {
      start: this.#start,
      writes: this.#writes,
      logs: this.#logs,
      polls: this.#polls,
      deliveries: this.#deliveries,
      isPushed: this.#pushes.length > 0 || pushPlan.safeParse(this.#start.plan).success,
      pushes: this.#pushes,
      faults: this.#faults,
      states: this.#states,
      steady: this.#steady,
      loads: this.#loads,
      drained: this.#drained,
      outcome: this.#outcome,
      endsAt: this.#endsAt,
      values: this.#values.size,
      idOf: (key, number) => this.#values.idOf(key, number),
      read: (value) => this.#values.read(value),
      say: (id) => this.#values.say(id),
    };
  }

  #begin({ op, key, first, count, via, at }: EventOf<'send'>): void {
    const write: Write = {
      op,
      key: this.#values.key(key),
      first,
      count,
      via,
      beganAt: at,
      endedAt: undefined,
      outcome: 'unknown',
      partition: undefined,
      offset: undefined,
      why: undefined,
    };
    for (let index = 0; index < count; index += 1) this.#values.idOf(write.key, first + index);
    this.#writes.push(write);
    this.#open.set(op, write);
  }

  #settle({ at, op, outcome, partition, offset, why }: EventOf<'sent'>): void {
    const write = this.#open.get(op);
    if (write === undefined) return;
    this.#open.delete(op);
    write.endedAt = at;
    write.outcome = outcome;
    write.partition = partition;
    write.offset = offset;
    write.why = why;
  }

  #keep({ partition, offset, values }: EventOf<'log'>): void {
    const log = this.#logs.get(partition);
    if (log === undefined) return; // without its ends it proves nothing
    for (let at = log.ids.length; at < offset - log.start; at += 1) log.ids.push(undefined);
    for (const value of values) log.ids.push(this.#values.read(value));
    log.readTo = Math.max(log.readTo, offset + values.length);
  }

  #ids(values: readonly string[]): readonly ValueId[] {
    return values.map((each) => this.#values.read(each));
  }
}
