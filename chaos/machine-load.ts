/**
 * Whether the machine that a run was recorded on had the time for it: how many wait for each processor, and how late the recorder's own timers fire.
 * A limit of time that was broken on a machine without time says nothing of the platform. What is lost stays lost, whatever the load.
 */
import type { ObservedRun } from './observed-run.ts';

/** Runnable for each processor, on average: each gets a quarter of what it would. A platform that starts on two cores has two or three for some seconds. */
const crowded = 4;
/** Of the time, for which the recorder itself stood still. */
const stalledShare = 0.2;

/** Why a limit of time between the two moments proves nothing; undefined where the machine had time, or nobody looked. */
export function starvedBetween(run: ObservedRun, from: number, to: number): string | undefined {
  const within = run.loads.filter(({ at }) => at >= from && at <= to);
  if (within.length === 0) return undefined;
  const runnable = within.reduce((sum, each) => sum + each.runnable, 0) / within.length;
  const late = within.reduce((sum, each) => sum + each.lateMs, 0);
  if (runnable >= crowded)
    return `the machine was too busy to tell: ${runnable.toFixed(1)} wanted each of its processors`;
  if (late > (to - from) * stalledShare)
    return `the machine was too busy to tell: the recorder itself stood still for ${(late / 1000).toFixed(1)} s`;
  return undefined;
}
