/**
 * What a matrix has said so far, on the disk: a line as it begins and one as each of its runs ends, so that the same command goes on where an earlier one was
 * ended. Verdicts are not kept: each is reached anew from its history, which is. Only those of other machines, whose histories stay there, are carried.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readRun } from '../../chaos/observed-run.ts';
import { runVerdictSchema } from '../../chaos/run-verdict.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import type { EarlierPlay, ScenarioRun } from '../../chaos/scenario-report.ts';
import { judge, type Verdict } from '../../chaos/verdict.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { matrixUnreadable } from './errors.ts';

const ended = {
  scenario: z.string(),
  /** Of the scenario as it was then: one that was changed since has not been run. */
  digest: z.string(),
  seed: z.int().min(0),
  /** Repeats it. */
  command: z.string(),
  tookMs: z.number().min(0),
};

const schema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('matrix'),
    version: z.literal(1),
    environment: z.string(),
    /** Of each row's first run. */
    seed: z.int().min(0),
    /** ISO 8601 */
    startedAt: z.string(),
  }),
  z.strictObject({ type: z.literal('run'), ...ended, historyFile: z.string() }),
  /** Of another machine, whose verdict was carried here; its history is there, and named as it lies below its state. */
  z.strictObject({
    type: z.literal('judged'),
    ...ended,
    historyFile: z.string(),
    verdict: runVerdictSchema,
    before: z.array(z.strictObject({ historyFile: z.string(), reasons: z.array(z.string()).readonly() })).readonly(),
  }),
  /** Nothing was made for it: this environment, or whoever makes the faults, cannot. */
  z.strictObject({ type: z.literal('skipped'), scenario: z.string(), digest: z.string(), why: z.string() }),
  /** The tool's own: it is run again. */
  z.strictObject({ type: z.literal('error'), ...ended, code: z.string(), message: z.string() }),
]);

type Line = z.output<typeof schema>;
type MatrixLine = Extract<Line, { type: 'matrix' }>;
export type EndedRun = Extract<Line, { type: 'run' | 'judged' | 'error' }>;
export type SkippedScenario = Extract<Line, { type: 'skipped' }>;

export interface MatrixResults {
  readonly file: string;
  readonly environment: string;
  readonly seed: number;
  readonly startedAt: string;
  /** In the order in which they ended. */
  readonly runs: readonly EndedRun[];
  /** Those of which no run can begin. */
  readonly skipped: readonly SkippedScenario[];
  /** Returns once it is on the disk. */
  add(line: EndedRun | SkippedScenario): Promise<void>;
}

export interface OpenResultsOptions {
  readonly environment: string;
  /** As a person gave it; undefined for that of before, or a drawn one. */
  readonly seed: number | undefined;
  readonly draw: () => number;
  /** Whether one of before goes on. One that does not is kept beside, under the time of its begin. */
  readonly resume: boolean;
  /** Told where that is. */
  readonly onAside?: ((file: string) => void) | undefined;
}

/** @throws EnsembleError OPERATIONS_CHAOS_MATRIX_UNREADABLE, and what the file system throws */
export async function openResults(file: string, options: OpenResultsOptions): Promise<MatrixResults> {
  const { environment, seed, draw, resume, onAside } = options;
  const before = await readResults(file);
  if (before !== undefined) {
    const same = before.environment === environment && (seed === undefined || seed === before.seed);
    if (resume && same) return before;
    const aside = file.replace(/\.jsonl$/, `-${before.startedAt.replaceAll(/[:.]/g, '-')}.jsonl`);
    await rename(file, aside);
    onAside?.(aside);
  }
  await mkdir(dirname(file), { recursive: true });
  const begin: MatrixLine = {
    type: 'matrix',
    version: 1,
    environment,
    seed: seed ?? draw(),
    startedAt: new Date().toISOString(),
  };
  await appendLine(file, begin);
  return resultsOf(file, begin, []);
}

/**
 * undefined where none was begun. A torn last line is taken out of the file; out of one that is not ours to change (`mend` false), for this reading alone.
 * @throws EnsembleError OPERATIONS_CHAOS_MATRIX_UNREADABLE
 */
