/**
 * What the long tier said last, test by test: `test/long/report.json`, committed, and `docs/long-tests.md`, made of it. The tier takes hours and runs when
 * somebody asks for it, so that a run of one file replaces the rows of its tests alone; each row has its own date, commit and machine.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const resultShape = z.object({
  /** Of the test's file. */
  file: z.string(),
  test: z.string(),
  outcome: z.enum(['passed', 'failed', 'not run']),
  seconds: z.number(),
  /** In words, as the test told them; empty: none. */
  figures: z.string(),
  /** `2026-11-22T09:00 UTC`, when the run ended. */
  date: z.string(),
  commit: z.string(),
  machine: z.string(),
});
export type LongResult = z.infer<typeof resultShape>;
export type Circumstances = Pick<LongResult, 'date' | 'commit' | 'machine'>;

const vitestShape = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string(), duration: z.number().nullish() })),
    }),
  ),
});
const figuresShape = z.object({ file: z.string(), figures: z.string() });

/** Of the JSON report of vitest. @param root absolute: files are named from there. @internal */
export function resultsOf(
  report: unknown,
  figures: ReadonlyMap<string, string>,
  root: string,
  circumstances: Circumstances,
): readonly LongResult[] {
  return vitestShape.parse(report).testResults.flatMap(({ name, assertionResults }) => {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
    return assertionResults.map(({ fullName, status, duration }) => ({
      file,
      test: fullName,
      outcome: status === 'passed' || status === 'failed' ? status : ('not run' as const),
      seconds: Math.round((duration ?? 0) / 1_000),
      figures: figures.get(file) ?? '',
      ...circumstances,
    }));
  });
}

/** What ran now in the place of all that its files said before. @internal */
export function merged(before: readonly LongResult[], now: readonly LongResult[]): readonly LongResult[] {
  const files = new Set(now.map(({ file }) => file));
  return [...before.filter(({ file }) => !files.has(file)), ...now].sort((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : 0,
  );
}

/** Markdown. @internal */
export function longReport(results: readonly LongResult[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const sections = files.map((file) => {
    const rows = results.filter((each) => each.file === file);
    const [{ figures, date, commit, machine } = { figures: '', date: '', commit: '', machine: '' }] = rows;
    return [
      `## ${file}`,
      '',
      '| Test | Outcome | Seconds |',
      '|---|---|---:|',
      ...rows.map(
        ({ test, outcome, seconds }) => `| ${test} | ${outcome === 'failed' ? '**failed**' : outcome} | ${seconds} |`,
      ),
      '',
      ...(figures === '' ? [] : [figures, '']),
      `${date}, commit ${commit}; ${machine}`,
    ].join('\n');
  });
  return ['# Long tests', '', preface, '', sections.join('\n\n'), ''].join('\n');
}

const preface = `Written by \`npm run test:long\` from \`test/long/report.json\`: what each file of the tier said when it ran last. A file that is not here has not run since
this report is kept.`;

/** Reads what vitest and the tests left in `reports`, and writes both files. A run that told nothing changes nothing. */
export function writeLongReport(root: string, reports: string, circumstances: Circumstances): void {
  const kept = join(root, 'test/long/report.json');
  const now = resultsOf(
    readJson(join(reports, 'long.json')) ?? { testResults: [] },
    readFigures(reports),
    root,
    circumstances,
  );
  if (now.length === 0) return;
  const results = merged(z.array(resultShape).parse(readJson(kept) ?? []), now);
  writeFileSync(kept, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(root, 'docs/long-tests.md'), longReport(results));
}

function readFigures(reports: string): ReadonlyMap<string, string> {
  const folder = join(reports, 'figures');
  try {
    const told = readdirSync(folder).map((name) => figuresShape.parse(readJson(join(folder, name))));
    return new Map(told.map(({ file, figures }) => [file, figures]));
  } catch {
    return new Map(); // no test told any
  }
}

/** Undefined where it is not there. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
