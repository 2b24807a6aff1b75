/** Lines of journalctl as entries: texts, bytes, fields that come twice, and lines that are none. */
import { describe, expect, test } from 'vitest';
import { readEntry } from '../../../programs/node-watch/entry.ts';
import { linesOf } from '../../../programs/node-watch/journal.ts';
import { memoryPercent, usedPercent } from '../../../programs/node-watch/measure.ts';

const line = (fields: object) =>
  JSON.stringify({ __CURSOR: 's=1;i=2', __REALTIME_TIMESTAMP: '1790000000123456', ...fields });

describe('a line of journalctl', () => {
  test('says who said what, when, and how grave it is', () => {
    expect(readEntry(line({ MESSAGE: 'up', PRIORITY: '4', SYSLOG_IDENTIFIER: 'kafka', _COMM: 'java' }))).toEqual({
      cursor: 's=1;i=2',
      atMs: 1_790_000_000_123,
      service: 'kafka',
      priority: 4,
      message: 'up',
    });
  });

  test.each([
    ['bytes that are no UTF-8 for certain', { MESSAGE: [104, 195, 169] }, 'hé'],
    ['a field that comes twice', { MESSAGE: ['one', 'two'] }, 'one\ntwo'],
    ['a field that comes twice as bytes', { MESSAGE: [[104, 105], 'two'] }, 'hi\ntwo'],
    ['a field that is not shown', { MESSAGE: null }, ''],
    ['no message', {}, ''],
  ])('may have %s', (_, fields, message) => {
    expect(readEntry(line(fields))).toMatchObject({ message, service: 'unknown', priority: 6 });
  });

  test.each(['', 'no JSON', '{}', '[1]', '{"__CURSOR":"c"}', line({ __REALTIME_TIMESTAMP: 'soon' })])(
    'is no entry: %s',
    (text) => expect(readEntry(text)).toBeUndefined(),
  );
});

describe('lines of a stream', () => {
  const read = async (chunks: readonly string[], limit: number) => {
    const leftOut: number[] = [];
    const found: string[] = [];
    const stream = (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
    })();
    for await (const each of linesOf(stream, limit, (bytes) => leftOut.push(bytes))) found.push(each);
    return { found, leftOut };
  };

  test('are whole wherever the stream is cut, within a character too', async () => {
    const bytes = Buffer.from('a€\n\nlast\nhalf').toString('latin1');
    for (let at = 0; at <= bytes.length; at += 1)
      expect(await read([bytes.slice(0, at), bytes.slice(at)], 100)).toEqual({
        found: ['a€', '', 'last'],
        leftOut: [],
      });
  });

  test('are left out where they are too long, and nothing of them is kept meanwhile', async () => {
    expect(await read(['12345', '67890', '1\nab', 'c\n'], 10)).toEqual({ found: ['abc'], leftOut: [10] });
    expect(await read(['1234567890\nabc\n'], 10)).toEqual({ found: ['1234567890', 'abc'], leftOut: [] });
  });
});

describe('figures', () => {
  test('of a disk are those of df: what root alone may use is neither used nor free', () => {
    expect(usedPercent({ blocks: 100, bfree: 55, bavail: 50 })).toBeCloseTo((100 * 45) / 95);
    expect(usedPercent({ blocks: 100, bfree: 0, bavail: 0 })).toBe(100);
    expect(usedPercent({ blocks: 0, bfree: 0, bavail: 0 })).toBe(0);
  });

  test('of memory leave out what can be had back', () => {
    expect(memoryPercent('MemTotal:        1000 kB\nMemFree:  1 kB\nMemAvailable:     250 kB\n')).toBe(75);
    expect(memoryPercent('MemTotal: 1000 kB\n')).toBeUndefined();
    expect(memoryPercent('')).toBeUndefined();
  });
});
