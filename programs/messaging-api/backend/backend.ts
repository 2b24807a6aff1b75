/**
 * The message back-end: what the API asks of the system that keeps the messages. Kafka is its first implementation (kafka-backend.ts); tests have
 * one in memory (memory-backend.ts). Topics go by the back-end's own names, and offsets are the log's: whole numbers that only grow.
 */

export interface BackendRecord {
  readonly offset: number;
  readonly value: Buffer;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
}

export interface LogBounds {
  /** The oldest record that is kept. */
  readonly min: number;
  /** Where the next record will lie. */
  readonly max: number;
}

export interface ReadOptions {
  readonly maxRecords: number;
  /** The first record is given whatever its size. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/** Every call throws where the back-end cannot be asked; nothing is retried beyond what its client does. */
export interface Backend {
  /** Makes the topic where it is not there. */
  ensureTopic(topic: string): Promise<void>;
  /** Absent is no error. */
  deleteTopic(topic: string): Promise<void>;
  /** One request for all values; answers once every in-sync replica has them, with their offsets in the same order. Makes a topic that is missing. */
  publish(topic: string, values: readonly Buffer[]): Promise<readonly number[]>;
  /** What is there now from `offset` on, in order; offsets may have gaps. Empty at the end of the log. */
  read(topic: string, offset: number, options: ReadOptions): Promise<readonly BackendRecord[]>;
  bounds(topic: string): Promise<LogBounds>;
  /** The first record at or after a time; undefined where none is that late. */
  offsetAt(topic: string, timeMs: number): Promise<number | undefined>;
  /** Throws where the back-end does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
