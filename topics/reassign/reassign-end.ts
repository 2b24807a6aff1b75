/** What is left to do once the watching of moves has ended: throttles go, and the brokers that should lead do. */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { electPreferredLeaders } from '../../clients/kafka/requests/elect-leaders.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { chunksOf } from '../apply/chunks.ts';
import type { PartitionMove } from './partition-move.ts';
import { releaseThrottles, type ThrottleRelease } from './throttle.ts';

const brokerTimeoutMs = 30_000;
const partitionsPerRequest = 500;

/** The way out is the same for success, interruption and a cluster that fails; `undefined` where not even that can be asked. */
export async function release(
  connection: KafkaConnection,
  moves: readonly PartitionMove[],
): Promise<ThrottleRelease | undefined> {
  try {
    return await releaseThrottles(connection, moves);
  } catch (error) {
    if (error instanceof EnsembleError) return undefined;
    throw error;
  }
}

/** Kafka would do so by itself within five minutes (leader.imbalance.check.interval.seconds). That a leader is not available now harms nobody. */
export async function electLeaders(
  connection: KafkaConnection,
  moves: readonly PartitionMove[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const misled = moves.filter(({ state, leader, to }) => state === 'done' && leader !== to[0]);
  try {
    for (const chunk of chunksOf(misled, { items: partitionsPerRequest })) {
      await electPreferredLeaders(connection, chunk, { brokerTimeoutMs, signal });
    }
  } catch (error) {
    if (!(error instanceof EnsembleError)) throw error;
  }
}
