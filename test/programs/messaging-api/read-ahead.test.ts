/** What a broker gave beyond what was asked for: used where it answers in full, and not for long (decision 0027). */
import { expect, it } from 'vitest';
import type { BackendRecord } from '../../../programs/messaging-api/backend/backend.ts';
import { ReadAhead } from '../../../programs/messaging-api/backend/read-ahead.ts';

const place = { topic: 'p.T', partition: 0 };
const records = (...offsets: readonly number[]): readonly BackendRecord[] =>
  offsets.map((offset) => ({ offset, value: Buffer.alloc(10), timestampMs: 0 }));
const read = (ahead: ReadAhead, offset: number, maxRecords: number, maxBytes = 1_000) =>
  ahead.find(place, offset, { maxRecords, maxBytes })?.map((record) => record.offset);

function filled(clock = () => 0) {
  const ahead = new ReadAhead({ clock, keptBytes: 1_000 });
  ahead.keep(place, 10, records(10, 11, 13, 14), 400, 0);
  return ahead;
}

it('a read that lies in it whole is answered from it, and one over a gap goes on behind the gap', () => {
  expect(read(filled(), 10, 2)).toEqual([10, 11]);
  expect(read(filled(), 11, 3)).toEqual([11, 13, 14]);
  expect(read(filled(), 12, 1)).toEqual([13]);
  expect(read(filled(), 10, 4, 25)).toEqual([10, 11]);
  expect(read(filled(), 10, 4, 5)).toEqual([10]);
});

it('a read that it would cut short, and one outside it, are asked for', () => {
  expect(read(filled(), 13, 3)).toBeUndefined();
  expect(read(filled(), 9, 1)).toBeUndefined();
  expect(read(filled(), 15, 1)).toBeUndefined();
  expect(filled().find({ ...place, partition: 1 }, 10, { maxRecords: 1, maxBytes: 1_000 })).toBeUndefined();
});

it('it is forgotten after its second, which begins with the question, and with its topic', () => {
  let now = 999;
  const ahead = filled(() => now);
  expect(read(ahead, 10, 1)).toEqual([10]);
  now = 1_000;
  expect(read(ahead, 10, 1)).toBeUndefined();
  ahead.keep(place, 20, records(20), 10, 500);
  ahead.keep(place, 10, records(10, 11), 10, 0); // a slow answer: asked before the other
  expect([read(ahead, 10, 1), read(ahead, 20, 1)]).toEqual([undefined, [20]]);
  const dropped = filled();
  dropped.forget(place);
  expect(read(dropped, 10, 1)).toBeUndefined();
});

it('memory is bounded: the oldest goes first, and an answer that would take half of it is not kept', () => {
  const ahead = filled();
  ahead.keep(place, 20, records(20), 400, 0);
  ahead.keep(place, 30, records(30), 400, 0);
  expect(read(ahead, 10, 1)).toBeUndefined();
  expect(read(ahead, 20, 1)).toEqual([20]);
  ahead.keep(place, 40, records(40), 501, 0);
  expect(read(ahead, 40, 1)).toBeUndefined();
});
