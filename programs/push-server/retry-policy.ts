/**
 * When the next cycle of a subscription begins, as a pure machine (reference, section 5). Linear: `period` after each cycle's end, whatever came of it.
 * Slow start: twice as fast while all is well, half as fast with each error.
 */
import type { RetryPolicy } from './subscription.ts';

/** What came of a cycle. `nothing`: no new messages, which says nothing about the endpoint. */
export type CycleOutcome = 'delivered' | 'nothing' | 'failed';

export interface Pace {
  /** From the end of one cycle to the next. */
  readonly intervalMs: number;
  /** The last cycle that had something to deliver failed; only a full success ends it. */
  readonly failing: boolean;
}

/** Section 5's figures. */
const startMs = 1_000;
const fastestMs = 300;
const slowestMs = 24 * 3_600_000;

export function firstPace(policy: RetryPolicy): Pace {
  return { intervalMs: policy.type === 'linear' ? 0 : startMs, failing: false };
}

export function paceAfter(policy: RetryPolicy, { intervalMs, failing }: Pace, outcome: CycleOutcome): Pace {
  const stillFailing = outcome === 'failed' || (outcome === 'nothing' && failing);
  if (policy.type === 'linear') return { intervalMs: policy.periodMs, failing: stillFailing };
  if (stillFailing) return { intervalMs: Math.min(intervalMs * 2, slowestMs), failing: true };
  if (failing) return { intervalMs: startMs, failing: false };
  return { intervalMs: Math.max(intervalMs / 2, fastestMs), failing: false };
}
