/**
 * How far moves are: bytes that new replicas have, bytes that they lack, and the time that the rest takes. Sizes come from the brokers' log directories
 * (DescribeLogDirs): the leader's log is what each new replica must get, the new replica's own log is what it has. Retention and new messages change the
 * leader's log meanwhile, so both are read anew each time, and the whole is not a constant.
 */
import { isClientError } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import type { TopicPartition } from '../../clients/kafka/requests/list-offsets.ts';
import { describeLogDirs } from '../../clients/kafka/requests/log-dirs.ts';
import { brokerGone, partitionKey } from '../status/partition-offsets.ts';

/** A partition whose new replicas are measured. */
export interface MeasuredMove extends TopicPartition {
  readonly leader: number | undefined;
  readonly adding: readonly number[];
}

export interface CopiedBytes {
  /** All new replicas of the partition together. */
  readonly totalBytes: number;
  readonly copiedBytes: number;
}

export interface CopyProgress extends CopiedBytes {
  readonly leftBytes: number;
  /** Over the last seconds; `undefined` before there is anything to compare. */
  readonly bytesPerSecond: number | undefined;
  /** `undefined` where nothing moves, or nothing is known yet. */
  readonly leftMs: number | undefined;
}

/** By partition key; partitions whose leader does not answer are not in it. One request to each broker involved. Throws CLIENT_ABORTED. */
export async function measureMoves(
  connection: KafkaConnection,
  moves: readonly MeasuredMove[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ReadonlyMap<string, CopiedBytes>> {
  const asked = new Map<number, TopicPartition[]>();
  for (const { topic, partition, leader, adding } of moves) {
    if (leader === undefined) continue;
    for (const broker of [leader, ...adding]) {
      const list = asked.get(broker) ?? [];
      list.push({ topic, partition });
      asked.set(broker, list);
    }
  }
  const sizes = new Map<string, number>();
  await Promise.all(
    [...asked].map(async ([broker, partitions]) => {
      try {
        for (const { replicas } of await describeLogDirs(connection, { broker, partitions, signal })) {
          for (const replica of replicas) {
            if (!replica.future) sizes.set(`${broker} ${partitionKey(replica)}`, replica.sizeBytes);
          }
        }
      } catch (error) {
        if (!isClientError(error, ...brokerGone)) throw error;
      }
    }),
  );
  const measured = new Map<string, CopiedBytes>();
  for (const move of moves) {
    const key = partitionKey(move);
    const whole = sizes.get(`${move.leader} ${key}`);
    if (whole === undefined) continue;
    const copied = move.adding.map((broker) => Math.min(sizes.get(`${broker} ${key}`) ?? 0, whole));
    measured.set(key, {
      totalBytes: whole * move.adding.length,
      copiedBytes: copied.reduce((sum, bytes) => sum + bytes, 0),
    });
  }
  return measured;
}

interface Sample {
  readonly atMs: number;
  readonly copiedBytes: number;
}

/** Kafka's own quotas look at eleven windows of a second. */
const meteredMs = 10_000;

/** Rate and time left from what was copied when. */
export class CopyMeter {
  #samples: readonly Sample[] = [];

  /** `atMs` from a clock that never goes back. */
  read(atMs: number, { totalBytes, copiedBytes }: CopiedBytes): CopyProgress {
    this.#samples = [
      ...this.#samples.filter((sample) => atMs - sample.atMs <= meteredMs && sample.copiedBytes <= copiedBytes),
      { atMs, copiedBytes },
    ];
    const first = this.#samples[0] ?? { atMs, copiedBytes };
    const elapsedMs = atMs - first.atMs;
    const bytesPerSecond = elapsedMs > 0 ? ((copiedBytes - first.copiedBytes) * 1_000) / elapsedMs : undefined;
    const leftBytes = totalBytes - copiedBytes;
    const leftMs =
      bytesPerSecond === undefined || bytesPerSecond <= 0 || leftBytes === 0
        ? undefined
        : Math.round((leftBytes * 1_000) / bytesPerSecond);
    return { totalBytes, copiedBytes, leftBytes, bytesPerSecond, leftMs };
  }
}
