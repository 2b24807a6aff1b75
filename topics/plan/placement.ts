/**
 * Which brokers hold a topic's replicas after a change of their count, or so that they stand in more racks: deterministic, and no replica moves that need not.
 *
 * New topics and added partitions are not placed here: the controller does it with the racks of the brokers that are alive when the request arrives, which it
 * knows better than a plan made before (AdminUtils.assignReplicasToBrokers, and KRaft's StripedReplicaPlacer). It has no say in changes of existing partitions.
 */

import type { RackWish } from '../manifest/manifest-wish.ts';
import { evenOut, type Trade } from './balance.ts';
import { contentHash } from './fingerprint.ts';

export interface PlacedPartition {
  readonly partition: number;
  /** Broker ids, the preferred leader first. */
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

export interface PlacementTask {
  /** Decides between brokers that are equally good, so that topics of one partition do not all go to the same. */
  readonly topic: string;
  readonly partitions: readonly PlacedPartition[];
  /** Wanted for each partition; at most as many as there are brokers. */
  readonly replicas: number;
  readonly racks: RackWish;
  /** Those that are alive: replicas go to no other, and stay on others only where the count lets them. */
  readonly brokers: readonly { readonly id: number; readonly rack: string | undefined }[];
}

/** By the partitions' numbers; only those that change. */
export interface Placement {
  readonly partition: number;
  readonly replicas: readonly number[];
}

/** A partition whose replicas change. */
interface Seat {
  readonly before: PlacedPartition;
  /** Grows and shrinks to the wanted count. */
  readonly chosen: Set<number>;
  leader: number | undefined;
}

/**
 * Kept of each partition: as many replicas as the count and the racks allow, those on live brokers first. A partition that keeps a replica on a dead broker is
 * not moved for racks, since nobody knows where that broker stands, and it may come back.
 */
export function placeReplicas(task: PlacementTask): readonly Placement[] {
  const ground = survey(task);
  const partitions = [...task.partitions].sort((a, b) => a.partition - b.partition);
  const counts = new Map(ground.order.map((id) => [id, 0]));
  for (const { replicas } of partitions) for (const id of replicas) add(counts, id, 1);
  const seats = partitions
    .filter(
      (partition) => partition.replicas.length !== task.replicas || keepable(partition, task, ground) < task.replicas,
    )
    .map((partition) => choose(partition, task, ground, counts));
  evenReplicas(seats, ground, counts);
  const moving = new Set(seats.map(({ before }) => before.partition));
  evenLeaders(
    seats,
    partitions.filter(({ partition }) => !moving.has(partition)),
    ground,
  );
  return seats.map(({ before, chosen, leader }) => {
    const rest = [...before.replicas.filter((id) => chosen.has(id)), ...ground.order.filter((id) => chosen.has(id))];
    return { partition: before.partition, replicas: [...new Set(leader === undefined ? rest : [leader, ...rest])] };
  });
}

interface Ground {
  /** Live brokers in the order in which equals are taken. */
  readonly order: readonly number[];
  /** Empty unless every live broker says its rack and there are several: half a map of the racks is none (Kafka refuses it, too). */
  readonly rackOf: ReadonlyMap<number, string>;
  readonly rackCount: number;
}

function survey({ topic, brokers }: PlacementTask): Ground {
  const ids = brokers.map(({ id }) => id).sort((a, b) => a - b);
  const start = ids.length === 0 ? 0 : Number.parseInt(contentHash(topic).slice(0, 8), 16) % ids.length;
  const racks = new Set(brokers.map(({ rack }) => rack));
  const known = racks.size > 1 && !racks.has(undefined);
  return {
    order: [...ids.slice(start), ...ids.slice(0, start)],
    rackOf: new Map(known ? brokers.map(({ id, rack }) => [id, rack ?? ''] as const) : []),
    rackCount: known ? racks.size : 0,
  };
}

function isLive({ order }: Ground, id: number): boolean {
  return order.includes(id);
}

/** In how many racks these brokers stand. */
function rackSpread({ rackOf }: Ground, ids: Iterable<number>): number {
  const racks = new Set([...ids].map((id) => rackOf.get(id)));
  racks.delete(undefined);
  return racks.size;
}

/** How many of a partition's replicas can stay: at most the count, and few enough for the others to reach the racks that are missing. */
function keepable({ replicas }: PlacedPartition, task: PlacementTask, ground: Ground): number {
  const count = Math.min(replicas.length, task.replicas);
  const live = replicas.filter((id) => isLive(ground, id));
  // Those on dead brokers are the first to go; where one stays, racks do not count.
  if (task.racks === 'any' || replicas.length - live.length > replicas.length - count) return count;
  const racks = Math.min(task.replicas, ground.rackCount);
  return Math.min(count, rackSpread(ground, live) + task.replicas - racks);
}

/** Drops the least useful, then adds the most useful; `counts` follows. */
function choose(before: PlacedPartition, task: PlacementTask, ground: Ground, counts: Map<number, number>): Seat {
  const chosen = new Set(before.replicas);
  const countOf = (id: number) => counts.get(id) ?? 0;
  for (let left = before.replicas.length - keepable(before, task, ground); left > 0; left -= 1) {
    const gone = first([...chosen].reverse(), (id) => [
      isLive(ground, id) ? 1 : 0,
      // One that shares its rack is missed less.
      rackSpread(ground, chosen) - rackSpread(ground, without(chosen, id)),
      before.inSync.includes(id) ? 1 : 0,
      id === before.replicas[0] ? 1 : 0,
      -countOf(id),
    ]);
    if (gone === undefined) break;
    chosen.delete(gone);
    add(counts, gone, -1);
  }
  while (chosen.size < task.replicas) {
    const fresh = ground.order.filter((id) => !chosen.has(id));
    const come = first(fresh, (id) => [
      -rackSpread(ground, [...chosen, id]),
      before.replicas.includes(id) ? 1 : 0,
      countOf(id),
    ]);
    if (come === undefined) break;
    chosen.add(come);
    add(counts, come, 1);
  }
  return { before, chosen, leader: before.replicas.find((id) => chosen.has(id)) };
}

/** Trades one broker of a partition for another, where nothing that matters more than even counts gets worse. */
function evenReplicas(seats: readonly Seat[], ground: Ground, counts: Map<number, number>): void {
  for (const id of [...counts.keys()]) if (!isLive(ground, id)) counts.delete(id);
  evenOut<Seat>({
    counts,
    *trades(from) {
      for (const seat of seats) {
        if (!seat.chosen.has(from)) continue;
        for (const to of ground.order) if (isHarmless(seat, from, to, ground)) yield { of: seat, from, to };
      }
    },
    make(trade) {
      const { of: seat, from, to } = trade;
      if (!isHarmless(seat, from, to, ground)) return false;
      seat.chosen.delete(from);
      seat.chosen.add(to);
      add(counts, from, -1);
      add(counts, to, 1);
      if (seat.leader === undefined || !seat.chosen.has(seat.leader)) {
        seat.leader = seat.before.replicas.find((id) => seat.chosen.has(id));
      }
      return true;
    },
  });
}

function isHarmless({ before, chosen }: Seat, from: number, to: number, ground: Ground): boolean {
  if (!chosen.has(from) || chosen.has(to)) return false;
  // Kept for kept, new for new: the same data moves. One that is in sync is not given for one that is not, nor the leader for a follower.
  const worth = (id: number) =>
    before.replicas.includes(id) ? (before.inSync.includes(id) ? 2 : 1) + (id === before.replicas[0] ? 2 : 0) : 0;
  if (worth(from) !== worth(to)) return false;
  return rackSpread(ground, [...without(chosen, from), to]) >= rackSpread(ground, chosen);
}

/** The first of a partition's replicas leads where it can. Only partitions that change anyway get another. */
function evenLeaders(seats: readonly Seat[], still: readonly PlacedPartition[], ground: Ground): void {
  const counts = new Map(ground.order.map((id) => [id, 0]));
  const count = (id: number | undefined, change: number) => {
    if (id !== undefined && counts.has(id)) add(counts, id, change);
  };
  for (const { replicas } of still) count(replicas[0], 1);
  for (const { leader } of seats) count(leader, 1);
  for (const seat of seats.filter(({ leader }) => leader === undefined)) {
    seat.leader = first(
      ground.order.filter((id) => seat.chosen.has(id)),
      (id) => [counts.get(id) ?? 0],
    );
    count(seat.leader, 1);
  }
  const may = ({ of: seat, from, to }: Trade<Seat>) => seat.leader === from && seat.chosen.has(to) && from !== to;
  evenOut<Seat>({
    counts,
    *trades(from) {
      for (const seat of seats) {
        for (const to of ground.order) if (may({ of: seat, from, to })) yield { of: seat, from, to };
      }
    },
    make(trade) {
      if (!may(trade)) return false;
      trade.of.leader = trade.to;
      count(trade.from, -1);
      count(trade.to, 1);
      return true;
    },
  });
}

/** The candidate with the smallest key, compared number by number; the earlier of equals. */
function first(candidates: readonly number[], keyOf: (id: number) => readonly number[]): number | undefined {
  let best: { readonly id: number; readonly key: readonly number[] } | undefined;
  for (const id of candidates) {
    const key = keyOf(id);
    const place = best === undefined ? 0 : key.findIndex((part, index) => part !== best?.key[index]);
    if (best === undefined || (place >= 0 && (key[place] ?? 0) < (best.key[place] ?? 0))) best = { id, key };
  }
  return best?.id;
}

function without(ids: ReadonlySet<number>, gone: number): readonly number[] {
  return [...ids].filter((id) => id !== gone);
}

function add(counts: Map<number, number>, id: number, change: number): void {
  counts.set(id, (counts.get(id) ?? 0) + change);
}
