/** What several runs of chaos come to, printed and written; and `ensemble chaos summary`, which runs nothing. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatJunit } from '../../chaos/junit.ts';
import { loadShipped } from '../../chaos/load-scenarios.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import type { FailedRun, ScenarioReport, ScenarioRun } from '../../chaos/scenario-report.ts';
import { reportOf, skippedReport } from '../../chaos/scenario-report.ts';
import { type MatrixSummary, spreadCells, summaryHtml, summaryMarkdown } from '../../chaos/summary.ts';
import type { VerdictKind } from '../../chaos/verdict.ts';
import { writeReport } from '../../chaos/write-report.ts';
import { loadEnvironment } from '../../cluster/load.ts';
import { awsStateDirectory } from '../../operations/aws/chaos-state.ts';
import { againCommand } from '../../operations/chaos/again.ts';
import { exportRuns, missingRuns, readCarried } from '../../operations/chaos/carried-runs.ts';
import { noMatrix } from '../../operations/chaos/errors.ts';
import {
  digestOf,
  type MatrixResults,
  readResults,
  runsOf,
  standingOf,
} from '../../operations/chaos/matrix-results.ts';
import { paintNotice } from '../present/colour.ts';
import { errorJson, isInterruption, reportError } from '../present/errors.ts';
import { formatTable, printJson, printLine, printNotice } from '../present/terminal.ts';
import type { CommandOptions, Invocation } from './invocation.ts';

export async function summary({ positional: names, options, deployment, signal }: Invocation): Promise<number> {
  const scenarios = await loadShipped(names);
  const { cluster } = await loadEnvironment(deployment.environment, deployment.environmentsDirectory);
  const own = join(deployment.stateRoot, cluster.environment);
  const file = resultsFile(options.driver === 'aws' ? awsStateDirectory(own) : own, options.long);
  const here = await readResults(file);
  const carried = options.import === undefined ? undefined : await readCarried(options.import);
  const first = here ?? carried;
  if (first === undefined) throw noMatrix(cluster.environment, options.long);
  const results = carried === undefined ? first : { ...first, runs: [...first.runs, ...missingRuns(first, carried)] };
  if (options.export !== undefined) {
    const count = await exportRuns(options.export, { results, scenarios, stateDirectory: dirname(dirname(file)) });
    printNotice(`Written: ${options.export}, ${count} runs`);
  }
  return await presentMatrix({ ...(await gather(scenarios, results, options.long)), results, names, options, signal });
}

/** What the runs of every scenario came to, and how many are still to do: none of a scenario that cannot be run there. @internal */
export async function gather(
  scenarios: readonly Scenario[],
  results: Pick<MatrixResults, 'runs' | 'skipped'>,
  long: boolean,
): Promise<{ readonly reports: readonly ScenarioReport[]; readonly left: number }> {
  const reports: ScenarioReport[] = [];
  // Behind the others, as a matrix has them.
  const skippedReports: ScenarioReport[] = [];
  let left = 0;
  for (const scenario of scenarios) {
    const ended = runsOf(scenario, results.runs);
    const latest = new Map(ended.map((run) => [run.seed, run]));
    const runs: ScenarioRun[] = [];
    const errors: FailedRun[] = [];
    for (const run of latest.values()) {
      if (run.type === 'error') errors.push(run);
      else {
        const { seed } = run;
        const { last, before } = await standingOf(scenario, seed, ended);
        if (last !== undefined) runs.push({ ...last, seed, before });
      }
    }
    const skipped = results.skipped.findLast(({ digest }) => digest === digestOf(scenario));
    if (runs.length + errors.length === 0 && skipped !== undefined) {
      skippedReports.push(skippedReport(scenario, skipped.why));
      continue;
    }
    left += Math.max(0, scenario.runs[long ? 'long' : 'short'] - runs.length - errors.length);
    if (runs.length + errors.length > 0) reports.push(reportOf(scenario, runs, errors));
  }
  return { reports: [...reports, ...skippedReports], left };
}

export function resultsFile(stateDirectory: string, long: boolean): string {
  return join(stateDirectory, 'chaos', long ? 'matrix-long.jsonl' : 'matrix.jsonl');
}

interface Presented {
  readonly reports: readonly ScenarioReport[];
  /** What ended the runs before their time, to be told last. */
  readonly endedBy?: unknown;
  readonly options: CommandOptions;
  readonly signal: AbortSignal;
}

/** Writes what was asked for of the runs that have ended, prints the table. @returns the exit status @throws the interruption that ended them */
export async function presentRun(presented: Presented & { readonly seed: number }): Promise<number> {
  const { reports, seed, options } = presented;
  const write = async () => {
    if (options.junit !== undefined) await writeFile(options.junit, formatJunit(reports.map(suiteOf)));
    if (options.html !== undefined) await writePages(reports, options.html);
  };
  return await present(presented, write, { seed, reports }, statusOfAll(reports));
}

interface PresentedMatrix extends Presented {
  readonly left: number;
  readonly results: MatrixResults;
  /** Those that were asked for; none for all. */
  readonly names?: readonly string[];
}

