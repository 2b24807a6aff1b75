/** What a table asks of a run's verdict: it outlives the run's history, and goes from one machine to another. */
import { z } from 'zod';
import type { Verdict } from './verdict.ts';

const count = z.int().min(0);
/** Absent where it was never reached. */
const ms = z.number().min(0).optional();

export const runVerdictSchema = z.strictObject({
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'skipped']),
  reasons: z.array(z.string()).readonly(),
  counts: z.strictObject({
    acknowledged: count,
    failed: count,
    unknown: count,
    acknowledgedDuringFaults: count,
    acknowledgedAtRisk: count,
    read: count,
    lost: count,
  }),
  /** Of each fault. */
  timings: z
    .array(
      z.strictObject({
        kind: z.string(),
        target: z.string(),
        detectionMs: ms,
        electionMs: ms,
        silenceMs: ms,
        firstAckMs: ms,
        inSyncMs: ms,
        drainedMs: ms,
        partitionsLed: count,
      }),
    )
    .readonly(),
});
export type RunVerdict = Readonly<z.output<typeof runVerdictSchema>>;

/** Without operations, which the history has, and without its plan, which the scenario has. */
export function runVerdictOf({ verdict, reasons, counts, timings }: RunVerdict | Verdict): RunVerdict {
  return {
    verdict,
    reasons,
    counts,
    timings: timings.map(
      ({ kind, target, detectionMs, electionMs, silenceMs, firstAckMs, inSyncMs, drainedMs, partitionsLed }) => ({
        ...{ kind, target, detectionMs, electionMs, silenceMs, firstAckMs, inSyncMs, drainedMs, partitionsLed },
      }),
    ),
  };
}
