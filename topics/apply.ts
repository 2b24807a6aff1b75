/**
 * Carries a plan out: sends exactly its changes, in chunks, and says of each what became of it.
 *
 * Nothing is taken as done on a guess. Where an answer is lost, late, or says that a topic is there already (made by the same request
 * before its answer was lost, by a run that was interrupted, or by someone else), the cluster is asked what it has, and that decides.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isClientError, reason } from '../clients/errors.ts';
import type { KafkaConnection } from '../clients/kafka/connection.ts';
import type { KafkaFault } from '../clients/kafka/fault.ts';
import { alterConfigs } from '../clients/kafka/requests/alter-configs.ts';
import { createPartitions } from '../clients/kafka/requests/create-partitions.ts';
import { createTopics } from '../clients/kafka/requests/create-topics.ts';
import type { TopicMetadata } from '../clients/kafka/requests/metadata.ts';
import { EnsembleError, type ExitStatus, exitStatus } from '../contracts/error.ts';
import { chunksOf } from './chunks.ts';
import {
  type AddPartitions,
  type Change,
  type ChangeConfig,
  type CreateTopic,
  changesOf,
  type TopicPlan,
} from './plan.ts';

export interface ChangeOutcome {
  readonly topic: string;
  readonly action: Change['action'];
  /** `unknown`: it was sent and nobody could say what became of it. */
  readonly status: 'done' | 'failed' | 'unknown' | 'not-sent';
  /** Why it is not done. */
  readonly why?: string;
}

export interface ApplyReport {
  /** One for each change of the plan, in its order. */
  readonly outcomes: readonly ChangeOutcome[];
  /** What ended the run early: an interruption, or a cluster that no longer answers. */
  readonly stoppedBy: EnsembleError | undefined;
}

export interface ApplyProgress {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
}

export interface ApplyOptions {
  readonly onProgress?: (progress: ApplyProgress) => void;
  /** Ends the run before the next request; the report says what was and what was not sent. */
  readonly signal?: AbortSignal | undefined;
  /** How long the controller may take for one request. Default 120 000. */
  readonly brokerTimeoutMs?: number;
  /** Between tries of what was not settled. Default 100, doubled each time. */
  readonly retryPauseMs?: number;
}

/**
 * At most 300 topics, and 2,000 partitions and settings, in one request: a controller needs about 34 ms for a topic of 3:2 (measured on two cores),
 * so ten seconds for a chunk, and KRaft refuses more than 10,000 records at once.
 */
const chunkLimits = { items: 300, records: 2_000 };
/** Twelve times what a full chunk takes. Kafka's own clients give a broker 5 s (KafkaJS) or 30 s, too few for a chunk. */
const defaultBrokerTimeoutMs = 120_000;
const tries = 8;
const longestPauseMs = 3_000;

/** Throws only what is our own defect: a cluster that fails is `stoppedBy`. An empty plan sends nothing. */
export async function applyPlan(
  connection: KafkaConnection,
  plan: TopicPlan,
  { onProgress, signal, brokerTimeoutMs = defaultBrokerTimeoutMs, retryPauseMs = 100 }: ApplyOptions = {},
): Promise<ApplyReport> {
  const changes = changesOf(plan);
  const outcomes = new Map<Change, ChangeOutcome>();
  let stoppedBy: EnsembleError | undefined;
  const run: Run = { connection, signal, brokerTimeoutMs, retryPauseMs };
  for (const step of steps(changes)) {
    try {
      await step(
        (change, outcome) => outcomes.set(change, { topic: change.topic, action: change.action, ...outcome }),
        run,
      );
    } catch (error) {
      if (!(error instanceof EnsembleError)) throw error;
      stoppedBy = error;
    }
    const settled = [...outcomes.values()];
    const done = settled.filter(({ status }) => status === 'done').length;
    onProgress?.({ done, failed: settled.length - done, total: changes.length });
    if (stoppedBy !== undefined) break;
  }
  const notSent = ({ topic, action }: Change): ChangeOutcome => ({ topic, action, status: 'not-sent' });
  return { outcomes: changes.map((change) => outcomes.get(change) ?? notSent(change)), stoppedBy };
}

/** 0 where every change is done, 4 where some are, 1 where none is. */
export function applyExitStatus({ outcomes, stoppedBy }: ApplyReport): ExitStatus {
  const done = outcomes.filter(({ status }) => status === 'done').length;
  if (done === outcomes.length && stoppedBy === undefined) return exitStatus.ok;
  return done > 0 ? exitStatus.partlyApplied : exitStatus.error;
}

interface Run {
  readonly connection: KafkaConnection;
  readonly signal: AbortSignal | undefined;
  readonly brokerTimeoutMs: number;
  readonly retryPauseMs: number;
}

