/** `ensemble chaos`: scenarios and histories. Exit statuses are the issue's own: 0 pass, 1 fail, 2 inconclusive or skipped, 3 an error of the tool. */
import { formatVerdict } from '../../chaos/format.ts';
import { loadScenarios } from '../../chaos/load-scenarios.ts';
import { readRun } from '../../chaos/observed-run.ts';
import { judge, type VerdictKind } from '../../chaos/verdict.ts';
import { exitStatus } from '../../contracts/error.ts';
import { formatTable, printJson, printLine } from '../present/terminal.ts';
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

export async function check({ positional: [file = ''], options }: Invocation): Promise<number> {
  const verdict = judge(await readRun(file));
  if (options.json) printJson(verdict);
  else for (const line of formatVerdict(verdict)) printLine(line);
  return statusOf[verdict.verdict];
}

const statusOf: Readonly<Record<VerdictKind, number>> = { pass: 0, fail: 1, inconclusive: 2, skipped: 2 };
