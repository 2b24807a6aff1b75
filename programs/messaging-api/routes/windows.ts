/** Opening the windows over what a pull read, by compare-and-set: what of it is handed out, and what is counted in the same step. */
import type { SubscriptionDocument } from '../../../contracts/messaging-documents.ts';
import type { BackendRecord, LogPlace } from '../backend/backend.ts';
import { type Cursor, windowAfterPull, windowIsHeld } from '../cursor.ts';
import { rate } from '../publish-counts.ts';
import { type DeliveredMessage, decodeRecord } from '../record.ts';
import type { Service } from '../service.ts';
import { cursorAt, type Standing, standingOf, withCursors } from '../standing.ts';
import type { Change, Filter } from '../store/store.ts';
import { messageId, type TopicLog } from './logs.ts';
import { again, move, type Subscription, tries } from './move.ts';

export interface Taken {
  readonly place: LogPlace;
  readonly record: BackendRecord;
}

/** What was read, to be handed out. */
export interface Readable {
  /** In each partition, by whoever saw the cursor at `from`. */
  readonly reads: ReadonlyMap<number, { readonly from: number; readonly end: number }>;
  readonly messages: readonly {
    readonly partition: number;
    readonly offset: number;
    readonly message: DeliveredMessage;
  }[];
}

/** A step that is not taken yet. */
export interface Opened {
  readonly to: Standing;
  readonly messages: readonly DeliveredMessage[];
  readonly at: Date;
}

export function readableOf(log: TopicLog, before: Standing, records: readonly Taken[]): Readable {
  const reads = new Map<number, { from: number; end: number }>();
  for (const { place, record } of records)
    reads.set(place.partition, { from: cursorAt(before, place.partition).offset, end: record.offset + 1 });
  const messages = records.map(({ place: { partition }, record: { offset, ...record } }) => {
    const id = messageId(log, partition, offset);
    return { partition, offset, message: decodeRecord({ offset, ...record }, { id, isRaw: log.isMapped }) };
  });
  return { reads, messages };
}

/** Undefined where the subscription moved out of all that was read. */
export function openedOver(
  service: Service,
  { ack }: Subscription,
  now: Standing,
  { reads, messages: read }: Readable,
): Opened | undefined {
  const at = service.now();
  const opened = new Map<number, { next: Cursor; from: number }>();
  for (const [partition, bounds] of reads) {
    const cursor = cursorAt(now, partition);
    const held = service.config.ensemble.exclusiveWindows && windowIsHeld(cursor, ack, at);
    const window = held ? undefined : windowAfterPull(cursor, bounds, at);
    if (window !== undefined) opened.set(partition, window);
  }
  if (opened.size === 0) return undefined;
  const last = read.findLast(({ partition }) => opened.has(partition))?.partition ?? 0;
  const given = read.filter(({ partition, offset }) => offset >= (opened.get(partition)?.from ?? Infinity));
  const moved = [...opened].map(([partition, { next }]) => [partition, next] as const);
  return { to: withCursors(now, moved, last + 1), messages: given.map(({ message }) => message), at };
}

/** Takes the step where the subscription still stands at `from` and `where` holds; false: nothing moved. Throws as `move`. */
export async function commit(
  service: Service,
  subscription: Subscription,
  from: Standing,
  { to, messages, at }: Opened,
  where: Filter = {},
): Promise<boolean> {
  const counted = countOf(subscription, messages, at);
  const isMoved = await move(service, subscription, from, to, { counted, where });
  if (isMoved) service.expected.note(subscription, { from, to, at });
  return isMoved;
}

/** Opens the windows from the state that was read or a later one; undefined where the subscription moved out of all of it. */
export async function open(
  service: Service,
  log: TopicLog,
  first: Subscription,
  before: Standing,
  records: readonly Taken[],
): Promise<readonly DeliveredMessage[] | undefined> {
  const readable = readableOf(log, before, records);
  let subscription: Subscription = first;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const now = attempt === 0 ? before : standingOf(subscription, log.isMapped);
    const opened = openedOver(service, subscription, now, readable);
    if (opened === undefined) return undefined;
    if (await commit(service, subscription, now, opened)) return opened.messages;
    const found = await again(service, subscription);
    if (found === undefined) return opened.messages; // deleted meanwhile: the pull is answered, its acknowledgement is a 404
    subscription = found;
  }
  return undefined;
}

function countOf(
  { latest_consume }: Subscription,
  messages: readonly DeliveredMessage[],
  at: Date,
): Change<SubscriptionDocument> {
  const bytes = messages.reduce((sum, { data }) => sum + data.length, 0);
  return {
    add: { msg_num: messages.length, total_bytes: bytes },
    set: { latest_consume: at, consume_rate: rate(messages.length, latest_consume, at) },
  };
}
