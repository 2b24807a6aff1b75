/** What a command of chaos writes and prints of its runs: also of those that ended before an error of the tool, which is told and is the status. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadScenario } from '../../chaos/load-scenarios.ts';
import { reportOf, type ScenarioReport } from '../../chaos/scenario-report.ts';
import { judge } from '../../chaos/verdict.ts';
import { EnsembleError } from '../../contracts/error.ts';
import type { MatrixResults } from '../../operations/chaos/matrix-results.ts';
import { presentMatrix, presentRun, statusOfAll } from '../../scripts/commands/chaos-summary.ts';
import type { CommandOptions } from '../../scripts/commands/invocation.ts';
import { observe, ok, safePlan, send, start } from '../chaos/written-history.ts';
import { capturePrinted, type Printed } from './printed.ts';

const error = new EnsembleError({ code: 'TEST_GONE', message: 'the cluster has gone home', next: 'Wait for it.' });

describe('runs of chaos that an error has ended', () => {
  let folder: string;
  let printed: Printed;
  let reports: readonly ScenarioReport[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
    printed = capturePrinted();
    const verdict = judge(observe(start(1, safePlan), send(1, 'a:1'), ok(1, 0)));
    const command = 'ensemble chaos run safe-leader-kill --seed 7';
    const run = { seed: 7, historyFile: 'history.jsonl', command, verdict, before: [] };
    const failed = { seed: 8, command, code: error.code, message: error.message };
    reports = [reportOf(await loadScenario('safe-leader-kill'), [run], [failed])];
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });

  const present = async (options: Partial<CommandOptions>, given: { endedBy?: unknown; signal?: AbortSignal } = {}) => {
    const signal = given.signal ?? new AbortController().signal;
    return await presentRun({ reports, endedBy: error, seed: 7, options: options as CommandOptions, ...given, signal });
  };

  it('are in the JUnit file and in the one JSON document, with the error; the status is 3', async () => {
    const junit = join(folder, 'chaos.xml');
    expect(await present({ junit, json: true })).toBe(3);
    const xml = await readFile(junit, 'utf8');
    expect(xml).toContain('<testsuite name="safe-leader-kill" tests="2"');
    expect(xml).toContain('not finished: the cluster has gone home');
    expect(JSON.parse(printed.out)).toMatchObject({
      seed: 7,
      reports: [{ runs: [{ seed: 7 }], errors: [{ seed: 8 }] }],
      error: { code: 'TEST_GONE', next: 'Wait for it.' },
    });
    expect(printed.err).toContain('Wait for it.');
  });

  it('are shown to a person before the error; a file that cannot be written does not hide it', async () => {
    expect(await present({ junit: join(folder, 'nowhere', 'chaos.xml') })).toBe(3);
    expect(printed.out).toContain('safe-leader-kill');
    expect(printed.err).toMatch(/not written: ENOENT[\s\S]*TEST_GONE the cluster has gone home/);
  });

  it('are shown after an interruption too, which stays one; where nothing has ended, nothing is', async () => {
    const signal = AbortSignal.abort();
    await expect(present({}, { endedBy: signal.reason, signal })).rejects.toBe(signal.reason);
    expect(printed.out).toContain('safe-leader-kill');
    printed.out = '';
    reports = [];
    await expect(present({}, { endedBy: signal.reason, signal })).rejects.toBe(signal.reason);
    expect(printed.out).toBe('');
  });
});

describe('a matrix of scenarios that were named', () => {
  it('says the command that repeats those, and no others', async () => {
    const printed = capturePrinted();
    const report = reportOf(await loadScenario('safe-leader-kill'), []);
    const results = { environment: 'staging', seed: 7, startedAt: '2026-11-23T12:00:00Z' } as MatrixResults;
    const options = { environment: 'staging', driver: 'hosts', long: true, json: true } as CommandOptions;
    const names = ['safe-leader-kill', 'control-acks-1'];
    const { signal } = new AbortController();
    await presentMatrix({ reports: [report], left: 1, results, names, options, signal });
    vi.restoreAllMocks();
    expect(JSON.parse(printed.out)).toMatchObject({
      command:
        'ensemble chaos matrix safe-leader-kill control-acks-1 --long --environment staging --driver hosts --seed 7',
    });
  });
});

describe('the status of several runs', () => {
  it('is inconclusive where there are none, or some are still to do; a fail stays one', async () => {
    const scenario = await loadScenario('safe-leader-kill');
    const report = (verdict: ScenarioReport['verdict']) => ({ ...reportOf(scenario, []), verdict });
    expect(statusOfAll([])).toBe(2);
    expect(statusOfAll([report('pass')])).toBe(0);
    expect(statusOfAll([report('pass')], 1)).toBe(2);
    expect(statusOfAll([report('fail'), report('error')], 1)).toBe(1);
  });
});
