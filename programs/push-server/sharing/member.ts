/**
 * One server among those that share the subscriptions: it beats, and in rounds it looks at the others, buries the dead, takes its share, gives up what is beyond
 * it, and writes down what became of deliveries. Two small requests to the store each round; the list of subscriptions is read only when something changed.
 */
import type { Deliverer } from '../deliverer.ts';
import type { Clock } from '../schedule.ts';
import { Doubt, type Lease } from './lease.ts';
import type { Registry } from './registry.ts';
import { planShare } from './share.ts';

export interface MemberParts {
  readonly registry: Registry;
  readonly lease: Lease;
  readonly deliverer: Deliverer;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly warn: (words: string, error?: unknown) => void;
}

/** Rounds in a lease: a beat may be lost four times. */
const rounds = 5;
/** The list is read again though nothing says that it changed. */
const rereadMs = 10_000;
/** Reading a long list may take this part of the time. */
const readingShare = 0.1;
/** Claimed at once: they are delivered before the next are claimed. */
const claimed = 100;

export class Member {
  readonly #parts: MemberParts;
  readonly #doubt: Doubt;
  readonly #leaving = new Set<string>();
  #sessions: readonly string[] = [];
  #changes = -1;
  #readAgain = true;
  #nextReadMs = Number.NEGATIVE_INFINITY;
  #lastReadMs = Number.NEGATIVE_INFINITY;
  #round: Promise<void> | undefined;
  #wanted = false;
  /** Which of its works fail, so that each is told once. */
  readonly #troubled = new Set<string>();
  #stopTimer: (() => void) | undefined;
  #stopBeats = () => {};
  #stopped = false;
  #left = false;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    this.#doubt = new Doubt(parts.leaseMs);
  }

  /** Servers that live, as seen last. */
  get servers(): number {
    return this.#sessions.length;
  }

  /** One of them does what need be done once. */
  get isFirst(): boolean {
    return this.#parts.lease.isValid() && [...this.#sessions].sort()[0] === this.#parts.lease.session;
  }

  /** Joins, beats and goes on in rounds until it is stopped; resolves after the first. */
  async start(): Promise<void> {
    await this.#beat();
    await this.look();
  }

  /** A round at once, for what just changed. */
  look(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (this.#round !== undefined) {
      this.#wanted = true;
      return this.#round;
    }
    this.#stopTimer?.();
    this.#round = this.#told('subscriptions are not shared', () => this.#lookAround()).finally(() => {
      this.#round = undefined;
      const soon = this.#wanted;
      this.#wanted = false;
      if (this.#stopped) return;
      const delayMs = soon ? 0 : this.#parts.leaseMs / rounds;
      this.#stopTimer = this.#parts.clock.after(delayMs, () => void this.look());
    });
    return this.#round;
  }

  /** Lets go of everything as its cycle ends, then leaves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopTimer?.();
    await this.#round;
    const { deliverer, lease } = this.#parts;
    const stopped = deliverer.stop();
    await Promise.all(this.#groups(deliverer.names()).map((some) => this.#free(some, lease.session)));
    await stopped;
    this.#stopBeats();
    this.#left = true;
    await lease.leave().catch((error) => this.#parts.warn('the lease is left to lapse', error));
  }

  /** Apart from the rounds, which may take longer than a lease. A beat that hangs is given up, so that the next may find the store again. */
  async #beat(): Promise<void> {
    const { clock, leaseMs, lease, deliverer } = this.#parts;
    let stop = () => {};
    const tooLong = new Promise<never>((_resolve, reject) => {
      stop = clock.after(leaseMs, () => reject(new Error(`the metadata store did not answer within ${leaseMs} ms`)));
    });
    await this.#told('the lease is not renewed', async () => {
      if ((await Promise.race([lease.renew(), tooLong])) === 'joined') {
        for (const name of deliverer.names()) void deliverer.drop(name);
        this.#readAgain = true;
      }
    });
    stop();
    if (this.#left) return;
    if (lease.isValid()) deliverer.wake();
    this.#stopBeats = clock.after(leaseMs / rounds, () => void this.#beat());
  }

  /** Says once that the store fails, and once that it answers again. */
  async #told(trouble: string, work: () => Promise<void>): Promise<void> {
    const { warn } = this.#parts;
    try {
      await work();
      if (this.#troubled.delete(trouble)) warn(`the metadata store answers again (before: ${trouble})`);
    } catch (error) {
      if (!this.#troubled.has(trouble)) warn(`the metadata store fails: ${trouble}`, error);
      this.#troubled.add(trouble);
    }
  }

  async #lookAround(): Promise<void> {
    const { lease, registry, deliverer, clock } = this.#parts;
    if (!lease.isValid()) return;
    const { session } = lease;
    const reports = deliverer.takeReports();
    await registry.report(reports, session).catch((error) => {
      deliverer.tellAgain(reports);
      throw error;
    });
    await this.#count(session);
    const now = clock.now();
    if (now - this.#lastReadMs >= rereadMs) this.#readAgain = true;
    if (!this.#readAgain || now < this.#nextReadMs) return;
    this.#readAgain = false;
    await this.#share(session).catch((error) => {
      this.#readAgain = true;
      throw error;
    });
    this.#lastReadMs = clock.now();
  }

  /** Who lives, and whether anything changed. */
  async #count(session: string): Promise<void> {
    const { registry, clock, warn } = this.#parts;
    const askedMs = clock.now();
    const { sessions, changes } = await registry.look();
    const others = sessions.filter(({ id }) => id !== session);
    let live = sessions.map(({ id }) => id);
    for (const id of this.#doubt.dead(others, askedMs, clock.now())) {
      const beat = others.find((each) => each.id === id)?.beat ?? 0;
      if (!(await registry.bury(id, beat))) continue;
      warn(`a push server was not heard of for ${this.#parts.leaseMs} ms: its subscriptions are shared out`);
      live = live.filter((each) => each !== id);
      this.#readAgain = true;
    }
    if (changes !== this.#changes || live.join() !== this.#sessions.join()) this.#readAgain = true;
    this.#changes = changes;
    this.#sessions = live;
  }

  /** Reads the places first and the sessions after: an owner that is not among these is dead, and not one that joined meanwhile. */
  async #share(self: string): Promise<void> {
    const { registry, deliverer, lease, clock } = this.#parts;
    const startedMs = clock.now();
    const places = await registry.places();
    const sessions = (await registry.look()).sessions.map(({ id }) => id);
    const readMs = clock.now();
    this.#nextReadMs = readMs + (readMs - startedMs) / readingShare;
    const held = new Map(deliverer.names().map((name) => [name, deliverer.revisionOf(name) ?? '']));
    const plan = planShare({ self, sessions, places, held, leaving: this.#leaving });
    if (!lease.isValid()) return;
    for (const name of plan.lost) void deliverer.drop(name);
    this.#letGo(plan.release, self);
    if (plan.sweep) await registry.sweep(plan.dead);
    await this.#take(plan.read, self);
    for (let from = 0; from < plan.claim.length && lease.isValid(); from += claimed) {
      const some = plan.claim.slice(from, from + claimed);
      await registry.claim(some, plan.dead, self);
      await this.#take(some, self);
    }
  }

  async #take(names: readonly string[], self: string): Promise<void> {
    const { registry, deliverer, lease } = this.#parts;
    if (names.length === 0) return;
    const got = await registry.read(names, self);
    if (got.length < names.length) this.#readAgain = true; // others were faster
    for (const each of got) if (lease.session === self && !this.#leaving.has(each.name)) deliverer.hold(each);
  }

  /** In the background: a last cycle may take its time. */
  #letGo(names: readonly string[], session: string): void {
    for (const some of this.#groups(names)) void this.#free(some, session);
  }

  /** Those that rest together, those in the middle of a cycle each by itself. */
  #groups(names: readonly string[]): readonly (readonly string[])[] {
    const { deliverer } = this.#parts;
    const quiet = names.filter((name) => !deliverer.isRunning(name));
    const busy = names.filter((name) => deliverer.isRunning(name)).map((name) => [name]);
    return quiet.length > 0 ? [quiet, ...busy] : busy;
  }

  async #free(names: readonly string[], session: string): Promise<void> {
    const { deliverer, registry, warn } = this.#parts;
    for (const name of names) this.#leaving.add(name);
    try {
      const reports = await Promise.all(names.map((name) => deliverer.drop(name)));
      await registry.report(
        reports.flatMap((report) => report ?? []),
        session,
      );
      await registry.release(names, session);
    } catch (error) {
      warn('subscriptions are not released', error);
    } finally {
      for (const name of names) this.#leaving.delete(name);
      this.#readAgain = true;
    }
  }
}
