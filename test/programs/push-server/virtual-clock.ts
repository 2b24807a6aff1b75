/** A clock that stands until a test moves it; what is due is called in its order. */
import type { Clock } from '../../../programs/push-server/schedule.ts';

export class VirtualClock implements Clock {
  #now = 0;
  #timers: { readonly dueMs: number; readonly call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { dueMs: this.#now + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Without calling anybody: a process that slept. */
  leap(ms: number): void {
    this.#now += ms;
  }

  /** Goes on step by step; promises that are settled on the way are followed. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = this.#timers.filter(({ dueMs }) => dueMs <= end).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.dueMs);
      next.call();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything happen that waits for no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
