/** What moves in a cluster now, how far it is and how fast, and every throttle there is. Reads only. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import type { SilentBroker } from '../status/consumer-groups.ts';
import { partitionKey } from '../status/partition-offsets.ts';
import { adoptMove, lookAt, type PartitionMove } from './partition-move.ts';
import { type CopiedBytes, CopyMeter, type CopyProgress, measureMoves } from './reassign-progress.ts';
import { readThrottles } from './throttle.ts';
import type { ThrottleList, ThrottleRate } from './throttle-marks.ts';

export interface MovingStatus extends CopiedBytes {
  readonly topic: string;
  readonly partition: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Brokers that are to have a replica and are down. */
  readonly waitingFor: readonly number[];
}

export interface ReassignStatus extends CopyProgress {
  /** By topic and partition. */
  readonly moving: readonly MovingStatus[];
  /** Of the topics that move. */
  readonly lists: readonly ThrottleList[];
  /** Of every broker that answers. Ours while nothing moves is a leftover: the next reassignment or apply removes it. */
  readonly rates: readonly ThrottleRate[];
  readonly silent: readonly SilentBroker[];
}

export interface ReassignStatusOptions {
  readonly signal?: AbortSignal | undefined;
  /** Between the two looks that a rate needs. Default 1 000; nothing is waited for where nothing moves. */
  readonly sampleMs?: number;
}

/** Throws as KafkaConnection.send. */
export async function reassignStatus(
  connection: KafkaConnection,
  { signal, sampleMs = 1_000 }: ReassignStatusOptions = {},
): Promise<ReassignStatus> {
  const meter = new CopyMeter();
  const sight = await lookAt(connection, [], { signal });
  const moves = [...sight.active.values()].map((under) => adoptMove(under, sight));
  let measured = await measureMoves(connection, moves, { signal });
  let progress = meter.read(performance.now(), sumOf(measured));
  if (moves.length > 0 && sampleMs > 0) {
    await sleep(sampleMs);
    measured = await measureMoves(connection, moves, { signal });
    progress = meter.read(performance.now(), sumOf(measured));
  }
  const topics = [...new Set(moves.map(({ topic }) => topic))];
  const throttles = await readThrottles(connection, topics, { signal });
  const moving = moves
    .map((move) => movingStatus(move, measured.get(partitionKey(move)), sight.live))
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
  return { ...progress, moving, ...throttles };
}

function sumOf(measured: ReadonlyMap<string, CopiedBytes>): CopiedBytes {
  const all = [...measured.values()];
  return {
    totalBytes: all.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
    copiedBytes: all.reduce((sum, { copiedBytes }) => sum + copiedBytes, 0),
  };
}

function movingStatus(
  { topic, partition, from, to, adding }: PartitionMove,
  bytes: CopiedBytes | undefined,
  live: ReadonlySet<number>,
): MovingStatus {
  const waitingFor = adding.filter((id) => !live.has(id));
  return { topic, partition, from, to, waitingFor, ...(bytes ?? { totalBytes: 0, copiedBytes: 0 }) };
}
