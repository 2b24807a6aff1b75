/** The quick reader and the schema are asked the same: whatever line the quick one takes, the schema takes too, and reads the same out of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UntimedEvent } from '../../chaos/history.ts';
import { eventSchema } from '../../chaos/history-event.ts';
import { readUsualLine } from '../../chaos/usual-line.ts';

const text = fc.oneof(fc.stringMatching(/^[a-z]{1,6}$/), fc.string({ unit: 'binary', maxLength: 6 }));
const number = fc.oneof(fc.nat(), fc.constantFrom(0, 1, 2 ** 40, 10 ** 15 - 1, 10 ** 15, 2 ** 53 - 1));
const value = fc
  .tuple(text, number)
  .map(([key, each]) => `${key}:${each}`)
  .filter((each) => /^[^:]+:\d{1,15}$/.test(each));
const values = fc.array(value, { maxLength: 4 });
const atArbitrary = fc.oneof(
  fc.double({ min: 0, max: 1e9, noNaN: true }).map((at) => Math.round(at * 1000) / 1000),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
);

/** In the recorder's own words: `at` comes last (history.ts). */
const lineArbitrary = fc
  .oneof(
    fc
      .record({
        op: number,
        key: text,
        first: number,
        count: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(100_000, 100_001)),
      })
      .map((event): UntimedEvent => ({ type: 'send', ...event, via: 'kafka' })),
    fc
      .record({ op: number, partition: number, offset: number })
      .map(({ op, ...place }): UntimedEvent => ({ type: 'sent', op, outcome: 'ok', ...place })),
    fc
      .record({ consumer: text, partition: number, offset: number, values })
      .map((event): UntimedEvent => ({ type: 'poll', ...event })),
    fc.record({ partition: number, offset: number, values }).map((event): UntimedEvent => ({ type: 'log', ...event })),
  )
  .chain((event) => atArbitrary.map((at) => JSON.stringify({ ...event, at })));

/** A few bytes put in, taken out or put in the place of others; among them those that JSON and numbers are made of. */
const spliceArbitrary = fc.record({
  place: fc.nat(),
  length: fc.nat({ max: 3 }),
  bytes: fc.oneof(
    fc.stringMatching(/^[-+.,:"\\{}[\]eE0 \t\r]{0,3}$/).map((each) => [...Buffer.from(each)]),
    fc.array(fc.nat({ max: 255 }), { maxLength: 3 }),
    fc
      .constantFrom('"at":1,', ',"at":1', '"values":[],', 'null', '1e3', '-0', '007', '9007199254740993', '100001')
      .map((each) => [...Buffer.from(each)]),
  ),
});

const bySchema = (line: Buffer): unknown => {
  try {
    return eventSchema.parse(JSON.parse(line.toString('utf8')));
  } catch {
    return 'refused';
  }
};

const agree = (line: Buffer) => {
  const quick = readUsualLine(line);
  if (quick !== undefined) expect(quick, line.toString('latin1')).toStrictEqual(bySchema(line));
};

describe('the usual lines of a history, read by hand', () => {
  it('are read as the schema reads them', () => {
    fc.assert(
      fc.property(lineArbitrary, (line) => agree(Buffer.from(line))),
      { numRuns: 2_000 },
    );
  });

  it('are never taken where the schema refuses them, whatever became of their bytes', () => {
    fc.assert(
      fc.property(lineArbitrary, fc.array(spliceArbitrary, { minLength: 1, maxLength: 2 }), (line, splices) => {
        const bytes = [...Buffer.from(line)];
        for (const { place, length, bytes: put } of splices) bytes.splice(place % (bytes.length + 1), length, ...put);
        agree(Buffer.from(bytes));
      }),
      { numRuns: 10_000 },
    );
  });

  it('are agreed upon also where any one byte of a line is another', () => {
    const lines = [
      '{"type":"send","op":12,"key":"k1","first":3,"count":2,"via":"kafka","at":10.25}',
      '{"type":"sent","op":12,"outcome":"ok","partition":0,"offset":7,"at":0}',
      '{"type":"poll","consumer":"c1","partition":1,"offset":0,"values":["k1:3","k1:40"],"at":3.001}',
      '{"type":"log","partition":1,"offset":0,"values":["k1:3"],"at":3}',
    ];
    for (const line of lines)
      for (let place = 0; place <= line.length; place += 1)
        for (const byte of Buffer.from('"\\,:.]}{[0519aE-+ \u00e9\u0001\u001f\u007f')) {
          const bytes = [...Buffer.from(line)];
          agree(Buffer.from(bytes.toSpliced(place, 1, byte)));
          agree(Buffer.from(bytes.toSpliced(place, 0, byte)));
          agree(Buffer.from(bytes.slice(0, place)));
        }
  });

  it('are those that a workload writes: none of them takes the long way', () => {
    for (const line of [
      '{"type":"send","op":12,"key":"k1","first":3,"count":2,"via":"kafka","at":10.25}',
      '{"type":"sent","op":12,"outcome":"ok","partition":0,"offset":7,"at":0}',
      '{"type":"poll","consumer":"c1","partition":1,"offset":0,"values":["k1:3","k1:40"],"at":3.001}',
      '{"type":"log","partition":1,"offset":0,"values":["k1:3"],"at":3}',
      '{"type":"log","partition":1,"offset":9,"values":[],"at":3.5}',
    ])
      expect(readUsualLine(Buffer.from(line)), line).toStrictEqual(JSON.parse(line));
  });
});
