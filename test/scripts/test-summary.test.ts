/** The end of the test command: what CI reads as the last line, and when the command fails. */
import { describe, expect, it } from 'vitest';
import { type Part, summarize } from '../../scripts/test/summary.ts';
import { countReport } from '../../scripts/test/vitest-report.ts';

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

  it('names what failed, with what it said, before the table: the log of CI keeps its end', () => {
    const failures = [
      { file: 'test/a.test.ts', name: 'adds up', message: '\u001b[31mexpected 4\u001b[39m\nto be 5\n' },
    ];
    const { lines } = summarize([part({ passed: 3, failed: 1, failures })], []);
    expect(lines.slice(0, 4)).toEqual([
      'What failed:',
      '  units > test/a.test.ts > adds up',
      '    expected 4',
      '    to be 5',
    ]);
  });

  it('shows the first failures where everything is broken, and how many more there are', () => {
    const failures = Array.from({ length: 25 }, (_, index) => ({
      file: `test/${index}.test.ts`,
      name: '',
      message: '',
    }));
    const { lines } = summarize([part({ failed: 25, failures })], []);
    expect(lines.filter((line) => line.includes('.test.ts'))).toHaveLength(20);
    expect(lines).toContain('  and 5 more');
  });
});

describe('the report of vitest', () => {
  const result = (status: string, failureMessages?: string[]) => ({
    status,
    fullName: `is ${status}`,
    failureMessages,
  });
  const file = (status: string, assertionResults: unknown[], message?: string) => ({
    name: '/house/test/a.test.ts',
    status,
    message,
    assertionResults,
  });

  it('is counted, with the words of what failed', () => {
    const tests = [result('passed'), result('failed', ['expected 4']), result('pending'), result('todo')];
    expect(countReport({ testResults: [file('failed', tests)] }, '/house')).toEqual({
      passed: 1,
      failed: 1,
      skipped: 2,
      failures: [{ file: 'test/a.test.ts', name: 'is failed', message: 'expected 4' }],
    });
  });

  it('has one failure for a file that could not be loaded', () => {
    const counts = countReport({ testResults: [file('failed', [], 'Cannot find module')] }, '/house');
    expect(counts).toMatchObject({ passed: 0, failed: 1 });
    expect(counts.failures).toEqual([
      { file: 'test/a.test.ts', name: 'the file itself', message: 'Cannot find module' },
    ]);
  });
});
