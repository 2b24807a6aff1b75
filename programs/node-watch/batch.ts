/**
 * What one call may bring to CloudWatch Logs: its limits are the narrowest of the clouds' that there are, and every sink keeps to them.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html: 1,048,576 bytes of UTF-8 with 26 more for each event, 10,000
 * events, 24 hours between the first and the last, in the order of their times. An event has 256 KB at most (1 MB since 2025, not in all regions). Pure.
 */

/** @internal for tests */
export const batchLimits = { bytes: 1_048_576, overheadBytes: 26, events: 10_000, spanMs: 24 * 3_600_000 };

/** Of an event's text, with the overhead that is counted. */
export const eventBytes = 262_144 - batchLimits.overheadBytes;

export interface LogEvent {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** At most `eventBytes` in UTF-8, and not empty. */
  readonly text: string;
}

export interface Batch {
  readonly isEmpty: boolean;
  /**
   * False where the event does not fit: deliver what is there, and add it to the next batch.
   * @param cursor of the entry that the event is the last part of: the journal has been delivered so far once this batch is
   */
  add(event: LogEvent, cursor?: string): boolean;
  /** In the order of their times; those of one time as they came. A journal goes back in time where a clock was set. */
  events(): readonly LogEvent[];
  /** Undefined while no entry is whole. */
  readonly cursor: string | undefined;
}

export function newBatch(): Batch {
  const events: LogEvent[] = [];
  let bytes = 0;
  let earliestMs = Number.POSITIVE_INFINITY;
  let latestMs = Number.NEGATIVE_INFINITY;
  let cursor: string | undefined;
  return {
    get isEmpty() {
      return events.length === 0;
    },
    get cursor() {
      return cursor;
    },
    add(event, after) {
      const takes = Buffer.byteLength(event.text) + batchLimits.overheadBytes;
      const first = Math.min(earliestMs, event.atMs);
      const last = Math.max(latestMs, event.atMs);
      const fits =
        bytes + takes <= batchLimits.bytes && events.length < batchLimits.events && last - first <= batchLimits.spanMs;
      if (!fits) return false;
      events.push(event);
      bytes += takes;
      earliestMs = first;
      latestMs = last;
      cursor = after ?? cursor;
      return true;
    },
    events: () => events.toSorted((one, other) => one.atMs - other.atMs),
  };
}
