/** What the long tier keeps of its runs: rows, figures, and whose rows a run replaces. */
import { expect, it } from 'vitest';
import { longReport, merged, resultsOf } from '../../scripts/test/long-report.ts';

const circumstances = { date: '2026-11-22T10:00 UTC', commit: 'abc1234', machine: '2 × CPU' };
const report = (outcomes: Readonly<Record<string, string>>) => ({
  testResults: [
    {
      name: '/checkout/test/long/one.test.ts',
      assertionResults: Object.entries(outcomes).map(([fullName, status]) => ({ fullName, status, duration: 61_400 })),
    },
  ],
});
const results = (outcomes: Readonly<Record<string, string>>, figures = '') =>
  resultsOf(report(outcomes), new Map([['test/long/one.test.ts', figures]]), '/checkout', circumstances);

it('what the long tier said is a row for each test, with what it measured, the date, the commit and the machine', () => {
  const text = longReport(
    results({ 'takes little': 'passed', 'takes long': 'failed', waits: 'pending' }, 'Peak: 90 MB.'),
  );
  expect(text).toContain('## test/long/one.test.ts');
  expect(text).toContain('| takes little | passed | 61 |');
  expect(text).toContain('| takes long | **failed** | 61 |');
  expect(text).toContain('| waits | not run | 61 |');
  expect(text).toContain('Peak: 90 MB.\n\n2026-11-22T10:00 UTC, commit abc1234; 2 × CPU');
});

it('a run of one file replaces what that file said before, tests that are gone with it, and leaves the other files', () => {
  const other = {
    ...circumstances,
    file: 'test/long/another.test.ts',
    test: 'is there',
    outcome: 'passed',
    seconds: 1,
    figures: '',
  } as const;
  const before = [...results({ gone: 'passed', kept: 'failed' }), other];
  expect(merged(before, results({ kept: 'passed' })).map(({ file, test, outcome }) => [file, test, outcome])).toEqual([
    ['test/long/another.test.ts', 'is there', 'passed'],
    ['test/long/one.test.ts', 'kept', 'passed'],
  ]);
});
