/**
 * How fast a topic was written to in the past, from its own log: the offset at each of a row of times, asked of the leaders' time index. The difference of
 * two is the number of records between them, so that a peak of last night is known without anyone having watched.
 *
 * Times are the records' own (the producer's clock, unless message.timestamp.type is LogAppendTime). What retention has deleted counts as nothing.
 */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { type LedPartition, partitionKey, readOffsets } from '../status/partition-offsets.ts';

export interface PastSought {
  readonly partitions: readonly LedPartition[];
  /** By `partitionKey`, as they were at `untilMs`. */
  readonly ends: ReadonlyMap<string, number>;
  /** Milliseconds since 1970. */
  readonly untilMs: number;
  readonly historyMs: number;
  readonly stretchMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** In records a second. */
export interface PastRates {
  readonly peakPerSecond: number;
  readonly partitionPeakPerSecond: number;
}

/** By topic. Throws CLIENT_ABORTED. */
export async function readPastRates(
  connection: KafkaConnection,
  sought: PastSought,
): Promise<ReadonlyMap<string, PastRates>> {
  const { partitions, ends, untilMs, historyMs, stretchMs, signal } = sought;
  const peaks = new Map<string, PastRates>();
  let earlier: ReadonlyMap<string, number> | undefined;
  for (let stretches = Math.max(1, Math.floor(historyMs / stretchMs)); stretches >= 0; stretches -= 1) {
    const found =
      stretches === 0
        ? ends
        : await readOffsets(connection, partitions, { sinceMs: untilMs - stretches * stretchMs }, { signal });
    // No record is as late as that: the log ended before.
    const later = new Map([...ends].map(([key, end]) => [key, Math.min(found.get(key) ?? end, end)]));
    if (earlier !== undefined)
      raise(peaks, partitions, (key) => (later.get(key) ?? 0) - (earlier?.get(key) ?? 0), stretchMs);
    earlier = later;
  }
  return peaks;
}

/** Raises each topic's peaks to what it had between two times. */
function raise(
  peaks: Map<string, PastRates>,
  partitions: readonly LedPartition[],
  recordsOf: (key: string) => number,
  stretchMs: number,
): void {
  const sums = new Map<string, { sum: number; most: number }>();
  for (const partition of partitions) {
    const records = Math.max(0, recordsOf(partitionKey(partition)));
    const { sum, most } = sums.get(partition.topic) ?? { sum: 0, most: 0 };
    sums.set(partition.topic, { sum: sum + records, most: Math.max(most, records) });
  }
  for (const [topic, { sum, most }] of sums) {
    const seen = peaks.get(topic) ?? { peakPerSecond: 0, partitionPeakPerSecond: 0 };
    peaks.set(topic, {
      peakPerSecond: Math.max(seen.peakPerSecond, (sum * 1_000) / stretchMs),
      partitionPeakPerSecond: Math.max(seen.partitionPeakPerSecond, (most * 1_000) / stretchMs),
    });
  }
}
