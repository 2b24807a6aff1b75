/** `ensemble chaos`: scenarios, runs and histories. Exit statuses are its own: 0 pass, 1 fail, 2 inconclusive or skipped, 3 an error of the tool. */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatPrediction, formatVerdict } from '../../chaos/format.ts';
import { formatJunit } from '../../chaos/junit.ts';
import { loadScenario, loadScenarios } from '../../chaos/load-scenarios.ts';
import { readRun } from '../../chaos/observed-run.ts';
import type { Spread } from '../../chaos/timings.ts';
import { judge, type VerdictKind } from '../../chaos/verdict.ts';
import { writeReport } from '../../chaos/write-report.ts';
import { exitStatus } from '../../contracts/error.ts';
import { healAbandoned } from '../../operations/chaos/heal.ts';
import { type MatrixRow, runMatrix, type ScenarioReport } from '../../operations/chaos/matrix.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { formatTable, paint, printJson, printLine, printNotice } from '../present/terminal.ts';
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
  const scenario = await loadScenario(invocation.positional[0] ?? '');
  return await runRows([{ scenario, runs: invocation.options.runs ?? 1 }], invocation);
}

export async function matrix(invocation: Invocation): Promise<number> {
  const { long, runs } = invocation.options;
  const rows = (await loadScenarios())
    .map((scenario) => ({ scenario, runs: long ? scenario.runs.long : scenario.runs.short }))
    .filter((row) => row.runs > 0)
    .map((row) => ({ ...row, runs: runs ?? row.runs }));
  return await runRows(rows, invocation);
}

export async function check({ positional: [file = ''], options }: Invocation): Promise<number> {
  const verdict = judge(await readRun(file));
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

/** Opening the environment has healed what was abandoned already, as any command does: this tries once more, and says what is left. */
export async function heal({ options, deployment }: Invocation): Promise<number> {
  const healed: string[] = [];
  const opened = await openDeployment({ ...deployment, onProgress: (line) => healed.push(line) });
  const report = await healAbandoned(opened);
  const left = report.left.map(({ says, why }) => `${says}: ${why}`);
  if (options.json) printJson({ healed: [...healed, ...report.healed], left });
  else {
    for (const line of [...healed, ...report.healed]) printLine(line);
    for (const line of left) printLine(paint.red(`not healed: ${line}`));
    if (healed.length + report.healed.length + left.length === 0) printLine('nothing is broken on purpose');
  }
  return left.length === 0 ? exitStatus.ok : errorOfTool;
}

async function runRows(rows: readonly MatrixRow[], invocation: Invocation): Promise<number> {
  const { options, deployment, signal, onWaitForLock } = invocation;
  const seed = options.seed ?? randomInt(2 ** 31);
  const opened = await openDeployment(deployment);
  // Not judged, and never passed.
  const skipped = rows.filter(
    ({ scenario }) => scenario.workload.through !== 'kafka' && opened.environment.spec.api === undefined,
  );
  for (const { scenario } of skipped)
    printNotice(`${scenario.name} is skipped: it goes through the messaging API, and the environment has none`);
  const reports = await runMatrix(
    opened,
    {
      rows: rows.filter((row) => !skipped.includes(row)),
      seed,
      environment: options.environment,
      onRun: (scenario, each) => printNotice(paint.bold(`${scenario.name}, seed ${each}: ${scenario.title}`)),
      onPrediction: (prediction) => {
        for (const line of formatPrediction(prediction)) printNotice(line);
      },
      onProgress: (text) => printNotice(`  ${text}`),
      onVerdict: ({ verdict, historyFile, command }) => {
        for (const line of [...formatVerdict(verdict), `History: ${historyFile}`, `Again: ${command}`])
          printNotice(line);
      },
      onWaitForLock,
    },
    signal,
  );
  if (options.html !== undefined) await writePages(reports, options.html);
  if (options.junit !== undefined) await writeFile(options.junit, formatJunit(reports.map(suiteOf)));
  if (options.json) printJson({ seed, reports });
  else show(reports);
  const verdicts = reports.map(({ verdict }) => verdict);
  return Math.max(
    0,
    verdicts.includes('fail') ? statusOf.fail : 0,
    ...(verdicts.includes('fail') ? [] : [...verdicts, ...skipped.map(() => 'skipped' as const)]).map(
      (each) => statusOf[each],
    ),
  );
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

function show(reports: readonly ScenarioReport[]): void {
  const rows = reports.map(({ scenario, verdict, runs, detected, timings }) => [
    scenario,
    verdict,
    detected === undefined ? `${runs.length}` : `${runs.length}, ${detected} lost`,
    formatSpread(timings.detection),
    formatSpread(timings.election),
    formatSpread(timings.silence),
    formatSpread(timings.inSync),
    formatSpread(timings.drained),
  ]);
  const head = ['scenario', 'verdict', 'runs', 'missed', 'elected', 'silent', 'in sync', 'drained'];
  printLine(formatTable(head, rows));
  printLine('Times are seconds: p50, p95, max; ∞ where some never came.');
  for (const { scenario, reasons } of reports) for (const reason of reasons) printLine(`${scenario}, ${reason}`);
}

function formatSpread({ runs, p50, p95, max }: Spread): string {
  if (runs === 0) return '–';
  return [p50, p95, max].map((ms) => (ms === undefined ? '∞' : (ms / 1000).toFixed(1))).join(' ');
}

function suiteOf({ scenario, runs }: ScenarioReport) {
  return { name: scenario, cases: runs.map(({ seed, verdict }) => ({ name: `seed ${seed}`, verdict })) };
}

const errorOfTool = 3;
const statusOf: Readonly<Record<VerdictKind, number>> = { pass: 0, fail: 1, inconclusive: 2, skipped: 2 };
