/** Takes moves under way back: every partition keeps the replicas that it had before, and the throttles of ours go with the moves. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { alterReassignments } from '../../clients/kafka/requests/reassignments.ts';
import { chunksOf } from '../apply/chunks.ts';
import { partitionKey } from '../status/partition-offsets.ts';
import { lookAt } from './partition-move.ts';
import { releaseThrottles, sweepThrottles, type ThrottleRelease } from './throttle.ts';

export interface CancelOutcome {
  readonly topic: string;
  readonly partition: number;
  /** `ended`: it had arrived before it could be taken back. `unknown`: it was still listed when the time was over. */
  readonly status: 'cancelled' | 'ended' | 'failed' | 'unknown';
  readonly why?: string;
}

export interface CancelReport {
  readonly outcomes: readonly CancelOutcome[];
  /** Throttles of ours that were removed: those of these moves, and leftovers where nothing moved. */
  readonly released: ThrottleRelease;
}

export interface CancelOptions {
  /** Only these topics' moves. Default: every move in the cluster. */
  readonly topics?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** How long to wait until the moves have left Kafka's list. Default 30 000. */
  readonly timeoutMs?: number;
}

const brokerTimeoutMs = 30_000;
const partitionsPerRequest = 500;
const pollMs = 100;

/** Throws as KafkaConnection.send; the throttles of moves that were taken back are removed in any case where the cluster can be asked. */
export async function cancelReassign(
  connection: KafkaConnection,
  { topics, signal, timeoutMs = 30_000 }: CancelOptions = {},
): Promise<CancelReport> {
  const { active } = await lookAt(connection, [], { signal });
  const moves = [...active.values()].filter(({ topic }) => topics?.includes(topic) ?? true);
  if (moves.length === 0) return { outcomes: [], released: await sweepThrottles(connection, { signal }) };
  const outcomes = new Map<string, CancelOutcome>();
  for (const chunk of chunksOf(moves, { items: partitionsPerRequest })) {
    const wanted = chunk.map(({ topic, partition }) => ({ topic, partition, replicas: undefined }));
    for (const answer of await alterReassignments(connection, wanted, { brokerTimeoutMs, signal })) {
      const { topic, partition, error } = answer;
      const outcome: CancelOutcome =
        error === undefined
          ? { topic, partition, status: 'cancelled' }
          : error.name === 'NO_REASSIGNMENT_IN_PROGRESS'
            ? { topic, partition, status: 'ended' }
            : { topic, partition, status: 'failed', why: `${error.message} (${error.name})` };
      outcomes.set(partitionKey(answer), outcome);
    }
  }
  const open = await waitUntilGone(connection, outcomes, { signal, timeoutMs });
  const settled = moves.map(({ topic, partition }): CancelOutcome => {
    const key = partitionKey({ topic, partition });
    const outcome = outcomes.get(key);
    return outcome === undefined || open.has(key) ? { topic, partition, status: 'unknown' } : outcome;
  });
  const gone = settled.filter(({ status }) => status === 'cancelled' || status === 'ended');
  return { outcomes: settled, released: await releaseThrottles(connection, gone) };
}

/** The keys of cancelled moves that are listed even when the time is over. */
async function waitUntilGone(
  connection: KafkaConnection,
  outcomes: ReadonlyMap<string, CancelOutcome>,
  { signal, timeoutMs }: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
): Promise<ReadonlySet<string>> {
  const started = performance.now();
  for (;;) {
    const { active } = await lookAt(connection, [], { signal });
    const open = new Set(
      [...outcomes].filter(([key, { status }]) => status === 'cancelled' && active.has(key)).map(([key]) => key),
    );
    if (open.size === 0 || performance.now() - started > timeoutMs) return open;
    await sleep(pollMs);
  }
}
