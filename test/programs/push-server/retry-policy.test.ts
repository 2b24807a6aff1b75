/** The pace of a subscription, after section 5 of the protocol's reference (linear, slowstart). */
import { describe, expect, it } from 'vitest';
import { type CycleOutcome, firstPace, paceAfter } from '../../../programs/push-server/retry-policy.ts';
import type { RetryPolicy } from '../../../programs/push-server/subscription.ts';

const linear: RetryPolicy = { type: 'linear', periodMs: 3_000 };
const slowStart: RetryPolicy = { type: 'slowstart' };
const day = 24 * 3_600_000;

/** Intervals before each cycle: the first, then after each outcome. */
function intervals(policy: RetryPolicy, outcomes: readonly CycleOutcome[]): readonly number[] {
  const paces = [firstPace(policy)];
  for (const outcome of outcomes) paces.push(...paces.slice(-1).map((pace) => paceAfter(policy, pace, outcome)));
  return paces.map(({ intervalMs }) => intervalMs);
}

describe('the linear policy', () => {
  it('begins at once and waits its period after each cycle, errors or not (section 5)', () => {
    expect(intervals(linear, ['delivered', 'failed', 'nothing', 'failed'])).toEqual([0, 3_000, 3_000, 3_000, 3_000]);
  });
});

describe('the slow start policy', () => {
  it('begins after a second and halves its interval down to 300 ms while there is no error (section 5)', () => {
    expect(intervals(slowStart, ['delivered', 'nothing', 'delivered'])).toEqual([1_000, 500, 300, 300]);
  });

  it('doubles its interval with each error, to a day at most (section 5)', () => {
    expect(intervals(slowStart, ['failed', 'failed', 'failed'])).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(intervals(slowStart, Array<CycleOutcome>(30).fill('failed')).at(-1)).toBe(day);
  });

  it('goes on doubling while an error stands and nothing new comes (section 5)', () => {
    expect(intervals(slowStart, ['failed', 'nothing', 'nothing'])).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  it('is back at a second with the first success after an error, and halves from there (section 5)', () => {
    expect(intervals(slowStart, ['failed', 'failed', 'delivered', 'delivered'])).toEqual([
      1_000, 2_000, 4_000, 1_000, 500,
    ]);
  });
});
