/**
 * The message back-end: what the API asks of the system that keeps the messages. Kafka is its first implementation (kafka-backend.ts); tests have
 * one in memory (memory-backend.ts). Topics go by the back-end's own names, a topic has partitions from 0 on (whose number may grow), and offsets are a
 * partition's: whole numbers that only grow.
 */

export interface LogPlace {
  /** The back-end's name. */
  readonly topic: string;
  readonly partition: number;
  /** Not the API's own (a topic of the manifest): no call makes it where it is missing; the call throws instead. */
  readonly foreign?: boolean;
}

export interface OutgoingRecord {
  readonly key?: Buffer | undefined;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, Buffer>> | undefined;
}

export interface BackendRecord {
  readonly offset: number;
  readonly key?: Buffer | undefined;
  /** Empty for a record without a value. */
  readonly value: Buffer;
  /** The last of those that share a name. */
  readonly headers?: Readonly<Record<string, Buffer>> | undefined;
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

/**
 * Every call throws where the back-end cannot be asked; one that can wait waits out a leader that moves (Kafka's: up to 30 s). A place that is not foreign
 * is made where it is missing.
 */
export interface Backend {
  /** Makes the topic, with one partition, where it is not there. */
  ensureTopic(topic: string): Promise<void>;
  /** How many partitions it has; 0 where there is no such topic. Makes none. */
  partitions(topic: string): Promise<number>;
  /** Absent is no error. */
  deleteTopic(topic: string): Promise<void>;
  /**
   * One request for all records; answers once every in-sync replica has them, with their offsets in the same order. Written once, however often it had to be
   * sent. What it throws leaves the outcome unknown, but for a Refusal.
   */
  publish(place: LogPlace, records: readonly OutgoingRecord[]): Promise<readonly number[]>;
  /** What is there now from `offset` on, in order; offsets may have gaps. Empty at the end of the log, and for an offset outside it. */
  read(place: LogPlace, offset: number, options: ReadOptions): Promise<readonly BackendRecord[]>;
  bounds(place: LogPlace): Promise<LogBounds>;
  /** Where the next record of each place will lie, in the same order: `bounds` for many, in as few requests as there are leaders. */
  ends(places: readonly LogPlace[]): Promise<readonly number[]>;
  /** The first record at or after a time; undefined where none is that late. */
  offsetAt(place: LogPlace, timeMs: number): Promise<number | undefined>;
  /** Throws where the back-end does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
