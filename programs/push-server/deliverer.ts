/**
 * Delivers the subscriptions that this server holds: each has one cycle at a time, which keeps its order; between cycles it costs a place in the schedule.
 * Cycles, requests to the messaging API and bytes on the way are bounded, and so are the pulls that find nothing.
 */
import type { CycleReport, Tenure } from './cycle.ts';
import { firstPace, type Pace, paceAfter } from './retry-policy.ts';
import { type Clock, Schedule } from './schedule.ts';
import type { PushSubscription } from './subscription.ts';

/** A subscription as it is taken over: what its last holder left says where to go on. */
export interface Held {
  readonly subscription: PushSubscription;
  /** Changes with each activation. */
  readonly revision: string;
  /** The last error, upstream's sentence with its time; empty: none. */
  readonly status: string;
  /** The interval that stood with that error. */
  readonly intervalMs: number;
}

export interface DelivererParts {
  readonly clock: Clock;
  /** For the sentences of errors. */
  readonly date: () => Date;
  readonly tenure: Tenure;
  /** One cycle, under the tenure as it stands. */
  readonly cycle: (subscription: PushSubscription, tenure: Tenure) => Promise<CycleReport>;
  /** True while no cycle may start: too much is on the way. */
  readonly isFull: () => boolean;
  readonly mostCycles: number;
  /** Of them, those to one host: one that hangs holds up its own subscriptions alone. */
  readonly mostCyclesOfHost: number;
  readonly idlePullsPerSecond: number;
  /** The API says that the subscription is no more. */
  readonly gone: (name: string, revision: string) => void;
  readonly told: (report: CycleReport) => void;
}

interface Entry {
  held: Held;
  /** host:port of the endpoint. */
  host: string;
  pace: Pace;
  status: string;
  /** To be written where others see it. */
  changed: boolean;
  /** The last cycle found nothing. */
  idle: boolean;
  running: Promise<void> | undefined;
}

export interface StatusReport {
  readonly name: string;
  readonly status: string;
  readonly intervalMs: number;
}

/** How much of their rate idle pulls may save up, so that those due at one moment need no timer each. */
const idleBurstMs = 50;
/** After a lapse: how soon the subscription is in the row again, where it waits for the tenure. */
const lapsedMs = 20;

export class Deliverer {
  readonly #parts: DelivererParts;
  readonly #entries = new Map<string, Entry>();
  readonly #schedule: Schedule<string>;
  /** Due, in their order, and waiting for room. */
  readonly #row = new Set<string>();
  readonly #idleRow = new Set<string>();
  /** By host: how many cycles, and who waits for one of them to end. */
  readonly #hosts = new Map<string, { running: number; readonly row: Set<string> }>();
  /** When the next pull of an idle subscription may start. */
  #idleMs = Number.NEGATIVE_INFINITY;
  #stopIdleTimer: (() => void) | undefined;
  #running = 0;
  #stopped = false;

  constructor(parts: DelivererParts) {
    this.#parts = parts;
    this.#schedule = new Schedule(parts.clock, (name) => this.#due(name));
  }

  get size(): number {
    return this.#entries.size;
  }

  get running(): number {
    return this.#running;
  }

