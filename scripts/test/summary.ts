/** The end of the test command: a table of the tiers, what this machine could not run and why, and the count that CI reads as the last line. */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { z } from 'zod';

/** A tier, or one check of the quick tier. */
export interface Part {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** What failed, by name, each with what it said: the log of CI is cut, and keeps its end. */
  readonly failures?: readonly Failure[];
}

export interface Failure {
  /** Of the test's file, from the root; empty for a check. */
  readonly file: string;
  readonly name: string;
  /** As vitest has it, with or without colours. */
  readonly message: string;
}

/** Lines of a message that the summary shows: the assertion with its difference. */
const shownLines = 12;
/** Failures that the summary shows: who breaks everything reads the first. */
const shownFailures = 20;

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
      ...formatFailures(parts),
      table.toString(),
      ...(unable.length === 0 ? [] : ['What this machine could not run:', ...unable]),
      ...(passed + failed === 0 ? ['Nothing ran.'] : []),
      `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`,
    ],
    exitCode: failed > 0 || passed === 0 ? 1 : 0,
  };
}

function formatFailures(parts: readonly Part[]): readonly string[] {
  const failures = parts.flatMap((part) => (part.failures ?? []).map((failure) => ({ part: part.name, ...failure })));
  if (failures.length === 0) return [];
  const lines = failures.slice(0, shownFailures).flatMap(({ part, file, name, message }) => {
    const said = stripVTControlCharacters(message).trimEnd().split('\n').slice(0, shownLines);
    return [`  ${[part, file, name].filter((each) => each !== '').join(' > ')}`, ...said.map((line) => `    ${line}`)];
  });
  const others = failures.length - shownFailures;
  return ['What failed:', ...lines, ...(others > 0 ? [`  and ${others} more`] : [])];
}
