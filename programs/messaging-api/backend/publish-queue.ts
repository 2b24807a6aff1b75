/**
 * Publishes to one topic that come while another is under way wait for it and then share one request, as Kafka's own producer does with a linger: nobody
 * waits for a timer, and under load a request carries many. What waits is bounded in bytes: beyond it a publish is refused instead of kept in memory.
 */
import { overloaded } from '../errors.ts';
import type { Backend } from './backend.ts';

export interface PublishQueueOptions {
  /** All topics together. */
  readonly waitingBytes: number;
  /** One request's worth: Kafka's message.max.bytes (2,000,000 by the reference) holds for a whole batch. */
  readonly batchBytes: number;
}

interface Waiting {
  readonly values: readonly Buffer[];
  readonly bytes: number;
  resolve(offsets: readonly number[]): void;
  reject(error: unknown): void;
}

export class PublishQueue {
  readonly #backend: Backend;
  readonly #options: PublishQueueOptions;
  readonly #waiting = new Map<string, Waiting[]>();
  #bytes = 0;

  constructor(backend: Backend, options: PublishQueueOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  /** The offsets of the values, in their order. Throws a Refusal (503) where too much waits, else what the back-end throws. */
  publish(topic: string, values: readonly Buffer[]): Promise<readonly number[]> {
    const bytes = values.reduce((sum, value) => sum + value.length, 0);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#options.waitingBytes) return Promise.reject(overloaded());
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(topic);
      const mine = { values, bytes, resolve, reject };
      if (waiting === undefined) {
        this.#waiting.set(topic, [mine]);
        void this.#drain(topic);
      } else waiting.push(mine);
    });
  }

  async #drain(topic: string): Promise<void> {
    for (;;) {
      const batch = this.#take(topic);
      if (batch.length === 0) {
        this.#waiting.delete(topic);
        return;
      }
      try {
        const offsets = await this.#backend.publish(
          topic,
          batch.flatMap(({ values }) => values),
        );
        let from = 0;
        for (const { values, resolve } of batch) {
          resolve(offsets.slice(from, from + values.length));
          from += values.length;
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      this.#bytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  }

  /** At least one, and no more than a request holds. */
  #take(topic: string): readonly Waiting[] {
    const waiting = this.#waiting.get(topic) ?? [];
    let bytes = 0;
    let count = 0;
    for (const each of waiting) {
      bytes += each.bytes;
      if (count > 0 && bytes > this.#options.batchBytes) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }
}
