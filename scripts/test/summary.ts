/** The end of the test command: a table of the tiers, what this machine could not run and why, and the count that CI reads as the last line. */
import Table from 'cli-table3';
import { z } from 'zod';

/** A tier, or one check of the quick tier. */
export interface Part {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

/** What this machine lacks, as test/requirements.ts writes it. */
export const lackShape = z.object({ name: z.string(), reason: z.string(), remedy: z.string() });
export type Lack = z.infer<typeof lackShape>;

/** The last line is `N passed, N failed`, with `, N skipped` where something was. The exit code is 1 on a failure, and when nothing passed at all. */
export function summarize(
  parts: readonly Part[],
  lacks: readonly Lack[],
): { lines: readonly string[]; exitCode: 0 | 1 } {
  const sum = (key: 'passed' | 'failed' | 'skipped') => parts.reduce((total, part) => total + part[key], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  const table = new Table({ head: ['', 'passed', 'failed', 'skipped', 'seconds'], style: { head: [], border: [] } });
  for (const part of parts) table.push([part.name, part.passed, part.failed, part.skipped, part.seconds.toFixed(1)]);
  const unable = lacks.map(({ name, reason, remedy }) => `  ${name}: ${reason}. Remedy: ${remedy}`);
  return {
    lines: [
      table.toString(),
      ...(unable.length === 0 ? [] : ['What this machine could not run:', ...unable]),
      ...(passed + failed === 0 ? ['Nothing ran.'] : []),
      `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`,
    ],
    exitCode: failed > 0 || passed === 0 ? 1 : 0,
  };
}
