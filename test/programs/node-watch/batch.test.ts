/** What one call brings keeps to the service's limits, whatever a journal has in it, and nothing of it is lost or said twice. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchLimits, eventBytes, type LogEvent, newBatch } from '../../../programs/node-watch/batch.ts';
import { entryTexts, type JournalEntry } from '../../../programs/node-watch/entry.ts';

const dayMs = 24 * 3_600_000;
const nowMs = Date.UTC(2026, 10, 22);

/** Sizes around the limits, and times that go back and forth by up to three days. */
const event: fc.Arbitrary<LogEvent> = fc.record({
  atMs: fc.integer({ min: nowMs - 3 * dayMs, max: nowMs }),
  text: fc
    .tuple(fc.constantFrom('a', 'é', '€', '😀'), fc.constantFrom(1, 100, 20_000, 65_000))
    .map(([character, count]) => character.repeat(count)),
});

/** As ship.ts fills them, one after the other. */
function batchesOf(events: readonly LogEvent[]): readonly (readonly LogEvent[])[] {
  const made: (readonly LogEvent[])[] = [];
  let batch = newBatch();
  for (const each of events) {
    if (batch.add(each)) continue;
    made.push(batch.events());
    batch = newBatch();
    if (!batch.add(each)) throw new Error('an empty batch refuses an event');
  }
  return batch.isEmpty ? made : [...made, batch.events()];
}

/** What AWS's page says, in words of its own rather than the program's. */
function faultsOf(batch: readonly LogEvent[]): readonly string[] {
  const bytes = batch.reduce((sum, { text }) => sum + new TextEncoder().encode(text).length + 26, 0);
  const times = batch.map(({ atMs }) => atMs);
  return [
    ...(bytes > 1_048_576 ? [`${bytes} bytes`] : []),
    ...(batch.length > 10_000 ? [`${batch.length} events`] : []),
    ...(batch.length === 0 ? ['no event'] : []),
    ...(Math.max(...times) - Math.min(...times) > dayMs ? ['more than a day'] : []),
    ...(times.some((time, index) => time < (times[index - 1] ?? time)) ? ['not in the order of its times'] : []),
  ];
}

describe('batches', () => {
  test('keep to every limit of one call, and hold each event once', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const made = batchesOf(events);
        expect(made.flatMap(faultsOf)).toEqual([]);
        const sorted = (all: readonly LogEvent[]) => all.map(({ atMs, text }) => `${atMs} ${text}`).sort();
        expect(sorted(made.flat())).toEqual(sorted(events));
      }),
      { numRuns: 60 },
    );
  });

  test('are full at ten thousand small events, and at a day to the millisecond', () => {
    const small = Array.from({ length: 10_001 }, (_, index) => ({ atMs: nowMs + index, text: 'x' }));
    expect(batchesOf(small).map(({ length }) => length)).toEqual([10_000, 1]);
    const at = (atMs: number) => ({ atMs, text: 'x' });
    expect(batchesOf([at(nowMs), at(nowMs + dayMs)])).toHaveLength(1);
    expect(batchesOf([at(nowMs), at(nowMs + dayMs + 1)])).toHaveLength(2);
  });

  test('take as many bytes as there may be, and not one more', () => {
    const whole = 'x'.repeat(1_048_576 / 4 - 26);
    const four = Array.from({ length: 4 }, () => ({ atMs: nowMs, text: whole }));
    expect(batchesOf(four)).toHaveLength(1);
    expect(batchesOf(four.map(({ text, atMs }) => ({ atMs, text: `${text}x` })))).toHaveLength(2);
  });

  test('know how far the journal has come: to the last entry that is in them whole', () => {
    const batch = newBatch();
    expect(batch.cursor).toBeUndefined();
    batch.add({ atMs: nowMs, text: 'one' }, 'c1');
    batch.add({ atMs: nowMs, text: 'first part of two' });
    expect(batch.cursor).toBe('c1');
    batch.add({ atMs: nowMs, text: 'last part of two' }, 'c2');
    expect(batch.cursor).toBe('c2');
  });

  test('would be found faulty by these tests', () => {
    expect(
      faultsOf([
        { atMs: 2, text: 'a' },
        { atMs: 1, text: 'a' },
      ]),
    ).toEqual(['not in the order of its times']);
    expect(
      faultsOf([
        { atMs: 0, text: 'a' },
        { atMs: dayMs + 1, text: 'a' },
      ]),
    ).toEqual(['more than a day']);
    expect(faultsOf([{ atMs: 0, text: '€'.repeat(349_517) }])).toEqual(['1048577 bytes']);
    expect(batchLimits).toEqual({ bytes: 1_048_576, overheadBytes: 26, events: 10_000, spanMs: dayMs });
  });
});

describe('an entry as texts', () => {
  const entry = (message: string, priority = 6): JournalEntry => ({
    cursor: 'c',
    atMs: nowMs,
    service: 'kafka',
    priority,
    message,
  });

  test('is one text, which says how grave it is only where that was said', () => {
    expect(entryTexts(entry('a "line"'), eventBytes)).toEqual(['{"service":"kafka","message":"a \\"line\\""}']);
    expect(entryTexts(entry('', 3), eventBytes)).toEqual(['{"service":"kafka","priority":3,"message":""}']);
  });

  test('is cut between characters where it is too long, and comes together again', () => {
    const character = fc.constantFrom('a', '"', '\n', '\u0007', 'é', '€', '😀', '\ud800');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 400 }), fc.integer({ min: 120, max: 400 }), (characters, limit) => {
        const message = characters.join('');
        const texts = entryTexts(entry(message, 4), limit);
        for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
        const parts = texts.map((text) => JSON.parse(text) as { message: string; part?: number; of?: number });
        expect(parts.map((part) => part.message).join('')).toBe(message);
        if (parts.length > 1)
          expect(parts.map(({ part, of }) => `${part} of ${of}`)).toEqual(
            parts.map((_, index) => `${index + 1} of ${parts.length}`),
          );
      }),
    );
  });

  test('of the longest that may be has parts that fit into a batch each', () => {
    const texts = entryTexts(entry('€'.repeat(500_000)), eventBytes);
    expect(texts.length).toBe(6);
    for (const text of texts) expect(newBatch().add({ atMs: nowMs, text })).toBe(true);
  });
});
