/**
 * The test command: `npm test` runs every test that this machine can run, tier by tier, and ends with a table and `N passed, N failed`.
 * quick: types, lint and arrows one after another beside the units (two cores carry two things at once), then integration: real processes, one file
 * after another, with more of them beside, and then those that are alone on the machine. long: hours, only when asked for; what it said last is kept (test/long-report.ts). What a tier prints is shown when it fails; vitest's own report is shown as it comes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { installationRoot } from '../platform/installation-root.ts';
import { type Circumstances, writeLongReport } from './test/long-report.ts';
import { runCommand, stopChildren } from './test/run-command.ts';
import { type Lack, lackShape, type Part, summarize } from './test/summary.ts';
import { readReport } from './test/vitest-report.ts';

const tiers = ['quick', 'integration', 'long'] as const;
type Tier = (typeof tiers)[number];

const root = installationRoot();
const reports = join(root, '.test-report');

const command = new Command('test')
  .description('Runs the tests: the quick tier, then integration. Exits with 0 when all that ran passed, else with 1.')
  .addOption(new Option('--tier <tier>', 'only this tier').choices([...tiers]))
  .option('--filter <words>', 'only test files whose path contains this; leaves out types, lint and arrows')
  .parse();
const { tier, filter } = z
  .object({ tier: z.enum(tiers).optional(), filter: z.string().optional() })
  .parse(command.opts());

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopChildren('SIGTERM').then(() => process.exit(signal === 'SIGINT' ? 130 : 143)));
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const chosen: readonly Tier[] = tier === undefined ? ['quick', 'integration'] : [tier];
const parts: Part[] = [];
for (const each of chosen)
  parts.push(...(await (each === 'quick' ? runQuick() : each === 'integration' ? runIntegration() : runLong())));
if (chosen.includes('long')) writeLongReport(root, reports, circumstances());
const { lines, exitCode } = summarize(parts, readLacks());
console.log(`\n${lines.join('\n')}`);
process.exitCode = exitCode;

function circumstances(): Circumstances {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes';
  const processor = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return {
    date: `${new Date().toISOString().slice(0, 16)} UTC`,
    commit: `${git('rev-parse', '--short', 'HEAD')}${changed}`,
    machine: `${processor}, ${process.platform} ${release().split('-')[0]}, Node ${process.versions.node}`,
  };
}

async function runQuick(): Promise<readonly Part[]> {
  if (filter !== undefined) return [await runVitest('quick')];
  console.log('… types, lint and arrows, beside the units');
  const [checks, units] = await Promise.all([runChecks(), runVitest('quick')]);
  // Only now: vitest owns the terminal while it runs.
  for (const { part, output } of checks) {
    console.log(
      `${part.failed === 0 ? '✓' : '✗'} ${part.name} (${part.seconds.toFixed(1)} s)${part.failed === 0 ? '' : `\n${output}`}`,
    );
  }
  return [...checks.map(({ part }) => part), units];
}

interface Check {
  readonly part: Part;
  readonly output: string;
}

async function runChecks(): Promise<readonly Check[]> {
  const bin = (path: string) => join(root, 'node_modules', path);
  return [
    await runCheck('types', [bin('typescript/bin/tsc'), '--noEmit']),
    await runCheck('lint', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']),
    await runCheck('arrows', [
      bin('dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      '.',
    ]),
  ];
}

/** A check counts as one test. */
async function runCheck(name: string, argv: readonly string[]): Promise<Check> {
  const { status, output, seconds } = await runCommand(argv, { cwd: root, show: 'never' });
  const passed = status === 0 ? 1 : 0;
  const failures = passed === 1 ? [] : [{ file: '', name: '', message: output }];
  return { part: { name, passed, failed: 1 - passed, skipped: 0, seconds, failures }, output };
}

/** Two at a time on two cores, of which Terraform mostly waits; then what a busy machine could not show. */
async function runIntegration(): Promise<readonly Part[]> {
  const said: string[] = [];
  const [integration, beside] = await Promise.all([
    runVitest('integration'),
    runVitest('beside', (output) => said.push(output)),
  ]);
  // Only now: the other's report owns the terminal while it runs. A filter may have left nothing of it.
  if (hasRun(beside)) console.log(said.join(''));
  const others = [beside, await runVitest('alone')];
  return [integration, ...others.filter(hasRun)];
}

function hasRun({ passed, failed, skipped }: Part): boolean {
  return passed + failed + skipped > 0;
}

async function runLong(): Promise<readonly Part[]> {
  return [await runVitest('long')];
}

/** `keep`: what it prints is handed over in the place of being shown. */
async function runVitest(name: Tier | 'beside' | 'alone', keep?: (output: string) => void): Promise<Part> {
  const report = join(reports, `${name}.json`);
  const argv = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', name, '--passWithNoTests'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  console.log(`… ${name === 'quick' ? 'units' : name}`);
  const { status, seconds, output } = await runCommand(
    [...argv, ...reporters, ...(filter === undefined ? [] : [filter])],
    {
      cwd: root,
      show: keep === undefined ? 'always' : 'never',
    },
  );
  keep?.(output);
  const counts = readReport(report, root);
  // An error outside any test (a file that does not load is in the report, a crash of vitest is not) fails the tier too.
  const failed = counts.failed === 0 && status !== 0 ? 1 : counts.failed;
  return { ...counts, name: name === 'quick' ? 'units' : name, failed, seconds };
}

function readLacks(): readonly Lack[] {
  const folder = join(reports, 'lacks');
  try {
    return readdirSync(folder).map((file) => lackShape.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
  } catch {
    return []; // no test asked for what is not here
  }
}
