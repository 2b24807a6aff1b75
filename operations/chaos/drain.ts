/**
 * Whether all was read that is going to be read, after the last acknowledgement: whoever reads has come to the end of the log and everything came; or nothing more
 * comes, although it is asked for and answered for longer than a lost answer is kept from others. What has not come then never comes, which is for the checkers
 * to find: if everything had to have come, no loss could ever be found.
 */
import type { PartitionEnds } from '../../chaos/read-log.ts';
import type { Workload } from '../../chaos/workload.ts';
import { ackDeadlineSeconds } from './api-topic.ts';
import { until } from './until.ts';

interface Draining {
  readonly partitions: number;
  /** The environment is whole again: silence of one that is not says nothing. */
  readonly healthy: boolean;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly quietMs?: number;
}

/** Twice what silence takes, and more: the answer that was lost comes once more in between. */
const drainMs = 90_000;
/** What was pulled and never acknowledged is pulled again after its deadline; a push server pulls as others do. */
const silenceMs = ackDeadlineSeconds * 1000 + 5_000;

export async function drained(
  workload: Workload,
  ends: readonly PartitionEnds[],
  { partitions, healthy, signal, timeoutMs = drainMs, quietMs = silenceMs }: Draining,
): Promise<boolean> {
  const isRead = () =>
    ends.length === partitions && ends.every(({ partition, end }) => workload.readTo(partition) >= end);
  const isOver = () => (workload.isDelivered() && isRead()) || (healthy && workload.quietMs() >= quietMs);
  return await until(isOver, timeoutMs, signal);
}
