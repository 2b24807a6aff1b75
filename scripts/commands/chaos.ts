/** `ensemble chaos`: scenarios, runs and histories. Exit statuses are its own: 0 pass, 1 fail, 2 inconclusive or skipped, 3 an error of the tool. */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatPrediction, formatVerdict } from '../../chaos/format.ts';
import { formatJunit } from '../../chaos/junit.ts';
import { loadScenario, loadScenarios, loadShipped } from '../../chaos/load-scenarios.ts';
import { readRun } from '../../chaos/observed-run.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { skippedReport } from '../../chaos/scenario-report.ts';
import { judge } from '../../chaos/verdict.ts';
import { writeReport } from '../../chaos/write-report.ts';
import { exitStatus } from '../../contracts/error.ts';
import { cannotRun } from '../../operations/chaos/cannot-run.ts';
import { missingRuns, readCarried, refuseOthers } from '../../operations/chaos/carried-runs.ts';
import { healAbandoned } from '../../operations/chaos/heal.ts';
import { hostsSystem } from '../../operations/chaos/hosts-system.ts';
import { type MatrixPlace, type MatrixReport, type MatrixRow, runMatrix } from '../../operations/chaos/matrix.ts';
import { digestOf, type MatrixResults, openResults } from '../../operations/chaos/matrix-results.ts';
import { runSeated, seatedHere } from '../../operations/chaos/seat.ts';
import { localSystem, type SystemUnderTest } from '../../operations/chaos/system.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { standardState } from '../command-line.ts';
import { paint, paintNotice } from '../present/colour.ts';
import { formatTable, printJson, printLine, printNotice } from '../present/terminal.ts';
import { agree } from './chaos-consent.ts';
import { presentMatrix, presentRun, resultsFile, statusOf } from './chaos-summary.ts';
import type { Invocation } from './invocation.ts';

export async function list({ options }: Invocation): Promise<number> {
  const scenarios = await loadScenarios();
  if (options.json) {
    printJson(scenarios);
    return exitStatus.ok;
  }
  const rows = scenarios.map(({ name, title, expect }) => [
    name,
    expect.writing,
    expect.reading,
    expect.mustLose ? 'must lose' : expect.durability === 'keeps' ? 'keeps' : 'may lose',
    title,
  ]);
  printLine(formatTable(['scenario', 'writing', 'reading', 'durability', 'what happens'], rows));
  return exitStatus.ok;
}

export async function run(invocation: Invocation): Promise<number> {
  const { options, signal } = invocation;
  const named = invocation.positional[0] ?? '';
  const scenario = await loadScenario(named);
  const seed = options.seed ?? drawSeed();
  return await onSystem(invocation, async (opened) => {
    const rows = [{ scenario, named, runs: options.runs ?? 1 }];
    const possible = await possibleOf(opened, rows, invocation);
    const again = options.again ?? 0;
    const report = await runRows(opened, { ...possible, seed, again, errorsInARow: 1 }, invocation);
    return await presentRun({ ...report, seed, options, signal });
  });
}

export async function matrix(invocation: Invocation): Promise<number> {
  const scenarios = await loadShipped(invocation.positional);
  return await onSystem(invocation, async (opened) => await matrixOn(opened, scenarios, invocation));
}

async function matrixOn(
  opened: SystemUnderTest,
  scenarios: readonly Scenario[],
  invocation: Invocation,
): Promise<number> {
  const { options, positional: names, signal } = invocation;
  const { long, fresh, runs } = options;
  // Who names one wants it played, also where the short matrix leaves it out.
  const least = names.length === 0 ? 0 : 1;
  const rows = scenarios
    .map((scenario) => ({ scenario, usual: Math.max(least, scenario.runs[long ? 'long' : 'short']) }))
    .filter(({ usual }) => usual > 0)
    .map(({ scenario, usual }) => ({ scenario, named: scenario.name, runs: runs ?? usual }));
  const { environment } = opened.environment.cluster;
  const possible = await possibleOf(opened, rows, invocation);
  const file = resultsFile(opened.stateDirectory, long);
  const resume = long && !fresh;
  const carried = options.import === undefined ? undefined : await readCarried(options.import);
  // Before a new matrix is begun and the one of before put aside.
  if (carried !== undefined) refuseOthers(carried, { environment, seed: options.seed ?? carried.seed });
  const draw = () => carried?.seed ?? drawSeed();
  const onAside = (kept: string) => printNotice(`the matrix of before is kept: ${kept}`);
  const results = await openResults(file, { environment, seed: options.seed, draw, resume, onAside });
  for (const run of carried === undefined ? [] : missingRuns(results, carried)) await results.add(run);
  const { seed, runs: before } = results;
  if (before.length > 0) printNotice(`going on after ${before.length} runs of before (--fresh begins anew): ${file}`);
  const again = options.again ?? 1;
  const report = await runRows(opened, { ...possible, seed, results, again, errorsInARow: mostErrors }, invocation);
  if (report.left > 0 && report.endedBy === undefined)
    printNotice(paintNotice.red(`ended after ${mostErrors} errors in a row; ${report.left} runs are still to do`));
  return await presentMatrix({ ...report, results, names, options, signal });
}

export async function check({ positional: [file = ''], options }: Invocation): Promise<number> {
  const run = await readRun(file);
  const verdict = judge(run);
  const { scenario, seed } = run.start;
  if (options.junit !== undefined)
    await writeFile(options.junit, formatJunit([{ name: scenario, cases: [{ name: `seed ${seed}`, verdict }] }]));
  if (options.json) printJson(verdict);
  else for (const line of formatVerdict(verdict)) printLine(line);
  return statusOf[verdict.verdict];
}