export async function readResults(file: string, { mend = true } = {}): Promise<MatrixResults | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text && mend) await truncate(file, Buffer.byteLength(whole));
  const lines = whole
    .split('\n')
    .slice(0, -1)
    .map((line, index) => parseLine(file, line, index + 1));
  const [begin, ...rest] = lines;
  if (begin === undefined) return undefined;
  const added = rest.filter((line) => line.type !== 'matrix');
  if (begin.type !== 'matrix' || added.length !== rest.length) throw matrixUnreadable(file, 1);
  return resultsOf(file, begin, added);
}

/** The verdict of a run of before; undefined where its history is gone: it has to be run again. @throws EnsembleError CHAOS_HISTORY_UNREADABLE */
async function verdictOf(historyFile: string): Promise<Verdict | undefined> {
  try {
    return judge(await readRun(historyFile));
  } catch (error) {
    if (error instanceof EnsembleError && error.code === 'CHAOS_HISTORY_ABSENT') return undefined;
    throw error;
  }
}

/** What a seed has come to so far. */
export interface Standing {
  /** The last one whose history is still there. */
  readonly last: Pick<ScenarioRun, 'historyFile' | 'command' | 'verdict'> | undefined;
  readonly before: readonly EarlierPlay[];
}

/** @throws EnsembleError CHAOS_HISTORY_UNREADABLE */
export async function standingOf(scenario: Scenario, seed: number, ended: readonly EndedRun[]): Promise<Standing> {
  const plays: NonNullable<Standing['last']>[] = [];
  const carried: EarlierPlay[] = [];
  for (const run of runsOf(scenario, ended)) {
    if (run.type === 'error' || run.seed !== seed) continue;
    const { historyFile, command } = run;
    if (run.type === 'judged') {
      plays.push({ historyFile, command, verdict: run.verdict });
      carried.push(...run.before);
      continue;
    }
    const verdict = await verdictOf(historyFile);
    if (verdict !== undefined) plays.push({ historyFile, command, verdict });
  }
  return { last: plays.at(-1), before: [...carried, ...plays.slice(0, -1).flatMap(earlierPlay)] };
}

/** Nothing of one that could be judged: it was not played again for that. */
export function earlierPlay({ historyFile, verdict }: Pick<ScenarioRun, 'historyFile' | 'verdict'>): EarlierPlay[] {
  return verdict.verdict === 'inconclusive' ? [{ historyFile, reasons: verdict.reasons }] : [];
}

/** Those of a scenario as it is now, in the order in which they ended. */
export function runsOf(scenario: Scenario, ended: readonly EndedRun[]): readonly EndedRun[] {
  const digest = digestOf(scenario);
  return ended.filter((run) => run.scenario === scenario.name && run.digest === digest);
}

export function digestOf(scenario: Scenario): string {
  return createHash('sha256').update(JSON.stringify(scenario)).digest('hex').slice(0, 16);
}

function resultsOf(
  file: string,
  { environment, seed, startedAt }: MatrixLine,
  before: readonly (EndedRun | SkippedScenario)[],
): MatrixResults {
  const skipped: SkippedScenario[] = [];
  const runs: EndedRun[] = [];
  const take = (line: EndedRun | SkippedScenario) => {
    if (line.type !== 'skipped') {
      runs.push(line);
      return;
    }
    skipped.push(line);
    // What cannot be run here is no run that was not finished.
    const others = runs.filter(({ type, digest }) => type !== 'error' || digest !== line.digest);
    runs.splice(0, runs.length, ...others);
  };
  for (const line of before) take(line);
  return {
    file,
    environment,
    seed,
    startedAt,
    runs,
    skipped,
    async add(line) {
      await appendLine(file, line);
      take(line);
    },
  };
}

async function appendLine(file: string, line: Line): Promise<void> {
  const handle = await open(file, 'a');
  try {
    await handle.appendFile(`${JSON.stringify(line)}\n`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function parseLine(file: string, text: string, number: number): Line {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw matrixUnreadable(file, number, cause);
  }
}
