/** What vitest's JSON report says of a tier: how many passed, and what failed with which words. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Failure, Part } from './summary.ts';

const reportShape = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      /** Of a file that could not be loaded. */
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

export type Counts = Required<Pick<Part, 'passed' | 'failed' | 'skipped' | 'failures'>>;

/** @param root absolute: files are named from there. @internal */
export function countReport(report: unknown, root: string): Counts {
  const { testResults } = reportShape.parse(report);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: Failure[] = [];
  for (const { name, status, message, assertionResults } of testResults) {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
    for (const { status: outcome, fullName, failureMessages } of assertionResults) {
      counts[outcome === 'passed' || outcome === 'failed' ? outcome : 'skipped']++;
      if (outcome === 'failed') failures.push({ file, name: fullName, message: (failureMessages ?? []).join('\n') });
    }
    if (status !== 'failed' || assertionResults.some((each) => each.status === 'failed')) continue;
    counts.failed++;
    failures.push({ file, name: 'the file itself', message: message ?? '' });
  }
  return { ...counts, failures };
}

/** Nothing where there is no report: nothing ran, or vitest crashed, which its status tells. */
export function readReport(path: string, root: string): Counts {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return { passed: 0, failed: 0, skipped: 0, failures: [] };
  }
  return countReport(JSON.parse(text), root);
}
