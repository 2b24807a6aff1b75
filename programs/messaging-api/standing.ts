/**
 * A whole subscription's place: the one cursor of an ordinary topic, in upstream's own fields, or a cursor for each partition of a mapped one, in ours
 * (decision 0020). Pure. The store moves a standing as a whole from the state that was read, so that one acknowledgement over several
 * partitions is all or nothing.
 */
import type { SubscriptionDocument } from '../../contracts/messaging-documents.ts';
import type { Cursor } from './cursor.ts';
import type { Filter } from './store/store.ts';

export interface Standing {
  readonly epoch: number;
  /** Those that are known; a partition that is not begins at the start of its log. */
  readonly cursors: ReadonlyMap<number, Cursor>;
  /** Undefined for an ordinary topic. */
  readonly mapped: { readonly revision: number; readonly turn: number } | undefined;
}

/** Before the start of any log: raised to it by the first look. */
const fromStart: Cursor = { offset: -1, next_offset: 0, pending_ack: '' };

export function standingOf(subscription: SubscriptionDocument, isMapped: boolean): Standing {
  const { epoch = 0, partitions_revision: revision = 0, partitions_turn: turn = 0 } = subscription;
  if (!isMapped) {
    const { offset, next_offset, pending_ack } = subscription;
    return { epoch, cursors: new Map([[0, { offset, next_offset, pending_ack }]]), mapped: undefined };
  }
  const cursors = (subscription.partitions ?? []).map(({ partition, ...cursor }) => [partition, cursor] as const);
  return { epoch, cursors: new Map(cursors), mapped: { revision, turn } };
}

export function cursorAt({ cursors }: Standing, partition: number): Cursor {
  return cursors.get(partition) ?? fromStart;
}

/** With these cursors in the place of those of their partitions. */
export function withCursors(standing: Standing, moved: Iterable<readonly [number, Cursor]>, turn?: number): Standing {
  const cursors = new Map([...standing.cursors, ...moved]);
  if (standing.mapped === undefined) return { ...standing, cursors };
  return { ...standing, cursors, mapped: { ...standing.mapped, ...(turn === undefined ? {} : { turn }) } };
}

const zeroOr = (value: number) => (value === 0 ? [0, null] : value);

/** Matches a subscription that still stands there; a document of upstream without an epoch has epoch 0. */
export function standsAt({ epoch, cursors, mapped }: Standing): Filter {
  if (mapped !== undefined) return { partitions_revision: zeroOr(mapped.revision), epoch: zeroOr(epoch) };
  return { ...(cursors.get(0) ?? fromStart), epoch: zeroOr(epoch) };
}

/** The fields to store, by whoever serves the subscription in `epoch`. */
export function storedAs({ cursors, mapped }: Standing, epoch: number): Partial<SubscriptionDocument> {
  if (mapped === undefined) return { ...(cursors.get(0) ?? fromStart), epoch };
  const partitions = [...cursors]
    .sort(([a], [b]) => a - b)
    .map(([partition, { offset, next_offset, pending_ack }]) => ({ partition, offset, next_offset, pending_ack }));
  return { partitions, partitions_revision: mapped.revision + 1, partitions_turn: mapped.turn, epoch };
}
