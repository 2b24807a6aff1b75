/**
 * One partition on its way from some replicas to others: where it stands by what the cluster shows, and by nothing else. The only I/O here is `lookAt`.
 */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import type { PartitionMetadata } from '../../clients/kafka/requests/metadata.ts';
import { listReassignments, type Reassignment } from '../../clients/kafka/requests/reassignments.ts';
import { reassignmentsUnreadable } from '../errors.ts';
import { partitionKey } from '../status/partition-offsets.ts';
import type { CopiedBytes } from './reassign-progress.ts';

export interface PartitionMove {
  readonly topic: string;
  readonly partition: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly adding: readonly number[];
  /** `sent` from the moment that Kafka took it, until it is settled. */
  state: 'waiting' | 'sent' | 'done' | 'failed';
  why?: string;
  leader: number | undefined;
  bytes: CopiedBytes;
  /** When it was first seen neither under way nor at its end. */
  goneAtMs?: number | undefined;
}

/** What a cluster shows of moves. */
export interface MovesSight {
  /** By partition key. */
  readonly active: ReadonlyMap<string, Reassignment>;
  readonly partitions: ReadonlyMap<string, PartitionMetadata>;
  readonly live: ReadonlySet<number>;
  /** Of a clock that never goes back. */
  readonly atMs: number;
}

const brokerTimeoutMs = 30_000;

/** Two requests, the list before the metadata: what has left the list is at its end in what comes after. Throws as KafkaConnection.send. */
export async function lookAt(
  connection: KafkaConnection,
  topics: readonly string[],
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<MovesSight> {
  const { error, reassignments } = await listReassignments(connection, { brokerTimeoutMs, signal });
  if (error !== undefined) throw reassignmentsUnreadable(error);
  const names = [...new Set([...topics, ...reassignments.map(({ topic }) => topic)])];
  const metadata = await connection.metadata(names, { signal });
  return {
    active: new Map(reassignments.map((each) => [partitionKey(each), each])),
    partitions: new Map(
      metadata.topics.flatMap(({ topic, partitions }) =>
        partitions.map((each) => [partitionKey({ topic, partition: each.partition }), each] as const),
      ),
    ),
    live: new Set(metadata.brokers.map(({ id }) => id)),
    atMs: performance.now(),
  };
}

/** Where a planned move stands before anything is sent. */
export function beginMove(
  wanted: Pick<PartitionMove, 'topic' | 'partition' | 'from' | 'to'>,
  { active, partitions }: MovesSight,
): PartitionMove {
  const key = partitionKey(wanted);
  const seen = partitions.get(key);
  const under = active.get(key);
  const now = under === undefined ? (seen?.replicas ?? []) : targetOf(under);
  const has = under === undefined ? now : under.replicas.filter((id) => !under.adding.includes(id));
  const move: PartitionMove = {
    ...wanted,
    from: has,
    adding: wanted.to.filter((id) => !has.includes(id)),
    state: 'waiting',
    leader: seen?.leader,
    bytes: { totalBytes: 0, copiedBytes: 0 },
  };
  if (seen === undefined) fail(move, 'it is not there');
  else if (under !== undefined) {
    if (sameList(now, wanted.to)) move.state = 'sent';
    else fail(move, `another reassignment moves it to ${now.join(', ')}; let it end, or cancel it`);
  } else if (sameList(now, wanted.to)) move.state = 'done';
  else if (!sameSet(now, wanted.from)) {
    fail(move, `it has its replicas on ${now.join(', ')} by now, not on ${wanted.from.join(', ')}; make a new plan`);
  }
  return move;
}

/** A move that is under way already, begun by whomever. */
export function adoptMove(under: Reassignment, sight: MovesSight): PartitionMove {
  const { topic, partition, replicas, adding } = under;
  const from = replicas.filter((id) => !adding.includes(id));
  return beginMove({ topic, partition, from, to: targetOf(under) }, sight);
}

/**
 * Moves on what was sent. Brokers' metadata lags behind the controller's list, so a partition that left the list without having arrived is given
 * `settlingMs` before it counts as taken back.
 */
export function settleMove(
  move: PartitionMove,
  { active, partitions, atMs }: MovesSight,
  { settlingMs }: { readonly settlingMs: number },
): void {
  const key = partitionKey(move);
  const seen = partitions.get(key);
  move.leader = seen?.leader ?? move.leader;
  if (move.state !== 'sent') return;
  const under = active.get(key);
  if (under !== undefined) {
    move.goneAtMs = undefined;
    const target = targetOf(under);
    if (!sameList(target, move.to)) fail(move, `someone moves it to ${target.join(', ')} by now`);
    return;
  }
  if (seen !== undefined && sameList(seen.replicas, move.to)) {
    move.state = 'done';
    move.bytes = { ...move.bytes, copiedBytes: move.bytes.totalBytes };
    return;
  }
  move.goneAtMs ??= atMs;
  if (atMs - move.goneAtMs < settlingMs) return;
  fail(
    move,
    seen === undefined ? 'it was deleted' : `it was taken back: its replicas are on ${seen.replicas.join(', ')}`,
  );
}

export function fail(move: PartitionMove, why: string): void {
  move.state = 'failed';
  move.why = why;
}

/** Where a reassignment leads: Kafka lists those that go after those that stay and come. */
function targetOf({ replicas, removing }: Reassignment): readonly number[] {
  return replicas.filter((id) => !removing.includes(id));
}

function sameList(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index]);
}

function sameSet(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((id) => other.includes(id));
}