  get failing(): number {
    let count = 0;
    for (const { pace } of this.#entries.values()) count += pace.failing ? 1 : 0;
    return count;
  }

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  revisionOf(name: string): string | undefined {
    return this.#entries.get(name)?.held.revision;
  }

  isRunning(name: string): boolean {
    return this.#entries.get(name)?.running !== undefined;
  }

  /** The last error; empty: none. Undefined: not held here. */
  statusOf(name: string): string | undefined {
    return this.#entries.get(name)?.status;
  }

  /** Takes a subscription over; one that is held already goes on with what is new. The first cycle is as its policy says, or as its standing error does. */
  hold(held: Held): void {
    if (this.#stopped) return;
    const { subscription, status, intervalMs } = held;
    const { name, retry } = subscription;
    const before = this.#entries.get(name);
    const failing = status !== '';
    const pace = failing && retry.type === 'slowstart' ? { intervalMs, failing } : { ...firstPace(retry), failing };
    const { host } = new URL(subscription.endpoint);
    const entry = { held, host, pace, status, changed: false, idle: false };
    if (before !== undefined) Object.assign(before, entry);
    else this.#entries.set(name, { ...entry, running: undefined });
    if (before?.running === undefined) this.#schedule.set(name, pace.intervalMs);
  }

  /** Lets go of a subscription; resolves when its cycle, if one is under way, is over, with what others have not seen of its state. */
  async drop(name: string): Promise<StatusReport | undefined> {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    this.#schedule.forget(name);
    this.#row.delete(name);
    this.#idleRow.delete(name);
    this.#hosts.get(entry?.host ?? '')?.row.delete(name);
    await entry?.running;
    return entry?.changed === true ? reportOf(name, entry) : undefined;
  }

  /** Those whose status others have not seen; they are taken as told. */
  takeReports(): readonly StatusReport[] {
    const reports: StatusReport[] = [];
    for (const [name, entry] of this.#entries) {
      if (!entry.changed) continue;
      entry.changed = false;
      reports.push(reportOf(name, entry));
    }
    return reports;
  }

  /** Reports that could not be written are told again. */
  tellAgain(reports: readonly StatusReport[]): void {
    for (const { name } of reports) {
      const entry = this.#entries.get(name);
      if (entry !== undefined) entry.changed = true;
    }
  }

  /** No cycle starts from now on; resolves when those under way are over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#schedule.stop();
    this.#stopIdleTimer?.();
    await Promise.all([...this.#entries.values()].map(({ running }) => running));
  }

  /** The tenure is valid again, or there is room again. */
  wake(): void {
    this.#pump();
  }

  #due(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.running !== undefined) return;
    (entry.idle ? this.#idleRow : this.#row).add(name);
    this.#pump();
  }

  /** Starts those in the rows while there is room; idle ones no faster than they may. */
  #pump(): void {
    const { clock, idlePullsPerSecond } = this.#parts;
    for (const name of this.#row) {
      if (!this.#hasRoom()) return;
      this.#start(name);
    }
    const now = clock.now();
    this.#idleMs = Math.max(this.#idleMs, now - idleBurstMs);
    for (const name of this.#idleRow) {
      if (!this.#hasRoom()) return;
      if (this.#idleMs > now) {
        this.#stopIdleTimer?.();
        this.#stopIdleTimer = clock.after(Math.ceil(this.#idleMs - now), () => this.#pump());
        return;
      }
      this.#idleMs += 1_000 / idlePullsPerSecond;
      this.#start(name);
    }
  }

  #hasRoom(): boolean {
    const { isFull, mostCycles, tenure } = this.#parts;
    return !this.#stopped && this.#running < mostCycles && !isFull() && tenure.isValid();
  }

  #start(name: string): void {
    this.#row.delete(name);
    this.#idleRow.delete(name);
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.running !== undefined) return;
    const host = this.#hosts.get(entry.host) ?? { running: 0, row: new Set() };
    this.#hosts.set(entry.host, host);
    if (host.running >= this.#parts.mostCyclesOfHost) {
      host.row.add(name);
      return;
    }
    host.running += 1;
    this.#running += 1;
    entry.running = this.#run(name, entry, entry.host);
  }

  #ended(name: string): void {
    this.#running -= 1;
    const host = this.#hosts.get(name);
    if (host === undefined) return;
    host.running -= 1;
    for (const next of host.row) {
      host.row.delete(next);
      this.#row.add(next);
      break;
    }
    if (host.running === 0 && host.row.size === 0) this.#hosts.delete(name);
  }

  async #run(name: string, entry: Entry, host: string): Promise<void> {
    const { held } = entry;
    const { signal } = this.#parts.tenure;
    const tenure = { isValid: () => this.#parts.tenure.isValid() && !signal.aborted, signal };
    const report = await this.#parts.cycle(held.subscription, tenure).catch((error): CycleReport => {
      return { outcome: 'failed', error: `Could not consume message, ${String(error)}` };
    });
    this.#ended(host);
    entry.running = undefined;
    this.#parts.told(report);
    const replaced = entry.held !== held; // began anew meanwhile: what the old one came to says nothing
    if (!replaced) this.#conclude(name, entry, report);
    if (this.#entries.get(name) === entry) {
      if (!this.#stopped) this.#schedule.set(name, report.outcome === 'lapsed' ? lapsedMs : entry.pace.intervalMs);
    }
    this.#pump();
  }

  #conclude(name: string, entry: Entry, report: CycleReport): void {
    const { outcome } = report;
    if (outcome === 'lapsed') return;
    if (outcome === 'gone') {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
      this.#parts.gone(name, entry.held.revision);
      return;
    }
    entry.pace = paceAfter(entry.held.subscription.retry, entry.pace, outcome);
    entry.idle = outcome === 'nothing';
    if (outcome === 'nothing') return;
    const at = this.#parts.date().toISOString().slice(0, 19);
    const status = outcome === 'failed' ? `${at} - ${report.error}` : '';
    entry.changed ||= status !== entry.status;
    entry.status = status;
  }
}

function reportOf(name: string, { status, pace }: Entry): StatusReport {
  return { name, status, intervalMs: pace.intervalMs };
}
