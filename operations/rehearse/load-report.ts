/** What a producer that went on through all changes found, judged: nothing that was acknowledged may be missing. Pure. */
import { z } from 'zod';

export const loadReportShape = z.strictObject({
  sent: z.int(),
  acknowledged: z.int(),
  /** Neither kept nor lost: nobody knows. */
  failed: z.int(),
  /** Acknowledged and not in the log: at most a hundred of them. */
  lost: z.array(z.int()).readonly(),
  lostCount: z.int(),
  /** In the log more than once, since a producer sends again what it heard nothing of. */
  repeated: z.int(),
  /** The longest time without an acknowledgement. */
  longestMs: z.int(),
});

export type LoadReport = z.output<typeof loadReportShape>;

const shown = 100;

/** @param found every record's number, once each time that it is in the log */
export function judgeLoad(seen: {
  readonly sent: number;
  readonly failed: number;
  readonly acknowledged: readonly number[];
  readonly found: readonly number[];
  readonly longestMs: number;
}): LoadReport {
  const there = new Set(seen.found);
  const lost = seen.acknowledged.filter((id) => !there.has(id));
  return {
    sent: seen.sent,
    acknowledged: seen.acknowledged.length,
    failed: seen.failed,
    lost: lost.slice(0, shown),
    lostCount: lost.length,
    repeated: seen.found.length - there.size,
    longestMs: seen.longestMs,
  };
}
