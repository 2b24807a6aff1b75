/**
 * Moves replicas: throttled, a window of partitions at a time, watched to the end, and never leaving a throttle behind.
 *
 * The cluster itself is the record of what was done. A call first looks at what it has: partitions that are where they should be are done, those under
 * way are taken up, the others are sent. So a run that was interrupted or killed is resumed by the same call, and two runs do not disturb each other.
 *
 * Source: KIP-455 (reassignments that can be listed, changed and cancelled); a partition leaves the list when every new replica is in sync.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { alterReassignments } from '../../clients/kafka/requests/reassignments.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { chunksOf } from '../apply/chunks.ts';
import { handedOverCode, reassignHandedOver, reassignInterrupted, reassignStalled } from '../errors.ts';
import { partitionKey } from '../status/partition-offsets.ts';
import { adoptMove, beginMove, fail, lookAt, type PartitionMove, settleMove } from './partition-move.ts';
import { electLeaders, release } from './reassign-end.ts';
import { CopyMeter, type CopyProgress, measureMoves } from './reassign-progress.ts';
import { setThrottles, sweepThrottles, type ThrottleRelease, type ThrottleReport } from './throttle.ts';

/** The moves of one topic, as a plan has them. */
export interface TopicMoves {
  readonly topic: string;
  readonly moves: readonly {
    readonly partition: number;
    /** What the plan saw. A partition that has other replicas by now is refused. */
    readonly from: readonly number[];
    /** Broker ids, the preferred leader first. */
    readonly to: readonly number[];
  }[];
}

export interface ReassignOptions {
  /** For each broker, sending and receiving counted apart. Default 50 000 000; `unlimited` sets none. */
  readonly throttleBytesPerSecond?: number | 'unlimited' | undefined;
  readonly onProgress?: ((progress: ReassignProgress) => void) | undefined;
  /** Ends the watching: nothing more is sent, and the throttle is removed. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Ends the watching as well, but leaves moves under way their throttle, since another call takes them up at once (`earlier`). Should none follow, a
   * sweep removes it once they have ended.
   */
  readonly handOver?: AbortSignal | undefined;
  /** What calls before this one had copied for moves that are done; nothing is swept then, since the first of them did. */
  readonly earlier?: { readonly arrivedBytes: number } | undefined;
  /** Takes up every move under way in the cluster too, whoever began it. Those among `moves` are taken up anyway. */
  readonly resume?: boolean;
  /** Partitions on their way at a time. Default 50. */
  readonly atOnce?: number;
  /** Default 1 000. */
  readonly pollMs?: number;
  /** How long nothing may be copied and nothing finish before the watching ends. Default 600 000, since a broker may take minutes to start again. */
  readonly stallTimeoutMs?: number;
}

export interface ReassignProgress extends CopyProgress {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly moving: number;
  /** Brokers that are down and are to have a replica: nothing ends before they are back. */
  readonly waitingFor: readonly number[];
}

export interface MoveOutcome {
  readonly topic: string;
  readonly partition: number;
  /** `moving`: it goes on in the cluster. */
  readonly status: 'done' | 'moving' | 'failed' | 'not-sent';
  /** Why it failed. */
  readonly why?: string;
}

export interface ReassignReport {
  /** One for each partition, in the order of the moves, then those that were taken up. */
  readonly outcomes: readonly MoveOutcome[];
  /** Of new replicas, by their logs' sizes; those of earlier calls included. */
  readonly copiedBytes: number;
  /** The part of it that belongs to moves that are done. */
  readonly arrivedBytes: number;
  /** What ended the run early. */
  readonly stoppedBy: EnsembleError | undefined;
  /** `undefined` where none was set. */
  readonly throttle: ThrottleReport | undefined;
  /** What was removed at the end; `undefined` where the cluster could not be asked, so that the next run has to. */
  readonly released: ThrottleRelease | undefined;
  /** What an earlier run had left behind. */
  readonly swept: ThrottleRelease;
}

const defaultThrottleBytesPerSecond = 50_000_000;
const brokerTimeoutMs = 30_000;
/** How long a broker's metadata may lag behind its controller before a partition that left the list counts as taken back. */
const settlingMs = 10_000;
const throttleCheckMs = 10_000;
/** Of one request; the window of partitions under way is smaller as a rule. */
const partitionsPerRequest = 500;

/**
 * Throws TOPICS_THROTTLE_REFUSED before anything moves, and as KafkaConnection.send where the cluster cannot be asked at the start. What ends a run that
 * has begun is `stoppedBy`.
 */
