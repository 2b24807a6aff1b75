/**
 * The runs of a matrix in one file that goes from machine to machine, so that a matrix of hours may be done in pieces and on several: the lines of
 * matrix-results.ts with the verdicts themselves, since histories are too large to go along.
 */
import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { runVerdictOf } from '../../chaos/run-verdict.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { importDiffers, importUnreadable } from './errors.ts';
import { digestOf, type EndedRun, type MatrixResults, readResults, runsOf, standingOf } from './matrix-results.ts';

/** Of scenarios as they are now; what the tool could not finish is not among them. Histories are named below `stateDirectory`. @returns how many */
export async function exportRuns(file: string, { results, scenarios, stateDirectory }: ExportOptions): Promise<number> {
  const { environment, seed, startedAt } = results;
  const lines: object[] = [{ type: 'matrix', version: 1, environment, seed, startedAt }];
  const below = (path: string) => (path.startsWith('/') ? relative(stateDirectory, path) : path);
  let runs = 0;
  for (const scenario of scenarios) {
    const ended = runsOf(scenario, results.runs);
    for (const each of new Set(ended.map((run) => run.seed))) {
      const { last, before } = await standingOf(scenario, each, ended);
      const kept = ended.findLast((run) => run.seed === each && run.type !== 'error');
      if (last === undefined || kept === undefined) continue;
      runs += 1;
      lines.push({
        type: 'judged',
        ...{ scenario: scenario.name, digest: digestOf(scenario), seed: each, command: last.command },
        tookMs: kept.tookMs,
        historyFile: below(last.historyFile),
        verdict: runVerdictOf(last.verdict),
        before: before.map(({ historyFile, reasons }) => ({ historyFile: below(historyFile), reasons })),
      });
    }
    const skipped = results.skipped.findLast(({ digest }) => digest === digestOf(scenario));
    if (skipped !== undefined) lines.push(skipped);
  }
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return runs;
}

interface ExportOptions {
  readonly results: MatrixResults;
  readonly scenarios: readonly Scenario[];
  readonly stateDirectory: string;
}

/** What `--import` names. @throws EnsembleError OPERATIONS_CHAOS_IMPORT_UNREADABLE, OPERATIONS_CHAOS_MATRIX_UNREADABLE */
export async function readCarried(file: string): Promise<MatrixResults> {
  const carried = await readResults(file, { mend: false });
  if (carried === undefined) throw importUnreadable(file);
  return carried;
}

/** Runs of another environment, or of other seeds, are no part of this matrix. @throws EnsembleError OPERATIONS_CHAOS_IMPORT_DIFFERS */
export function refuseOthers(carried: MatrixResults, ours: Pick<MatrixResults, 'environment' | 'seed'>): void {
  for (const what of ['environment', 'seed'] as const)
    if (carried[what] !== ours[what]) throw importDiffers(carried.file, `${what} ${carried[what]}`, `${ours[what]}`);
}

/** Those of `carried` that are not there yet. @throws EnsembleError OPERATIONS_CHAOS_IMPORT_DIFFERS */
export function missingRuns(results: MatrixResults, carried: MatrixResults): readonly EndedRun[] {
  refuseOthers(carried, results);
  const keyOf = ({ scenario, digest, seed }: EndedRun) => `${scenario}\n${digest}\n${seed}`;
  const there = new Set(results.runs.filter(({ type }) => type !== 'error').map(keyOf));
  return carried.runs.filter((run) => run.type === 'judged' && !there.has(keyOf(run)));
}
