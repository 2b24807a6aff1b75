/**
 * Publishes to one partition that come while another is under way wait for it and then share one request, as Kafka's own producer does with a linger: nobody
 * waits for a timer, and under load a request carries many. What waits is bounded in bytes: beyond it a publish is refused instead of kept in memory.
 */
import { overloaded } from '../errors.ts';
import type { Backend, LogPlace, OutgoingRecord } from './backend.ts';

export interface PublishQueueOptions {
  /** All topics together. */
  readonly waitingBytes: number;
  /** One request's worth: Kafka's message.max.bytes (2,000,000 by the reference) holds for a whole batch. */
  readonly batchBytes: number;
}

interface Waiting {
  readonly records: readonly OutgoingRecord[];
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

  /** The offsets of the records, in their order. Throws a Refusal (503) where too much waits, else what the back-end throws. */
  publish(place: LogPlace, records: readonly OutgoingRecord[]): Promise<readonly number[]> {
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    const queue = `${place.topic}/${place.partition}`;
    if (this.#bytes > 0 && this.#bytes + bytes > this.#options.waitingBytes) return Promise.reject(overloaded());
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(queue);
      const mine = { records, bytes, resolve, reject };
      if (waiting === undefined) {
        this.#waiting.set(queue, [mine]);
        void this.#drain(queue, place);
      } else waiting.push(mine);
    });
  }

  async #drain(queue: string, place: LogPlace): Promise<void> {
    for (;;) {
      const batch = this.#take(queue);
      if (batch.length === 0) {
        this.#waiting.delete(queue);
        return;
      }
      try {
        const offsets = await this.#backend.publish(
          place,
          batch.flatMap(({ records }) => records),
        );
        let from = 0;
        for (const { records, resolve } of batch) {
          resolve(offsets.slice(from, from + records.length));
          from += records.length;
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      this.#bytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  }

  /** At least one, and no more than a request holds. */
  #take(queue: string): readonly Waiting[] {
    const waiting = this.#waiting.get(queue) ?? [];
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

/** In bytes, but for what the wire adds. */
export function sizeOf({ key, value, headers = {} }: OutgoingRecord): number {
  const named = Object.entries(headers).reduce((sum, [name, each]) => sum + name.length + each.length, 0);
  return value.length + (key?.length ?? 0) + named;
}