export async function reassignPartitions(
  connection: KafkaConnection,
  moves: readonly TopicMoves[],
  options: ReassignOptions = {},
): Promise<ReassignReport> {
  const { signal, handOver, earlier, throttleBytesPerSecond = defaultThrottleBytesPerSecond } = options;
  const swept = earlier === undefined ? await sweepThrottles(connection, { signal }) : noRelease;
  const parts = await beginMoves(connection, moves, options);
  // What an interrupted run has set would hold them back all the same.
  if (throttleBytesPerSecond === 'unlimited' && parts.some(({ state }) => state === 'sent'))
    await release(connection, parts);
  const run = new Reassigning(connection, parts, options, throttleBytesPerSecond);
  let released: ThrottleRelease | undefined;
  let stoppedBy: EnsembleError | undefined;
  try {
    stoppedBy = await run.watch();
  } finally {
    const goesOn = handOver?.aborted === true && signal?.aborted !== true && stoppedBy?.code === handedOverCode;
    // Also where nothing was set now: what an earlier call set is this one's to remove.
    const set = run.throttle !== undefined || (earlier !== undefined && throttleBytesPerSecond !== 'unlimited');
    released = goesOn || !set ? noRelease : await release(connection, parts);
  }
  await electLeaders(connection, parts, signal);
  return {
    outcomes: parts.map(outcomeOf),
    copiedBytes: bytesOf(parts) + (earlier?.arrivedBytes ?? 0),
    arrivedBytes: bytesOf(parts.filter(({ state }) => state === 'done')) + (earlier?.arrivedBytes ?? 0),
    stoppedBy,
    throttle: run.throttle,
    released,
    swept,
  };
}

function bytesOf(parts: readonly PartitionMove[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes.copiedBytes, 0);
}

const noRelease: ThrottleRelease = { lists: [], rates: [], silent: [] };

class Reassigning {
  throttle: ThrottleReport | undefined;
  readonly #connection: KafkaConnection;
  readonly #moves: readonly PartitionMove[];
  readonly #options: ReassignOptions;
  readonly #rate: number | 'unlimited';
  readonly #meter = new CopyMeter();
  #throttledAtMs = 0;
  #liveAtThrottling = '';

  constructor(
    connection: KafkaConnection,
    moves: readonly PartitionMove[],
    options: ReassignOptions,
    rate: number | 'unlimited',
  ) {
    this.#connection = connection;
    this.#moves = moves;
    this.#options = options;
    this.#rate = rate;
  }

