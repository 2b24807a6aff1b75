/**
 * Where a subscription stands, and what may move it: pure, so that it can be tried out in every order. The store moves a cursor only from the state that
 * was read (compare-and-set, see standing.ts), and these functions say what the next state is.
 *
 * Source: reference, section 3. Kept: a pull starts at `offset` whatever is unacknowledged, acknowledgements are cumulative, one closes the window. Put right:
 * a window only grows while pulls overlap, and nothing but modifyOffset moves `offset` backwards.
 */
import type { SubscriptionDocument } from '../../contracts/messaging-documents.ts';
import { ackTimeout, internal } from './errors.ts';

/** In one partition. */
export type Cursor = Pick<SubscriptionDocument, 'offset' | 'next_offset' | 'pending_ack'>;

/**
 * After messages [from, end) were read by somebody who saw the cursor at `from`: the window to store and where his messages begin by now, or undefined
 * where the cursor moved so that they must be read again (behind what was read, or before it: acknowledging them would skip others).
 */
export function windowAfterPull(
  now: Cursor,
  read: { readonly from: number; readonly end: number },
  at: Date,
): { readonly next: Cursor; readonly from: number } | undefined {
  if (now.offset < read.from || now.offset >= read.end) return undefined;
  return {
    from: now.offset,
    next: { ...now, next_offset: Math.max(now.next_offset, read.end), pending_ack: seconds(at) },
  };
}

/** Whether somebody holds the window still: with exclusive windows nobody else is given messages meanwhile. */
export function windowIsHeld(now: Cursor, deadlineSeconds: number, at: Date): boolean {
  return now.next_offset > 0 && !isLate(now, deadlineSeconds, at);
}

/** `off` is one behind the greatest id that was acknowledged. Throws the refusals of the reference, in its order. */
export function cursorAfterAck(now: Cursor, off: number, deadlineSeconds: number, at: Date): Cursor {
  if (now.next_offset === 0) throw internal('no ack pending');
  if (off <= now.offset || off > now.next_offset) throw internal('wrong ack');
  if (isLate(now, deadlineSeconds, at)) throw ackTimeout();
  return { ...now, offset: off, next_offset: 0, pending_ack: '' };
}

/**
 * The values of `pending_ack` whose deadline is not over, as a range of texts, which are ordered as their times are. It ends a minute ahead, where another
 * node's clock may be: beyond is what is no time.
 */
export function inTime(deadlineSeconds: number, at: Date): { readonly atLeast: string; readonly below: string } {
  const second = Math.floor(at.getTime() / 1000);
  const textOf = (from: number) => seconds(new Date((second + from) * 1000));
  return { atLeast: textOf(-deadlineSeconds), below: textOf(60) };
}

/** `YYYY-MM-DDThh:mm:ssZ`, as upstream writes every time but a message's. */
export function seconds(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, 'Z');
}

function isLate({ pending_ack }: Cursor, deadlineSeconds: number, at: Date): boolean {
  const since = Date.parse(pending_ack);
  return Number.isNaN(since) || Math.floor((at.getTime() - since) / 1000) > deadlineSeconds;
}
