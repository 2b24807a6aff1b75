/** The message back-end in memory, for tests: what it is told to lose, it loses. */
import type { Backend, BackendRecord, LogBounds, LogPlace, OutgoingRecord, ReadOptions } from './backend.ts';

interface Log {
  next: number;
  records: BackendRecord[];
}

/** @internal */
export class MemoryBackend implements Backend {
  /** The partitions of each topic. */
  readonly logs = new Map<string, Log[]>();
  /** How many publish requests came: one for each batch. */
  publishes = 0;
  /** How often it was asked anything but to publish. */
  questions = 0;
  /** How often for the ends of many logs, and for how many at last. */
  looks = 0;
  placesLookedAt = 0;
  /** While set, every call fails with it. */
  failure: Error | undefined;
  now: () => number = Date.now;
  /** Awaited within each publish, so that a test decides when it ends. */
  gate: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve));

  async ensureTopic(topic: string): Promise<void> {
    await this.#answering();
    this.#log({ topic, partition: 0 });
  }

  async partitions(topic: string): Promise<number> {
    await this.#answering();
    return this.logs.get(topic)?.length ?? 0;
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#answering();
    this.logs.delete(topic);
  }

  async publish(place: LogPlace, records: readonly OutgoingRecord[]): Promise<readonly number[]> {
    this.publishes += 1;
    await this.gate();
    await this.#answering();
    const log = this.#log(place);
    return records.map(({ key, value, headers }) => {
      const offset = log.next++;
      log.records.push({ offset, key, value, headers, timestampMs: this.now() });
      return offset;
    });
  }

  async read(place: LogPlace, offset: number, options: ReadOptions): Promise<readonly BackendRecord[]> {
    await this.#answering();
    const { maxRecords, maxBytes } = options;
    const found: BackendRecord[] = [];
    let bytes = 0;
    const { records } = this.#log(place);
    if (offset < (records[0]?.offset ?? 0)) return [];
    for (const record of records) {
      if (record.offset < offset) continue;
      if (found.length >= maxRecords || (found.length > 0 && bytes + record.value.length > maxBytes)) break;
      bytes += record.value.length;
      found.push(record);
    }
    return found;
  }

  async bounds(place: LogPlace): Promise<LogBounds> {
    await this.#answering();
    const { next, records } = this.#log(place);
    return { min: records[0]?.offset ?? next, max: next };
  }

  async ends(places: readonly LogPlace[]): Promise<readonly number[]> {
    this.looks += 1;
    this.placesLookedAt = places.length;
    await this.#answering();
    return places.map((place) => this.#log(place).next);
  }

  async offsetAt(place: LogPlace, timeMs: number): Promise<number | undefined> {
    await this.#answering();
    return this.#log(place).records.find((record) => record.timestampMs >= timeMs)?.offset;
  }

  async ping(): Promise<void> {
    await this.#answering();
  }

  async close(): Promise<void> {}

  /** Gives a topic more partitions, as an operator does. */
  grow(topic: string, partitions: number): void {
    const logs = this.logs.get(topic) ?? [];
    while (logs.length < partitions) logs.push({ next: 0, records: [] });
    this.logs.set(topic, logs);
  }

  /** Loses the records before an offset, as retention does, or one in the middle, as compaction does. */
  forget(place: LogPlace, lost: (offset: number) => boolean): void {
    const log = this.#log(place);
    log.records = log.records.filter((record) => !lost(record.offset));
  }

  #log({ topic, partition, foreign = false }: LogPlace): Log {
    if (!this.logs.has(topic) && !foreign) this.grow(topic, 1);
    const log = this.logs.get(topic)?.[partition];
    if (log === undefined) throw new Error(`there is no partition ${partition} of ${topic}`);
    return log;
  }

  async #answering(): Promise<void> {
    this.questions += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure !== undefined) throw this.failure;
  }
}
