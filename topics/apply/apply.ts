/**
 * Carries a plan out: sends exactly its changes, in chunks, and says of each what became of it. Nothing is taken as done on a guess; see settle.ts.
 *
 * The order keeps what is written safe. New topics come first, since others wait for them, and what takes hours comes after what takes seconds. A topic that gets
 * more replicas has them before its min.insync.replicas may rise; one that gets fewer has its settings changed before. Partitions are added after their
 * topic's replicas were moved, since new ones take the count of partition 0. Deletions come last.
 */
import { EnsembleError, type ExitStatus, exitStatus } from '../../contracts/error.ts';
import { handedOver } from '../errors.ts';
import { type Change, changesOf, type TopicPlan } from '../plan/plan.ts';
import type { ReassignOptions, ReassignProgress, ReassignReport } from '../reassign/reassign.ts';
import { adding, configuring, creating, deleting, reassigning } from './apply-steps.ts';
import { chunksOf } from './chunks.ts';
import type { ChangeOutcome, Run, Step } from './settle.ts';

export interface ApplyReport {
  /** One for each change of the plan, in its order. */
  readonly outcomes: readonly ChangeOutcome[];
  /** Bytes copied and what became of the throttle; `undefined` where no replicas were to move. */
  readonly reassigned: ReassignReport | undefined;
  /** What ended the run early: an interruption, or a cluster that no longer answers. */
  readonly stoppedBy: EnsembleError | undefined;
}

export interface ApplyProgress {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
  /** While replicas move. */
  readonly moving?: ReassignProgress;
}

export interface ApplyOptions extends Pick<ReassignOptions, 'throttleBytesPerSecond'> {
  readonly onProgress?: (progress: ApplyProgress) => void;
  /** Ends the run before the next request; the report says what was and what was not sent. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the run after the step that is under way: another call goes on with what `settled` and `arrivedBytes` tell it. */
  readonly handOver?: AbortSignal | undefined;
  /** What calls before this one did: it is not done again. */
  readonly earlier?: EarlierCalls | undefined;
  /** How long the controller may take for one request. Default 120 000. */
  readonly brokerTimeoutMs?: number;
  /** Between tries of what was not settled. Default 100, doubled each time. */
  readonly retryPauseMs?: number;
}

export interface EarlierCalls {
  /** By the change's place in changesOf(plan): done, failed, or sent with an unknown end. */
  readonly settled: ReadonlyMap<number, Pick<ChangeOutcome, 'status' | 'why'>>;
  readonly arrivedBytes: number;
}

/**
 * At most 300 topics, and 2,000 partitions and settings, in one request: a controller needs about 34 ms for a topic of 3:2 (measured on two cores),
 * so ten seconds for a chunk, and KRaft refuses more than 10,000 records at once.
 */
const chunkLimits = { items: 300, records: 2_000 };
/** Twelve times what a full chunk takes. Kafka's own clients give a broker 5 s (KafkaJS) or 30 s, too few for a chunk. */
const defaultBrokerTimeoutMs = 120_000;