export async function report({ positional: [file = ''], options }: Invocation): Promise<number> {
  const page = options.html ?? join(dirname(file), 'report.html');
  const verdict = await writeReport(file, page);
  if (options.json) printJson({ page, verdict });
  else printLine(`${page}: ${verdict.verdict}`);
  return statusOf[verdict.verdict];
}

/** What is left is undone here and not on the way in, so that each is told once, with its reason where it stays. */
export async function heal(invocation: Invocation): Promise<number> {
  const { options, deployment, signal } = invocation;
  const untouched = { ...invocation, deployment: { ...deployment, leaveFaults: true } };
  const healing = async (opened: SystemUnderTest) => {
    const { healed, left, held } = await healAbandoned(opened, {
      timeoutMs: opened.servesWithinMs,
      signal,
      onProgress: printNotice,
    });
    if (options.json) printJson({ healed, left: left.map(({ says, why }) => `${says}: ${why}`), held });
    else {
      for (const line of healed) printLine(`healed: ${line}`);
      for (const { says, why } of left) printLine(paint.red(`not healed: ${says}: ${why}`));
      for (const { says, by } of held) printLine(`left to its run: ${says} (${by})`);
      if (healed.length + left.length + held.length === 0) printLine('nothing is broken on purpose');
    }
    return left.length === 0 ? exitStatus.ok : statusOf.error;
  };
  return await onSystem(untouched, healing, { healing: true });
}

/** Machines are reached from inside their network alone: the command is run there once more, and its status is this one's. */
async function onSystem(
  { options, deployment, signal }: Invocation,
  work: (system: SystemUnderTest) => Promise<number>,
  { healing = false } = {},
): Promise<number> {
  if (options.driver === 'aws') {
    const { onAwsSystem } = await import('../../operations/chaos/aws-system.ts');
    const onUnseen = (node: string) =>
      printNotice(`${node} does not answer here: it is not broken, since nobody would see it`);
    return await onAwsSystem(deployment, { signal, onUnseen, healing }, work);
  }
  if (options.driver !== 'hosts') return await work(localSystem(await openDeployment(deployment)));
  const handed = await seatedHere();
  if (handed !== undefined) return await work(await hostsSystem(deployment, handed));
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  return (await runSeated(deployment, { command, signal })).status;
}

/** Of the rows of a command. */
interface Possible {
  readonly rows: readonly MatrixRow[];
  /** Not judged, and never passed. */
  readonly skipped: readonly { readonly scenario: Scenario; readonly why: string }[];
}

/** Says what is skipped, and asks a person where one has to agree; nothing was begun yet. @throws EnsembleError OPERATIONS_FAULT_NOT_CONFIRMED */
async function possibleOf(
  opened: SystemUnderTest,
  rows: readonly MatrixRow[],
  { signal }: Invocation,
): Promise<Possible> {
  const skipped: { scenario: Scenario; why: string }[] = [];
  for (const { scenario } of rows) {
    const why = await cannotRun(scenario, opened);
    if (why === undefined) continue;
    skipped.push({ scenario, why });
    printNotice(`${scenario.name} is skipped: ${why}`);
  }
  const left = rows.filter((row) => !skipped.some(({ scenario }) => scenario === row.scenario));
  const scenarios = left.map(({ scenario }) => scenario);
  await agree(opened, scenarios, signal);
  return { rows: left, skipped };
}

/** What runs of one command have in common. */
interface RowsOptions extends Possible {
  readonly seed: number;
  readonly results?: MatrixResults;
  readonly again: number;
  readonly errorsInARow: number;
}

async function runRows(opened: SystemUnderTest, options: RowsOptions, invocation: Invocation): Promise<MatrixReport> {
  const { signal, onWaitForLock, options: given } = invocation;
  const { skipped } = options;
  for (const { scenario, why } of skipped) await noteSkipped(options.results, scenario, why);
  const { reports, left, endedBy } = await runMatrix(
    opened,
    {
      ...options,
      environment: given.environment,
      state: given.state === standardState ? undefined : given.state,
      onRun: (scenario, each, place) =>
        printNotice(paintNotice.bold(`${formatPlace(place)}${scenario.name}, seed ${each}: ${scenario.title}`)),
      onPrediction: (prediction) => {
        for (const line of formatPrediction(prediction)) printNotice(line);
      },
      onProgress: (text) => printNotice(`  ${text}`),
      onVerdict: ({ verdict, historyFile, command }) => {
        for (const line of [...formatVerdict(verdict), `History: ${historyFile}`, `Again: ${command}`])
          printNotice(line);
      },
      onError: ({ message, code }) => printNotice(paintNotice.red(`not finished: ${message} (${code})`)),
      onWaitForLock,
    },
    signal,
  );
  const all = [...reports, ...skipped.map(({ scenario, why }) => skippedReport(scenario, why))];
  return { reports: all, left, endedBy };
}

/** Once: a matrix that goes on says the same again. */
async function noteSkipped(results: MatrixResults | undefined, scenario: Scenario, why: string): Promise<void> {
  const line = { type: 'skipped', scenario: scenario.name, digest: digestOf(scenario), why } as const;
  const isNoted = results?.skipped.some((each) => each.digest === line.digest && each.why === why);
  if (isNoted === false) await results?.add(line);
}

/** `run 12 of 203, about 2 h 40 min left: `; nothing of a single run. */
function formatPlace({ run: number, of, leftMs }: MatrixPlace): string {
  if (of === 1) return '';
  const minutes = Math.ceil((leftMs ?? 0) / 60_000);
  const time = minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `run ${number} of ${of}${leftMs === undefined ? '' : `, about ${time} left`}: `;
}

function drawSeed(): number {
  return randomInt(2 ** 31);
}

/** A matrix that meets so many of the tool's own errors one after another has a cause that the next run meets too. */
const mostErrors = 3;