/** The same of a matrix. @returns the exit status @throws the interruption that ended it */
export async function presentMatrix(presented: PresentedMatrix): Promise<number> {
  const { reports, left, results, names = [], options } = presented;
  const { seed, startedAt } = results;
  const { long, environment, driver } = options;
  // Without the folder of its state: the table goes into repositories.
  const command = againCommand(['matrix', ...names, ...(long ? ['--long'] : [])], { environment, driver, seed });
  const said: MatrixSummary = { environment: results.environment, seed, startedAt, left, command, reports };
  const files: readonly (readonly [string | undefined, () => string])[] = [
    [options.out, () => summaryMarkdown(said)],
    [options.html, () => summaryHtml(said)],
    [options.junit, () => formatJunit(reports.map(suiteOf))],
  ];
  const write = async () => {
    for (const [file, text] of files) {
      if (file === undefined) continue;
      await writeFile(file, text());
      printNotice(`Written: ${file}`);
    }
  };
  return await present(presented, write, said, statusOfAll(reports, left));
}

/**
 * An error that ended the runs takes nothing from those before it: they are written and shown, and it is told after them, with --json within the one
 * document too. It is graver than a file that cannot be written, so that this does not hide it.
 */
async function present(
  { reports, endedBy, options, signal }: Presented,
  write: () => Promise<void>,
  document: object,
  status: number,
): Promise<number> {
  const isInterrupted = endedBy !== undefined && isInterruption(endedBy, signal.aborted);
  if (isInterrupted && reports.length === 0) throw endedBy;
  await write().catch((error: unknown) => {
    if (endedBy === undefined) throw error;
    printNotice(paintNotice.red(`not written: ${error instanceof Error ? error.message : String(error)}`));
  });
  const isError = endedBy !== undefined && !isInterrupted;
  if (options.json) printJson({ ...document, ...(isError ? { error: errorJson(endedBy) } : {}) });
  else showReports(reports);
  if (endedBy === undefined) return status;
  if (isInterrupted) throw endedBy;
  reportError(endedBy, { json: false, interrupted: false });
  return statusOf.error;
}

/** One page a run: the file that was named for a single one, else numbered by scenario and seed beside it. */
async function writePages(reports: readonly ScenarioReport[], file: string): Promise<void> {
  const runs = reports.flatMap(({ scenario, runs: all }) => all.map((each) => ({ scenario, ...each })));
  for (const { scenario, seed, historyFile } of runs) {
    const page = runs.length === 1 ? file : file.replace(/(\.html)?$/, `-${scenario}-${seed}.html`);
    await writeReport(historyFile, page);
    printNotice(`Page: ${page}`);
  }
}

function showReports(reports: readonly ScenarioReport[]): void {
  const rows = reports.flatMap(({ scenario, verdict, runs, detected, timings }) => {
    const begin = [scenario, verdict, detected === undefined ? `${runs.length}` : `${runs.length}, ${detected} lost`];
    if (timings.length < 2) return [[...begin, ...spreadCells(timings)]];
    return [begin, ...timings.map((each) => [`  ${each.fault}`, '', '', ...spreadCells([each])])];
  });
  const head = ['scenario', 'verdict', 'runs', 'missed', 'elected', 'silent', 'first ack', 'in sync', 'drained'];
  printLine(formatTable(head, rows));
  printLine('Times are seconds: p50, p95, max; ∞ where some never came.');
  for (const { scenario, reasons } of reports) for (const reason of reasons) printLine(`${scenario}, ${reason}`);
}

export function suiteOf({ scenario, runs, errors, verdict, reasons }: ScenarioReport) {
  const cases = [
    ...runs.flatMap(({ seed, before, verdict: last }) => [
      ...before.map((play) => ({
        name: `seed ${seed}, played before`,
        verdict: { verdict: 'skipped' as const, reasons: ['inconclusive, and played once more', ...play.reasons] },
      })),
      { name: `seed ${seed}`, verdict: verdict === 'pass' ? missed(last) : last },
    ]),
    ...errors.map(({ seed, message }) => ({
      name: `seed ${seed}`,
      verdict: { verdict: 'inconclusive' as const, reasons: [`not finished: ${message}`] },
    })),
  ];
  if (cases.length > 0 || verdict === 'error') return { name: scenario, cases };
  return { name: scenario, cases: [{ name: 'all', verdict: { verdict, reasons } }] };
}

/** One of a control that has lost often enough all the same: no reason for CI to be red. */
function missed(last: ScenarioRun['verdict']): Pick<ScenarioRun['verdict'], 'verdict' | 'reasons'> {
  return last.verdict === 'inconclusive' ? { verdict: 'skipped', reasons: last.reasons } : last;
}

/** A fail is a fail, whatever the tool could not finish beside it; what was not run proves nothing, and nor does nothing at all. @internal */
export function statusOfAll(reports: readonly ScenarioReport[], left = 0): number {
  const verdicts = reports.map(({ verdict }) => verdict);
  if (verdicts.includes('fail')) return statusOf.fail;
  const isWhole = reports.length > 0 && left === 0;
  return Math.max(isWhole ? 0 : statusOf.inconclusive, ...verdicts.map((each) => statusOf[each]));
}

export const statusOf: Readonly<Record<VerdictKind | 'error', number>> = {
  pass: 0,
  fail: 1,
  inconclusive: 2,
  skipped: 2,
  error: 3,
};