  /** What ended the watching before everything was settled. */
  async watch(): Promise<EnsembleError | undefined> {
    const { signal, handOver, pollMs = 1_000, stallTimeoutMs = 600_000, onProgress } = this.#options;
    if (!this.#open()) return undefined;
    try {
      await this.#throttle(); // nothing moves without it
    } catch (error) {
      if (signal?.aborted) return reassignInterrupted();
      throw error;
    }
    const awake = AbortSignal.any([signal, handOver].filter((each) => each !== undefined));
    let movedAtMs = performance.now();
    let best = '';
    let trouble: EnsembleError | undefined;
    for (;;) {
      let waitingFor: readonly number[] = [];
      try {
        if (signal?.aborted) return reassignInterrupted();
        await this.#send();
        const sight = await lookAt(this.#connection, topicsOf(this.#moves), { signal });
        for (const move of this.#moves) settleMove(move, sight, { settlingMs });
        waitingFor = this.#waitingFor(sight.live);
        await this.#measure();
        const progress = this.#progress(waitingFor);
        onProgress?.(progress);
        const signs = `${progress.done} ${progress.failed} ${progress.copiedBytes}`;
        if (signs !== best) movedAtMs = performance.now();
        best = signs;
        trouble = undefined;
        if (!this.#open()) return undefined;
        await this.#keepThrottled(sight.live);
      } catch (error) {
        if (signal?.aborted) return reassignInterrupted();
        if (!(error instanceof EnsembleError)) throw error;
        trouble = error; // a controller on the move, a broker that died while it was asked
      }
      const stillMs = performance.now() - movedAtMs;
      if (stillMs > stallTimeoutMs) return trouble ?? reassignStalled(stillMs, waitingFor);
      if (handOver?.aborted) return reassignHandedOver();
      await sleep(pollMs, undefined, { signal: awake }).catch(() => {}); // an interruption is looked at above
    }
  }

  #open(): boolean {
    return this.#moves.some(({ state }) => state === 'waiting' || state === 'sent');
  }

  async #send(): Promise<void> {
    const { atOnce = 50, signal } = this.#options;
    const room = atOnce - this.#moves.filter(({ state }) => state === 'sent').length;
    const next = this.#moves.filter(({ state }) => state === 'waiting').slice(0, Math.max(room, 0));
    for (const chunk of chunksOf(next, { items: partitionsPerRequest })) {
      const wanted = chunk.map(({ topic, partition, to }) => ({ topic, partition, replicas: to }));
      const answers = await alterReassignments(this.#connection, wanted, { brokerTimeoutMs, signal });
      const errors = new Map(answers.map((answer) => [partitionKey(answer), answer.error]));
      for (const move of chunk) {
        const error = errors.get(partitionKey(move));
        if (error === undefined) move.state = 'sent';
        else if (!error.retriable || error.name === 'UNKNOWN_TOPIC_OR_PARTITION') {
          fail(move, `${error.message} (${error.name})`);
        }
      }
    }
  }

  async #throttle(): Promise<void> {
    if (this.#rate === 'unlimited') return;
    const open = this.#moves.filter(({ state }) => state === 'waiting' || state === 'sent');
    const { signal } = this.#options;
    this.throttle ??= { bytesPerSecond: this.#rate, kept: [], skipped: [] }; // from here on there is something to remove
    this.throttle = await setThrottles(this.#connection, open, this.#rate, { signal });
    this.#throttledAtMs = performance.now();
  }

  /** Brokers come back without having been told, and another program's clean-up may take ours with it. */
  async #keepThrottled(live: ReadonlySet<number>): Promise<void> {
    const now = [...live].sort((a, b) => a - b).join(',');
    const due = performance.now() - this.#throttledAtMs > throttleCheckMs || now !== this.#liveAtThrottling;
    this.#liveAtThrottling = now;
    if (due) await this.#throttle();
  }

  async #measure(): Promise<void> {
    const open = this.#moves.filter(({ state }) => state === 'waiting' || state === 'sent');
    const measured = await measureMoves(this.#connection, open, { signal: this.#options.signal });
    for (const move of open) {
      const bytes = measured.get(partitionKey(move)) ?? move.bytes;
      move.bytes = move.state === 'sent' ? bytes : { ...bytes, copiedBytes: 0 };
    }
  }

  #waitingFor(live: ReadonlySet<number>): readonly number[] {
    const receiving = this.#moves.filter(({ state }) => state === 'sent').flatMap(({ adding }) => adding);
    return [...new Set(receiving.filter((broker) => !live.has(broker)))].sort((a, b) => a - b);
  }

  #progress(waitingFor: readonly number[]): ReassignProgress {
    const sum = (of: (move: PartitionMove) => number) => this.#moves.reduce((all, move) => all + of(move), 0);
    const arrived = this.#options.earlier?.arrivedBytes ?? 0;
    const copied = this.#meter.read(performance.now(), {
      totalBytes: sum(({ bytes }) => bytes.totalBytes) + arrived,
      copiedBytes: sum(({ bytes }) => bytes.copiedBytes) + arrived,
    });
    const count = (wanted: PartitionMove['state']) => this.#moves.filter(({ state }) => state === wanted).length;
    const counts = { total: this.#moves.length, done: count('done'), failed: count('failed'), moving: count('sent') };
    return { ...copied, ...counts, waitingFor };
  }
}

async function beginMoves(
  connection: KafkaConnection,
  topics: readonly TopicMoves[],
  { signal, resume = false }: ReassignOptions,
): Promise<readonly PartitionMove[]> {
  const sight = await lookAt(
    connection,
    topics.map(({ topic }) => topic),
    { signal },
  );
  const wanted = topics.flatMap(({ topic, moves }) => moves.map((move) => beginMove({ topic, ...move }, sight)));
  const keys = new Set(wanted.map(partitionKey));
  const others = [...sight.active.values()]
    .filter((under) => !keys.has(partitionKey(under)))
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
  return resume ? [...wanted, ...others.map((under) => adoptMove(under, sight))] : wanted;
}

function topicsOf(moves: readonly PartitionMove[]): readonly string[] {
  return [...new Set(moves.map(({ topic }) => topic))];
}

const statusOf = { waiting: 'not-sent', sent: 'moving', done: 'done', failed: 'failed' } as const;

function outcomeOf({ topic, partition, state, why }: PartitionMove): MoveOutcome {
  return { topic, partition, status: statusOf[state], ...(why === undefined ? {} : { why }) };
}
