/** The pure moves of a cursor (reference, section 3), where a race is a value. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cursorAfterAck, inTime, windowAfterPull } from '../../../programs/messaging-api/cursor.ts';

const at = new Date('2026-03-01T10:00:00.900Z');
const idle = { offset: 5, next_offset: 0, pending_ack: '' };

test('a window opens over what was read, in whole seconds', () => {
  const opened = windowAfterPull(idle, { from: 5, end: 9 }, at);
  expect(opened).toEqual({ from: 5, next: { ...idle, next_offset: 9, pending_ack: '2026-03-01T10:00:00Z' } });
});

test('a pull that ends before another never shrinks the window of the other', () => {
  const open = { ...idle, next_offset: 12, pending_ack: '2026-03-01T09:59:58Z' };
  expect(windowAfterPull(open, { from: 5, end: 7 }, at)?.next.next_offset).toBe(12);
});

test('what others acknowledged meanwhile is not handed out', () => {
  expect(windowAfterPull({ ...idle, offset: 7 }, { from: 5, end: 9 }, at)?.from).toBe(7);
});

test('a cursor that was set back, or passed what was read, makes the pull read again', () => {
  expect(windowAfterPull({ ...idle, offset: 3 }, { from: 5, end: 9 }, at)).toBeUndefined();
  expect(windowAfterPull({ ...idle, offset: 9 }, { from: 5, end: 9 }, at)).toBeUndefined();
});

test('a pending_ack that is no time counts as late, never as open for ever', () => {
  expect(() => cursorAfterAck({ ...idle, next_offset: 9, pending_ack: 'x' }, 6, 10, at)).toThrow('ack timeout');
});

test('the range of times that the store is asked for is exactly what is not late by the clock', () => {
  const open = (pending_ack: string) => ({ ...idle, next_offset: 9, pending_ack });
  fc.assert(
    fc.property(fc.nat(600), fc.integer({ min: -59, max: 700 }), fc.nat(999), (deadline, ageSeconds, ms) => {
      const now = new Date(at.getTime() - 900 + ms);
      const pending = new Date(at.getTime() - 900 - ageSeconds * 1000).toISOString().replace('.000', '');
      const { atLeast, below } = inTime(deadline, now);
      let isTaken = true;
      try {
        cursorAfterAck(open(pending), 6, deadline, now);
      } catch {
        isTaken = false;
      }
      expect(pending >= atLeast && pending < below).toBe(isTaken);
    }),
  );
  for (const none of ['', 'x', '9999']) {
    const { atLeast, below } = inTime(600, at);
    expect(none >= atLeast && none < below).toBe(false);
  }
});
