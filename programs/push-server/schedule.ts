/**
 * Who is due when: a heap of times and one timer for all, so that ten thousand subscriptions cost one timer. Times are of a monotonic clock; tests bring
 * their own.
 */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls once, after that long; the answer takes it back. */
  after(ms: number, call: () => void): () => void;
}

export const machineClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

interface Slot<Key> {
  readonly key: Key;
  readonly dueMs: number;
  /** Among those due at the same time, first come, first served. */
  readonly turn: number;
}

/** Node's timers hold no more than this. */
const longestMs = 2_147_483_647;

export class Schedule<Key> {
  readonly #clock: Clock;
  readonly #due: (key: Key) => void;
  readonly #heap: Slot<Key>[] = [];
  /** The latest slot of a key alone counts; older ones are passed over when their time comes. */
  readonly #current = new Map<Key, Slot<Key>>();
  #turns = 0;
  #stopTimer: (() => void) | undefined;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, due: (key: Key) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  get size(): number {
    return this.#current.size;
  }

  /** Once, that long from now; a time that was set before is forgotten. */
  set(key: Key, delayMs: number): void {
    const slot = { key, dueMs: this.#clock.now() + delayMs, turn: this.#turns };
    this.#turns += 1;
    this.#current.set(key, slot);
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#current.size) this.#compact();
    this.#push(slot);
    this.#arm();
  }

  forget(key: Key): void {
    this.#current.delete(key);
  }

  stop(): void {
    this.#current.clear();
    this.#heap.length = 0;
    this.#arm();
  }

  #fire(): void {
    this.#timerMs = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined && first.dueMs <= now; first = this.#heap[0]) {
      this.#pop();
      if (this.#current.get(first.key) !== first) continue;
      this.#current.delete(first.key);
      this.#due(first.key);
    }
    this.#arm();
  }

  #arm(): void {
    const dueMs = this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs >= this.#timerMs && dueMs !== Number.POSITIVE_INFINITY) return;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#timerMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    // A fraction of a millisecond more: a timer that fires early would find nothing due.
    const delayMs = Math.min(Math.max(Math.ceil(dueMs - this.#clock.now()), 0), longestMs);
    this.#stopTimer = this.#clock.after(delayMs, () => this.#fire());
  }

  /** Drops slots that were replaced. */
  #compact(): void {
    const live = this.#heap.filter((slot) => this.#current.get(slot.key) === slot).sort(before);
    this.#heap.length = 0;
    for (const slot of live) this.#heap.push(slot); // sorted is a heap
  }

  #push(slot: Slot<Key>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(slot);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || before(parent, slot) <= 0) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = slot;
  }

  #pop(): void {
    const heap = this.#heap;
    const slot = heap.pop();
    if (slot === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const [child, down] = other !== undefined && before(other, one) < 0 ? [other, left + 1] : [one, left];
      if (before(slot, child) <= 0) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = slot;
  }
}

function before(one: Slot<unknown>, other: Slot<unknown>): number {
  return one.dueMs - other.dueMs || one.turn - other.turn;
}
