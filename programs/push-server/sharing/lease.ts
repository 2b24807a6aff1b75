/**
 * A server's own lease: it lives while it beats, and it knows by its own monotonic clock until when others must leave its subscriptions alone, so no two clocks are
 * ever compared (docs/decisions/0021-push-leases.md). It stops believing a fifth of the time before a challenger may begin to doubt.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Tenure } from '../cycle.ts';
import type { Clock } from '../schedule.ts';
import type { Registry } from './registry.ts';

/** The part of `leaseMs` that the holder counts on, from before the beat was sent. */
const believed = 0.8;

export class Lease implements Tenure {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #believedMs: number;
  #session = '';
  #beat = 0;
  #validUntilMs = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;
  #abort = newAbort();
  #left = false;

  constructor(registry: Registry, clock: Clock, leaseMs: number) {
    this.#registry = registry;
    this.#clock = clock;
    this.#believedMs = leaseMs * believed;
  }

  /** Empty before the first renewal. */
  get session(): string {
    return this.#session;
  }

  /** Aborted when the lease lapses; a lease that comes back has another. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  isValid(): boolean {
    return this.#clock.now() < this.#validUntilMs;
  }

  /**
   * Beats. `joined`: under a new session, so nothing is held; `held`: everything is as it was. Throws what the registry throws; the lease then stands as
   * long as it did.
   */
  async renew(): Promise<'held' | 'joined'> {
    const [sentMs, session, beat] = [this.#clock.now(), this.#session, this.#beat];
    if (session === '') return this.#join();
    if (await this.#registry.beat(session, beat)) {
      if (this.#session !== session) return this.renew(); // given up meanwhile
      this.#beat = beat + 1;
      this.#extend(sentMs);
      return 'held';
    }
    // An earlier beat may have arrived though its answer was lost; nobody else moves it.
    const mine = (await this.#registry.look()).sessions.find(({ id }) => id === session);
    if (this.#session !== session) return this.renew();
    if (mine !== undefined) {
      this.#beat = mine.beat;
      return this.renew();
    }
    this.#lapse(); // buried by another
    this.#session = '';
    return this.#join();
  }

  async #join(): Promise<'joined'> {
    if (this.#left) return 'joined';
    const [sentMs, session] = [this.#clock.now(), randomUUID()];
    await this.#registry.join(session);
    if (this.#session !== '' || this.#left) {
      await this.#registry.leave(session); // another attempt, which was slow, came through
      return 'joined';
    }
    this.#session = session;
    this.#beat = 0;
    this.#extend(sentMs);
    return 'joined';
  }

  /** For good, and lets others know at once. What was held must be released before. */
  async leave(): Promise<void> {
    this.#left = true;
    const session = this.#session;
    this.#lapse();
    this.#session = '';
    if (session !== '') await this.#registry.leave(session);
  }

  #extend(sentMs: number): void {
    this.#validUntilMs = Math.max(this.#validUntilMs, sentMs + this.#believedMs);
    if (!this.isValid()) return; // the answer came too late
    if (this.#abort.signal.aborted) this.#abort = newAbort();
    this.#stopTimer?.();
    this.#stopTimer = this.#clock.after(Math.ceil(this.#validUntilMs - this.#clock.now()), () => {
      if (!this.isValid()) this.#abort.abort(new Error('the lease lapsed'));
    });
  }

  #lapse(): void {
    this.#validUntilMs = Number.NEGATIVE_INFINITY;
    this.#stopTimer?.();
    this.#abort.abort(new Error('the lease lapsed'));
  }
}

/** Every request under way listens to it: that many are no leak. */
function newAbort(): AbortController {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  return abort;
}

/** Doubts other servers: one whose beat stood still for a whole lease of our own clock is dead. */
export class Doubt {
  readonly #leaseMs: number;
  readonly #seen = new Map<string, { readonly beat: number; readonly sinceMs: number }>();

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** `askedMs`: before the look was sent; `toldMs`: after its answer came. Answers with those that stood still from an answer to a question a lease later. */
  dead(sessions: readonly { readonly id: string; readonly beat: number }[], askedMs: number, toldMs: number): string[] {
    const still: string[] = [];
    const ids = new Set(sessions.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    for (const { id, beat } of sessions) {
      const before = this.#seen.get(id);
      if (before?.beat !== beat) this.#seen.set(id, { beat, sinceMs: toldMs });
      else if (askedMs - before.sinceMs >= this.#leaseMs) still.push(id);
    }
    return still;
  }
}
