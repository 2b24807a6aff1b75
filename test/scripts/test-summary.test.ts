/** The end of the test command: what CI reads as the last line, and when the command fails. */
import { describe, expect, it } from 'vitest';
import { type Part, summarize } from '../../scripts/test/summary.ts';

const part = (counts: Partial<Part>): Part => ({
  name: 'units',
  passed: 0,
  failed: 0,
  skipped: 0,
  seconds: 1,
  ...counts,
});

describe('the summary of a test run', () => {
  it('ends with the sums over all tiers and passes when nothing failed', () => {
    const { lines, exitCode } = summarize([part({ passed: 3 }), part({ name: 'integration', passed: 2 })], []);
    expect(lines.at(-1)).toBe('5 passed, 0 failed');
    expect(exitCode).toBe(0);
  });

  it('fails when one test failed', () => {
    const { lines, exitCode } = summarize([part({ passed: 3 }), part({ passed: 1, failed: 1 })], []);
    expect(lines.at(-1)).toBe('4 passed, 1 failed');
    expect(exitCode).toBe(1);
  });

  it('fails when nothing ran, and says so', () => {
    const { lines, exitCode } = summarize([part({})], []);
    expect(lines.slice(-2)).toEqual(['Nothing ran.', '0 passed, 0 failed']);
    expect(exitCode).toBe(1);
  });

  it('fails when all was skipped', () => {
    expect(summarize([part({ skipped: 4 })], []).exitCode).toBe(1);
  });

  it('lists what could not run with the reason and the remedy, and counts the skipped', () => {
    const lack = { name: 'kcat', reason: 'kcat is not on the PATH', remedy: 'apt-get install kcat' };
    const { lines } = summarize([part({ passed: 1, skipped: 2 })], [lack]);
    expect(lines).toContain('  kcat: kcat is not on the PATH. Remedy: apt-get install kcat');
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
  });
});
