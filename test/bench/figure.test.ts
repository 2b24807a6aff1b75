/** The arithmetic of figures: medians, ratios of the same rounds, samples by name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, median, type Sample, Samples } from '../../bench/figure.ts';

const sample = (name: string, ...values: readonly number[]): Sample => ({ name, unit: 'ms', values });

describe('the median', () => {
  it('is the middle of an odd number of values, compared as numbers, whatever their order', () => {
    expect(median([100, 9, 20])).toBe(20);
  });

  it('is halfway between the two in the middle of an even number', () => {
    expect(median([4, 1, 10, 2])).toBe(3);
  });

  it('has as many values below it as above it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  it('leaves the values in their order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of nothing is no number, which meets no target', () => {
    expect(median([])).toBeNaN();
  });
});

describe('a comparison', () => {
  it('divides this by that round by round, so that a slow minute counts on both sides', () => {
    const { ratios } = compare('ours / theirs', sample('ours', 10, 100), sample('theirs', 20, 200));
    expect(ratios).toEqual([0.5, 0.5]);
  });

  it('has a target only where one is named, 0 among them', () => {
    const [ours, theirs] = [sample('ours', 1), sample('theirs', 1)];
    expect(compare('ours / theirs', ours, theirs)).not.toHaveProperty('target');
    expect(compare('ours / theirs', ours, theirs, 0).target).toEqual({ atMost: 0 });
  });

  it('refuses samples of different rounds, naming both', () => {
    expect(() => compare('ours / theirs', sample('ours', 1, 2), sample('theirs', 1))).toThrow(
      'ours and theirs were not measured in the same rounds',
    );
  });
});

describe('samples', () => {
  it('keep the values of a name in the order of the rounds, and the names in the order in which they came', () => {
    const samples = new Samples('MB');
    samples.add('b', 1);
    samples.add('a', 2);
    samples.add('b', 3);
    expect(samples.all()).toEqual([
      { name: 'b', unit: 'MB', values: [1, 3] },
      { name: 'a', unit: 'MB', values: [2] },
    ]);
  });

  it('keep two decimals', () => {
    const samples = new Samples('ms');
    samples.add('a', 1.23456);
    expect(samples.get('a').values).toEqual([1.23]);
  });

  it('say what was never measured', () => {
    expect(() => new Samples('ms').get('a')).toThrow('nothing was measured as a');
  });
});