type Settle = (change: Change, outcome: Pick<ChangeOutcome, 'status' | 'why'>) => void;
type Step = (settle: Settle, run: Run) => Promise<void>;

/** One for each request that goes well. New topics first: they are what others wait for. */
function steps(changes: readonly Change[]): readonly Step[] {
  const creates = changes.filter((change) => change.action === 'create');
  const additions = changes.filter((change) => change.action === 'addPartitions');
  const configs = changes.filter((change) => change.action === 'changeConfig');
  const chunk = <T>(list: readonly T[], of: (item: T) => number) =>
    chunksOf(list, { items: chunkLimits.items, weight: { of, most: chunkLimits.records } });
  return [
    ...chunk(creates, ({ partitions, config }) => partitions + Object.keys(config).length).map(creating),
    ...chunk(additions, ({ from, to }) => to - from).map(adding),
    ...chunk(configs, (change) => change.changes.length).map(configuring),
  ];
}

const creating = (chunk: readonly CreateTopic[]): Step =>
  settling(chunk, {
    send: async (pending, { connection, brokerTimeoutMs, signal }) => {
      const outcomes = await createTopics(
        connection,
        pending.map(({ action: _, ...topic }) => topic),
        { brokerTimeoutMs, signal },
      );
      return new Map(outcomes.map(({ topic, error }) => [topic, error]));
    },
    // TOPIC_ALREADY_EXISTS, REQUEST_TIMED_OUT (the controller goes on making it)
    doubtful: [36, 7],
    check: ({ partitions, replicas }, seen) => {
      const actual = seen.partitions;
      if (actual.length === partitions && actual.every((each) => each.replicas.length === replicas)) return 'done';
      return `it is there with ${actual.length}:${actual[0]?.replicas.length ?? 0}, not ${partitions}:${replicas}; make a new plan`;
    },
  });

const adding = (chunk: readonly AddPartitions[]): Step =>
  settling(chunk, {
    send: async (pending, { connection, brokerTimeoutMs, signal }) => {
      const topics = pending.map(({ topic, to }) => ({ topic, count: to }));
      const outcomes = await createPartitions(connection, topics, { brokerTimeoutMs, signal });
      return new Map(outcomes.map(({ topic, error }) => [topic, error]));
    },
    // INVALID_PARTITIONS (it has as many already), REQUEST_TIMED_OUT
    doubtful: [37, 7],
    check: ({ from, to }, { partitions }) => {
      if (partitions.length === to) return 'done';
      return partitions.length === from ? 'again' : `it has ${partitions.length} partitions by now; make a new plan`;
    },
  });

const configuring = (chunk: readonly ChangeConfig[]): Step =>
  settling(chunk, {
    send: async (pending, { connection, signal }) => {
      const resources = pending.map(({ topic, changes }) => ({
        type: 'topic' as const,
        name: topic,
        changes: changes.map(({ name, to }) => ({
          name,
          operation: to === undefined ? ('delete' as const) : ('set' as const),
          value: to,
        })),
      }));
      const outcomes = await alterConfigs(connection, resources, { signal });
      return new Map(outcomes.map(({ name, error }) => [name, error]));
    },
    doubtful: [],
    check: () => 'again', // setting a value twice is setting it once
  });

/** By topic: the fault, or `undefined` for a change that was made. */
type Answers = ReadonlyMap<string, KafkaFault | undefined>;

interface Kind<T extends Change> {
  send(pending: readonly T[], run: Run): Promise<Answers>;
  /** Kafka's codes after which only a look at the cluster says what became of the change. */
  readonly doubtful: readonly number[];
  /** What the cluster has: the change is done, may be sent again, or has failed for the reason given. */
  check(change: T, seen: TopicMetadata): 'done' | 'again' | string;
}

function settling<T extends Change>(chunk: readonly T[], { send, doubtful, check }: Kind<T>): Step {
  return async (settle, run) => {
    let pending = chunk;
    let sent = false;
    try {
      for (let attempt = 1; pending.length > 0; attempt += 1) {
        if (run.signal?.aborted) throw interrupted();
        const answers = await sendOnce(run);
        sent = true;
        const unsettled = pending.filter((change) => !settleBy(answers, change, settle));
        pending = unsettled;
        if (unsettled.length > 0) pending = await look(answers, settle, run, attempt === tries);
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
        const verdict = topic === undefined || topic.partitions.length === 0 ? 'again' : check(change, topic);
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

function interrupted(): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_INTERRUPTED',
    message: 'the run was interrupted',
    next: 'Run the command again: it carries on from what is there.',
  });
}
