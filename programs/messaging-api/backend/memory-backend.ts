/** The message back-end in memory, for tests: what it is told to lose, it loses. */
import type { Backend, BackendRecord, LogBounds, ReadOptions } from './backend.ts';

interface Log {
  next: number;
  records: BackendRecord[];
}

/** @internal */
export class MemoryBackend implements Backend {
  readonly logs = new Map<string, Log>();
  /** How many publish requests came: one for each batch. */
  publishes = 0;
  /** While set, every call fails with it. */
  failure: Error | undefined;
  now: () => number = Date.now;
  /** Awaited within each publish, so that a test decides when it ends. */
  gate: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve));

  async ensureTopic(topic: string): Promise<void> {
    await this.#answering();
    this.#log(topic);
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#answering();
    this.logs.delete(topic);
  }

  async publish(topic: string, values: readonly Buffer[]): Promise<readonly number[]> {
    this.publishes += 1;
    await this.gate();
    await this.#answering();
    const log = this.#log(topic);
    return values.map((value) => {
      const offset = log.next++;
      log.records.push({ offset, value, timestampMs: this.now() });
      return offset;
    });
  }

  async read(topic: string, offset: number, { maxRecords, maxBytes }: ReadOptions): Promise<readonly BackendRecord[]> {
    await this.#answering();
    const found: BackendRecord[] = [];
    let bytes = 0;
    for (const record of this.#log(topic).records) {
      if (record.offset < offset) continue;
      if (found.length >= maxRecords || (found.length > 0 && bytes + record.value.length > maxBytes)) break;
      bytes += record.value.length;
      found.push(record);
    }
    return found;
  }

  async bounds(topic: string): Promise<LogBounds> {
    await this.#answering();
    const { next, records } = this.#log(topic);
    return { min: records[0]?.offset ?? next, max: next };
  }

  async offsetAt(topic: string, timeMs: number): Promise<number | undefined> {
    await this.#answering();
    return this.#log(topic).records.find((record) => record.timestampMs >= timeMs)?.offset;
  }

  async ping(): Promise<void> {
    await this.#answering();
  }

  async close(): Promise<void> {}

  /** Loses the records before an offset, as retention does, or one in the middle, as compaction does. */
  forget(topic: string, lost: (offset: number) => boolean): void {
    const log = this.#log(topic);
    log.records = log.records.filter((record) => !lost(record.offset));
  }

  #log(topic: string): Log {
    const log = this.logs.get(topic) ?? { next: 0, records: [] };
    this.logs.set(topic, log);
    return log;
  }

  async #answering(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure !== undefined) throw this.failure;
  }
}
