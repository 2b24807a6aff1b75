/**
 * Whether records went on coming to whoever is to have them: the group's members, who pulls through the API, the endpoint that is pushed to. What is judged is
 * how long an acknowledged record waits for its reader, and whether one that was sent while a fault stood was read before anybody was healed.
 */
import type { ObservedRun } from './observed-run.ts';
import type { ValueId } from './values.ts';

export type Way = 'its readers' | 'who pulls' | 'its push endpoint';

/** A group forms anew: its coordinator waits for members as long as their rebalance time-out (clients/kafka/messaging.ts). */
const joinMs = 6_000;
/**
 * KafkaJS asks a coordinator that is gone again, with eight pauses that double from 100 ms and may be a fifth longer, and reads one record after each; then it
 * looks for another one. Measured: 21 s after a controlled shutdown that took a second. Since our repair (clients/kafka/coordinator-repair.ts) it looks at once;
 * what is allowed stays until many seeds say how much less is enough.
 */
const coordinatorMs = 31_000;
/** A push server's subscriptions are another one's once their lease of 5 s has ended and it has asked for its list, each 30 s (contracts/push-server-config.ts). */
const takeoverMs = 30_000;

/** How long an acknowledged record may wait for its reader, where writing may be silent for `writingMs`; milliseconds. */
export function allowedUnreadMs(way: Way, writingMs: number, { isBroker }: { readonly isBroker: boolean }): number {
  if (way === 'its push endpoint') return writingMs + takeoverMs;
  return (way === 'its readers' && isBroker ? Math.max(writingMs, coordinatorMs) : writingMs) + joinMs;
}

export interface Read {
  readonly at: number;
  /** Behind the last record that was handed out. */
  readonly readTo: number;
}

/** Each way by which records are to come, with what came. */
export function readsOf(run: ObservedRun, partition: number): readonly (readonly [Way, readonly Read[]])[] {
  const offsets = new Map<ValueId, number>();
  for (const { outcome, partition: where, offset, key, first, count } of run.isPushed ? run.writes : [])
    for (let index = 0; outcome === 'ok' && where === partition && offset !== undefined && index < count; index += 1)
      offsets.set(run.idOf(key, first + index), offset + index);
  const all: Readonly<Record<Way, readonly Read[]>> = {
    'its readers': run.polls
      .filter((poll) => poll.partition === partition)
      .map(({ at, offset, ids }) => ({ at, readTo: offset + ids.length })),
    'who pulls': run.deliveries.flatMap((event) =>
      event.type === 'pulled'
        ? event.messages.slice(-1).map(({ offset }) => ({ at: event.at, readTo: offset + 1 }))
        : [],
    ),
    'its push endpoint': run.pushes.map(({ at, ids }) => ({
      at,
      readTo: Math.max(0, ...ids.map((id) => (offsets.get(id) ?? -1) + 1)),
    })),
  };
  // An endpoint that nothing came to was to have everything all the same.
  return (Object.entries(all) as [Way, readonly Read[]][]).filter(
    ([way, reads]) => reads.length > 0 || (way === 'its push endpoint' && run.isPushed),
  );
}

/** The longest time, between the two moments, for which a record that was acknowledged in the partition waited for whoever is to have it. Milliseconds. */
export function longestUnread(
  run: ObservedRun,
  partition: number,
  reads: readonly Read[],
  from: number,
  to: number,
): number {
  const moments: { readonly at: number; readonly acknowledgedTo?: number; readonly readTo?: number }[] = reads.filter(
    ({ at }) => at <= to,
  );
  for (const { outcome, partition: where, offset, count, endedAt: at } of run.writes)
    if (outcome === 'ok' && where === partition && offset !== undefined && at !== undefined && at <= to)
      moments.push({ at, acknowledgedTo: offset + count });
  moments.sort((a, b) => a.at - b.at);
  let [acknowledgedTo, readTo, longest] = [0, 0, 0];
  let waiting: number | undefined;
  for (const moment of moments) {
    acknowledgedTo = Math.max(acknowledgedTo, moment.acknowledgedTo ?? 0);
    if (moment.readTo !== undefined && moment.readTo > readTo) {
      if (waiting !== undefined && moment.at > from) longest = Math.max(longest, moment.at - Math.max(waiting, from));
      readTo = moment.readTo;
      waiting = undefined;
    }
    if (acknowledgedTo > readTo) waiting ??= moment.at;
  }
  return waiting === undefined ? longest : Math.max(longest, to - Math.max(waiting, from));
}

/** Of the records that were sent and acknowledged in the partition between the two moments: whether there were any, and whether one of them was read by then. */
export function readBetween(
  run: ObservedRun,
  partition: number,
  reads: readonly Read[],
  from: number,
  to: number,
): 'none were acknowledged' | 'read' | 'not read' {
  let first = Number.POSITIVE_INFINITY;
  for (const { outcome, partition: where, offset, beganAt, endedAt } of run.writes)
    if (outcome === 'ok' && where === partition && offset !== undefined && beganAt >= from && (endedAt ?? to + 1) <= to)
      first = Math.min(first, offset);
  if (first === Number.POSITIVE_INFINITY) return 'none were acknowledged';
  return reads.some(({ at, readTo }) => at >= from && at <= to && readTo > first) ? 'read' : 'not read';
}
