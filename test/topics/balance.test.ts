/** Evening out seats: chains of trades where no single one helps, as long as any helps, and none that the owner forbids. */
import { expect, test } from 'vitest';
import { evenOut } from '../../topics/plan/balance.ts';

/** Each seat has a broker and may be given to those named. */
function even(seats: readonly { at: number; readonly may: readonly number[] }[], brokers: readonly number[]) {
  const counts = new Map(brokers.map((id) => [id, seats.filter(({ at }) => at === id).length]));
  const add = (id: number, change: number) => counts.set(id, (counts.get(id) ?? 0) + change);
  evenOut<(typeof seats)[number]>({
    counts,
    *trades(from) {
      for (const of of seats) if (of.at === from) for (const to of of.may) if (to !== from) yield { of, from, to };
    },
    make({ of, from, to }) {
      if (of.at !== from) return false;
      of.at = to;
      add(from, -1);
      add(to, 1);
      return true;
    },
  });
  return Object.fromEntries(counts);
}

test('goes on until no trade helps any more', () => {
  const seats = Array.from({ length: 9 }, () => ({ at: 1, may: [1, 2, 3] }));
  expect(even(seats, [1, 2, 3])).toEqual({ 1: 3, 2: 3, 3: 3 });
});

test('finds the chain where no single trade helps', () => {
  const seats = [
    { at: 1, may: [2] },
    { at: 1, may: [2] },
    { at: 2, may: [3] },
  ];
  expect(even(seats, [1, 2, 3])).toEqual({ 1: 1, 2: 1, 3: 1 });
});

test('leaves what cannot be traded, and what is even already', () => {
  expect(
    even(
      [
        { at: 1, may: [] },
        { at: 1, may: [] },
        { at: 1, may: [9] },
      ],
      [1, 2],
    ),
  ).toEqual({ 1: 3, 2: 0 });
  const settled = [{ at: 1, may: [2] }];
  expect(even(settled, [1, 2])).toEqual({ 1: 1, 2: 0 });
});
