/** The checker of produced logs, with each fault planted once. */
import { expect, it } from 'vitest';
import { checkProducedLog, type LoggedRecord, type ProduceOutcome } from './produced-log.ts';

const log: readonly LoggedRecord[] = [0, 1, 2, 3, 4, 5].map((value) => ({
  partition: value % 2,
  offset: Math.floor(value / 2),
  key: String(value % 2),
  value,
}));
const outcomes: readonly ProduceOutcome[] = log.map(({ partition, offset, value }) => ({ partition, offset, value }));

it('finds nothing where every promise was kept, and takes a record whose acknowledgement was lost', () => {
  expect(checkProducedLog(outcomes, log)).toEqual([]);
  expect(checkProducedLog(outcomes.slice(0, 5), log)).toEqual([]);
});

it.each<[string, readonly ProduceOutcome[], readonly LoggedRecord[], string]>([
  ['a lost record', outcomes, log.slice(0, 5), '5 was acknowledged at 1/2, and is not there'],
  [
    'another one in its place',
    outcomes,
    [...log.slice(0, 5), { partition: 1, offset: 2, key: '1', value: 7 }],
    '5 was acknowledged at 1/2, where 7 lies',
  ],
  ['a record twice', outcomes, [...log, { partition: 1, offset: 3, key: '1', value: 5 }], '5 lies twice: 1/2 and 1/3'],
  [
    'a wrong order',
    [outcomes[0] as ProduceOutcome],
    [...log, { partition: 0, offset: 9, key: '0', value: 6 }, { partition: 0, offset: 8, key: '0', value: 8 }],
    '6 of key 0 lies behind 8: 0/9',
  ],
  [
    'a fault that the producer was told of',
    [...outcomes, { value: 6, fault: 'timed out' }],
    log,
    '6 failed: timed out',
  ],
  ['nothing at all', [], log, 'nothing was acknowledged'],
])('catches %s', (_fault, said, lies, sentence) => {
  expect(checkProducedLog(said, lies)).toEqual([sentence]);
});
