/** How many partitions topics have, asked for once in a while: the number only grows, and a new partition may be read and written some seconds later. */
import type { Backend } from './backend.ts';

interface Count {
  readonly partitions: Promise<number>;
  readonly untilMs: number;
}

export class PartitionCounts {
  readonly #backend: Backend;
  readonly #ageMs: number;
  readonly #counts = new Map<string, Count>();

  constructor(backend: Backend, ageMs: number) {
    this.#backend = backend;
    this.#ageMs = ageMs;
  }

  /** Throws what the back-end throws; that, and a topic that is not there (0), is not kept. */
  async of(topic: string, { fresh = false } = {}): Promise<number> {
    const kept = this.#counts.get(topic);
    if (kept !== undefined && !fresh && performance.now() < kept.untilMs) return kept.partitions;
    const partitions = this.#backend.partitions(topic);
    this.#counts.set(topic, { partitions, untilMs: performance.now() + this.#ageMs });
    try {
      const count = await partitions;
      if (count === 0) this.#counts.delete(topic);
      return count;
    } catch (error) {
      this.#counts.delete(topic);
      throw error;
    }
  }
}
