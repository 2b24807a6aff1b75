/**
 * Publishes to one partition that come while another is under way wait for it and then share one request, as Kafka's own producer does with a linger: nobody
 * waits for a timer, and under load a request carries many. What waits is bounded in bytes and in time: beyond either a publish is refused (503: nothing of
 * it was written) instead of kept in memory. One partition that does not move takes a part of the room only, so that the others go on.
 */
import { overloaded } from '../errors.ts';
import type { Backend, LogPlace, OutgoingRecord } from './backend.ts';

export interface PublishQueueOptions {
  /** All topics together. */
  readonly waitingBytes: number;
  /** One request's worth: Kafka's message.max.bytes (2,000,000 by the reference) holds for a whole batch. */
  readonly batchBytes: number;
  /** How long a publish may wait for its turn. Default 30 000. */
  readonly waitingMs?: number;
}

interface Waiting {
  readonly records: readonly OutgoingRecord[];
  readonly bytes: number;
  readonly since: number;
  resolve(offsets: readonly number[]): void;
  reject(error: unknown): void;
}

interface Lane {
  readonly waiting: Waiting[];
  /** Waiting, and under way. */
  bytes: number;
}

/** The part of the room that one partition may take. */
const share = 1 / 4;
/** What a record takes on the wire and in memory beside its own bytes: lengths, times, an object. */
const recordOverheadBytes = 64;

export class PublishQueue {
  readonly #backend: Backend;
  readonly #options: Required<PublishQueueOptions>;
  readonly #lanes = new Map<string, Lane>();
  #bytes = 0;

  constructor(backend: Backend, options: PublishQueueOptions) {
    this.#backend = backend;
    this.#options = { waitingMs: 30_000, ...options };
  }

  /**
   * The offsets of the records, in their order. Throws a Refusal (503) where too much waits or for too long, else what the back-end throws. More than one
   * request holds goes out as several, one after another: an error may leave some of them written, as upstream's do.
   */
  async publish(place: LogPlace, records: readonly OutgoingRecord[]): Promise<readonly number[]> {
    const key = `${place.topic}/${place.partition}`;
    const parts = this.#parts(records);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const lane = this.#lanes.get(key) ?? { waiting: [], bytes: 0 };
    // Alone it is served however great it is: the limit of a body bounds it.
    const isFull = this.#bytes > 0 && this.#bytes + bytes > this.#options.waitingBytes;
    if (isFull || (lane.bytes > 0 && lane.bytes + bytes > this.#options.waitingBytes * share)) throw overloaded();
    this.#bytes += bytes;
    lane.bytes += bytes;
    const since = performance.now();
    const offsets = parts.map(
      (part) =>
        new Promise<readonly number[]>((resolve, reject) => {
          lane.waiting.push({ ...part, since, resolve, reject });
        }),
    );
    if (!this.#lanes.has(key)) {
      this.#lanes.set(key, lane);
      void this.#drain(key, place, lane);
    }
    // Settled all: a part that is still under way is not left alone with its error.
    const settled = await Promise.allSettled(offsets);
    return settled.flatMap((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    });
  }

  async #drain(key: string, place: LogPlace, lane: Lane): Promise<void> {
    for (;;) {
      const batch = this.#take(lane);
      if (batch.length === 0) {
        this.#lanes.delete(key);
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
      for (const each of batch) this.#leave(lane, each);
    }
  }

  /** At least one where any waits, and no more than a request holds. Those that waited too long are refused. */
  #take(lane: Lane): readonly Waiting[] {
    const oldest = performance.now() - this.#options.waitingMs;
    const late = lane.waiting.findIndex(({ since }) => since >= oldest);
    for (const each of lane.waiting.splice(0, late < 0 ? lane.waiting.length : late)) {
      this.#leave(lane, each);
      each.reject(overloaded());
    }
    let bytes = 0;
    let count = 0;
    for (const each of lane.waiting) {
      bytes += each.bytes;
      if (count > 0 && bytes > this.#options.batchBytes) break;
      count += 1;
    }
    return lane.waiting.splice(0, count);
  }

  #leave(lane: Lane, { bytes }: Waiting): void {
    lane.bytes -= bytes;
    this.#bytes -= bytes;
  }

  /** One, unless it is more than a request holds. */
  #parts(records: readonly OutgoingRecord[]): readonly Pick<Waiting, 'records' | 'bytes'>[] {
    const parts: { records: OutgoingRecord[]; bytes: number }[] = [];
    for (const record of records) {
      const bytes = sizeOf(record) + recordOverheadBytes;
      const last = parts.at(-1);
      if (last === undefined || last.bytes + bytes > this.#options.batchBytes) parts.push({ records: [record], bytes });
      else {
        last.records.push(record);
        last.bytes += bytes;
      }
    }
    return parts;
  }
}

/** In bytes, but for what the wire adds. */
export function sizeOf({ key, value, headers = {} }: OutgoingRecord): number {
  const named = Object.entries(headers).reduce((sum, [name, each]) => sum + name.length + each.length, 0);
  return value.length + (key?.length ?? 0) + named;
}