/** Throws only what is our own defect: a cluster that fails is `stoppedBy`. An empty plan sends nothing. */
export async function applyPlan(
  connection: Run['connection'],
  plan: TopicPlan,
  options: ApplyOptions = {},
): Promise<ApplyReport> {
  const {
    onProgress,
    signal,
    handOver,
    earlier,
    brokerTimeoutMs = defaultBrokerTimeoutMs,
    retryPauseMs = 100,
  } = options;
  const changes = changesOf(plan);
  const outcomes = new Map<Change, ChangeOutcome>();
  let stoppedBy: EnsembleError | undefined;
  let reassigned: ReassignReport | undefined;
  const run: Run = { connection, signal, brokerTimeoutMs, retryPauseMs };
  const progress = (moving?: ReassignProgress) => {
    const settled = [...outcomes.values()];
    const done = settled.filter(({ status }) => status === 'done').length;
    const counts = { done, failed: settled.length - done, total: changes.length };
    onProgress?.(moving === undefined ? counts : { ...counts, moving });
  };
  const settle = (change: Change, outcome: Pick<ChangeOutcome, 'status' | 'why'>) =>
    outcomes.set(change, { topic: change.topic, action: change.action, ...outcome });
  for (const [place, outcome] of earlier?.settled ?? []) {
    const change = changes[place];
    if (change !== undefined) settle(change, outcome);
  }
  const moving = {
    throttleBytesPerSecond: options.throttleBytesPerSecond,
    handOver,
    earlier,
    onProgress: progress,
    tell: (report: ReassignReport) => {
      reassigned = report;
    },
  };
  const awaited = awaitedOf(changes);
  let steps = 0;
  for (const phase of phasesOf(changes, awaited)) {
    const ready = phase.filter((change) => {
      if (outcomes.has(change)) return false;
      const before = awaited.get(change);
      if (before === undefined || outcomes.get(before)?.status === 'done') return true;
      settle(change, { status: 'not-sent', why: 'it waits for the topic’s replicas, which have not all moved' });
      return false;
    });
    for (const step of stepsOf(ready, moving)) {
      // A call makes at least one step, or many short ones would never get anywhere.
      if (steps > 0 && handOver?.aborted) stoppedBy = handedOver();
      if (stoppedBy !== undefined) break;
      steps += 1;
      try {
        await step(settle, run);
      } catch (error) {
        if (!(error instanceof EnsembleError)) throw error;
        stoppedBy = error;
      }
      progress();
      if (stoppedBy !== undefined) break;
    }
    if (stoppedBy !== undefined) break;
  }
  const notSent = ({ topic, action }: Change): ChangeOutcome => ({ topic, action, status: 'not-sent' });
  return { outcomes: changes.map((change) => outcomes.get(change) ?? notSent(change)), reassigned, stoppedBy };
}

/** 0 where every change is done, 4 where some are (or are on their way), 1 where none is. */
export function applyExitStatus({ outcomes, stoppedBy }: ApplyReport): ExitStatus {
  const done = outcomes.filter(({ status }) => status === 'done').length;
  if (done === outcomes.length && stoppedBy === undefined) return exitStatus.ok;
  return done > 0 || outcomes.some(({ status }) => status === 'moving') ? exitStatus.partlyApplied : exitStatus.error;
}

/** The changes in the order in which they are made, as the head of this file says. */
function phasesOf(changes: readonly Change[], awaited: ReadonlyMap<Change, Change>): readonly (readonly Change[])[] {
  const altering = changes.filter(({ action }) => action === 'addPartitions' || action === 'changeConfig');
  return [
    changes.filter(({ action }) => action === 'create'),
    altering.filter((change) => !awaited.has(change)),
    changes.filter(({ action }) => action === 'reassign'),
    altering.filter((change) => awaited.has(change)),
    changes.filter(({ action }) => action === 'delete'),
  ];
}

/** Changes that come after the move of their topic's replicas. */
function awaitedOf(changes: readonly Change[]): ReadonlyMap<Change, Change> {
  const moves = new Map(
    changes.filter((change) => change.action === 'reassign').map((move) => [move.topic, move] as const),
  );
  const awaited = new Map<Change, Change>();
  for (const change of changes) {
    const move = moves.get(change.topic);
    if (move === undefined) continue;
    const grows = move.toReplicas > move.fromReplicas;
    if (change.action === 'addPartitions' || (change.action === 'changeConfig' && grows)) awaited.set(change, move);
  }
  return awaited;
}

/** One for each request that goes well. */
function stepsOf(
  changes: readonly Change[],
  { tell, ...moving }: Parameters<typeof reassigning>[1] & { readonly tell: (report: ReassignReport) => void },
): readonly Step[] {
  const chunk = <T>(list: readonly T[], of: (item: T) => number) =>
    chunksOf(list, { items: chunkLimits.items, weight: { of, most: chunkLimits.records } });
  const moves = changes.filter((change) => change.action === 'reassign');
  return [
    ...chunk(
      changes.filter((change) => change.action === 'create'),
      ({ partitions, config }) => partitions + Object.keys(config).length,
    ).map(creating),
    ...chunk(
      changes.filter((change) => change.action === 'addPartitions'),
      ({ from, to }) => to - from,
    ).map(adding),
    ...chunk(
      changes.filter((change) => change.action === 'changeConfig'),
      (change) => change.changes.length,
    ).map(configuring),
    ...(moves.length === 0 ? [] : [reassigning(moves, moving, tell)]),
    ...chunk(
      changes.filter((change) => change.action === 'delete'),
      ({ partitions }) => partitions,
    ).map(deleting),
  ];
}
