/**
 * One request for many changes, sent until each is settled. Where an answer is lost, late, or says that a topic is there already (made by the same request before
 * its answer was lost, by a run that was interrupted, or by someone else), the cluster is asked what it has, and that decides.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isClientError, reason } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import type { KafkaFault } from '../../clients/kafka/fault.ts';
import type { TopicMetadata } from '../../clients/kafka/requests/metadata.ts';
import { interrupted } from '../errors.ts';
import type { Change } from '../plan/plan.ts';

export interface ChangeOutcome {
  readonly topic: string;
  readonly action: Change['action'];
  /** `moving`: replicas are still on their way, in the cluster. `unknown`: it was sent and nobody could say what became of it. */
  readonly status: 'done' | 'failed' | 'moving' | 'unknown' | 'not-sent';
  /** Why it is not done. */
  readonly why?: string;
}

export interface Run {
  readonly connection: KafkaConnection;
  readonly signal: AbortSignal | undefined;
  readonly brokerTimeoutMs: number;
  readonly retryPauseMs: number;
}

export type Settle = (change: Change, outcome: Pick<ChangeOutcome, 'status' | 'why'>) => void;
export type Step = (settle: Settle, run: Run) => Promise<void>;

/** By topic: the fault, or `undefined` for a change that was made. */
export type Answers = ReadonlyMap<string, KafkaFault | undefined>;

export interface Kind<T extends Change> {
  send(pending: readonly T[], run: Run): Promise<Answers>;
  /** Kafka's codes after which only a look at the cluster says what became of the change. */
  readonly doubtful: readonly number[];
  /** What the cluster has (nothing where the topic is not there): the change is done, may be sent again, or has failed for the reason given. */
  check(change: T, seen: TopicMetadata | undefined): 'done' | 'again' | string;
}

const tries = 8;
const longestPauseMs = 3_000;

/** The step throws what ends the whole run: an interruption, or a cluster that no longer answers. */
export function settling<T extends Change>(chunk: readonly T[], { send, doubtful, check }: Kind<T>): Step {
  return async (settle, run) => {
    let pending = chunk;
    let sent = false;
    try {
      for (let attempt = 1; pending.length > 0; attempt += 1) {
        if (run.signal?.aborted) throw interrupted();
        const answers = await sendOnce(run);
        sent = true;
        pending = pending.filter((change) => !settleBy(answers, change, settle));
        if (pending.length > 0) pending = await look(answers, settle, run, attempt === tries);
        if (pending.length > 0) await sleep(Math.min(run.retryPauseMs * 2 ** (attempt - 1), longestPauseMs));
      }
    } catch (error) {
      const mayHaveBeen = sent || isClientError(error, 'CLIENT_ABORTED');
      if (mayHaveBeen) for (const change of pending) settle(change, { status: 'unknown', why: reason(error) });
      throw error;
    }

    /** No answers at all where the request was sent and may have taken effect. */
    async function sendOnce({ signal }: Run): Promise<Answers> {
      try {
        return await send(pending, run);
      } catch (error) {
        if (isClientError(error, 'CLIENT_CONNECTION_LOST', 'CLIENT_TIMED_OUT') && !signal?.aborted) return new Map();
        throw error;
      }
    }

    async function look(
      answers: Answers,
      tell: Settle,
      { connection, signal }: Run,
      last: boolean,
    ): Promise<readonly T[]> {
      const names = pending.map(({ topic }) => topic);
      const seen = new Map((await connection.metadata(names, { signal })).topics.map((topic) => [topic.topic, topic]));
      return pending.filter((change) => {
        const topic = seen.get(change.topic);
        const verdict = check(change, topic === undefined || topic.partitions.length === 0 ? undefined : topic);
        if (verdict === 'again' && !last) return true;
        const fault = answers.get(change.topic);
        if (verdict === 'done') tell(change, { status: 'done' });
        else if (verdict !== 'again') tell(change, { status: 'failed', why: verdict });
        else tell(change, { status: 'unknown', why: fault === undefined ? 'the answer was lost' : saying(fault) });
        return false;
      });
    }
  };

  /** Whether the answer alone settles the change. */
  function settleBy(answers: Answers, change: T, settle: Settle): boolean {
    const fault = answers.get(change.topic);
    if (fault === undefined) {
      if (answers.has(change.topic)) settle(change, { status: 'done' });
      return answers.has(change.topic);
    }
    if (fault.retriable || doubtful.includes(fault.code)) return false;
    settle(change, { status: 'failed', why: saying(fault) });
    return true;
  }
}

function saying({ name, message }: KafkaFault): string {
  return `${message} (${name})`;
}
