/** Results as tables: what stands in a row, and that a missed target cannot look like a met one. */
import { describe, expect, it } from 'vitest';
import { formatResults, type Result } from '../../bench/format.ts';

const result = (part: Partial<Result>): Result => ({
  figure: 'start',
  about: 'How soon.',
  samples: [],
  comparisons: [],
  notes: [],
  machine: 'two cores',
  date: '2026-01-02T03:04',
  commit: 'abc',
  command: 'npm run bench start',
  ...part,
});
const rowOf = (part: Partial<Result>, name: string) =>
  formatResults([result(part)])
    .split('\n')
    .find((line) => line.startsWith(`| ${name} |`));
const timed = (values: readonly number[], atMost?: number): Partial<Result> => {
  const target = atMost === undefined ? {} : { target: { atMost } };
  return { samples: [{ name: 'up', unit: 'ms', values, ...target }] };
};

describe('a table of results', () => {
  it('shows median, least, most and the number of rounds', () => {
    expect(rowOf(timed([30, 10, 20, 90]), 'up')).toBe('| up | 25 ms | 10 ms | 90 ms | 4 |  |');
  });

  it('shows two decimals below ten, where one unit more is much', () => {
    expect(rowOf(timed([1.5]), 'up')).toContain('| 1.50 ms |');
  });

  it('judges a target by the median alone', () => {
    expect(rowOf(timed([10, 20, 900], 20), 'up')).toContain('| at most 20 ms: met |');
    expect(rowOf(timed([10, 21, 22], 20), 'up')).toContain('| at most 20 ms: **missed** |');
  });

  it('judges the ratio itself, not the two decimals that it shows', () => {
    const comparisons = [{ name: 'ours / theirs', ratios: [1.1504], target: { atMost: 1.15 } }];
    expect(rowOf({ comparisons }, 'ours / theirs')).toContain('| 1.15 × |');
    expect(rowOf({ comparisons }, 'ours / theirs')).toContain('at most 1.15 ×: **missed**');
  });

  it('judges what should be much by its least', () => {
    const rate = (values: readonly number[]): Partial<Result> => ({
      samples: [{ name: 'up', unit: '1/s', values, target: { atLeast: 20 } }],
    });
    expect(rowOf(rate([10, 20, 30]), 'up')).toContain('| at least 20 1/s: met |');
    expect(rowOf(rate([10, 19, 30]), 'up')).toContain('| at least 20 1/s: **missed** |');
    expect(rowOf(rate([]), 'up')).toContain('**missed**');
  });

  it('calls a target missed where nothing was measured', () => {
    expect(rowOf(timed([], 20), 'up')).toContain('**missed**');
  });

  it('says what was run, when, on which commit and machine', () => {
    expect(formatResults([result({})])).toContain('`npm run bench start`, 2026-01-02T03:04 UTC, commit abc; two cores');
  });

  it('keeps every figure under a heading of its own, its notes as a list', () => {
    const text = formatResults([result({ notes: ['One.', 'Two.'] }), result({ figure: 'stop' })]);
    expect(text).toMatch(/^## start\nHow soon\.\n/);
    expect(text).toContain('\n- One.\n- Two.\n\n`npm run');
    expect(text).toContain('\n\n## stop\n');
  });
});
