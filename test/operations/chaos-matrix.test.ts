/** A matrix that is ended goes on from there: what has ended is not run again, what the tool could not finish is; and one table says it all. */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScenario, loadShipped } from '../../chaos/load-scenarios.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { type ScenarioReport, skippedReport } from '../../chaos/scenario-report.ts';
import { summaryHtml, summaryMarkdown } from '../../chaos/summary.ts';
import { judge } from '../../chaos/verdict.ts';
import { notHealed } from '../../operations/chaos/errors.ts';
import { type MatrixPlace, type MatrixRow, playMatrix } from '../../operations/chaos/matrix.ts';
import { digestOf, type MatrixResults, openResults, readResults } from '../../operations/chaos/matrix-results.ts';
import { remainingMs } from '../../operations/chaos/remaining.ts';
import { gather, suiteOf } from '../../scripts/commands/chaos-summary.ts';
import { observe, ok, safePlan, send, start, timed } from '../chaos/written-history.ts';

const events = [start(1, safePlan), send(1, 'a:1'), ok(1, 0)];
const never = new AbortController().signal;

describe('a matrix of chaos', () => {
  let folder: string;
  let file: string;
  let rows: MatrixRow[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
    file = join(folder, 'chaos', 'matrix-long.jsonl');
    rows = [await rowOf('safe-leader-kill', 3), await rowOf('masters-two-down', 2)];
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const rowOf = async (named: string, runs: number) => ({ scenario: await loadScenario(named), named, runs });
  const opened = (given: { readonly seed?: number; readonly resume?: boolean } = {}) =>
    openResults(file, { environment: 'local', draw: () => 7, seed: given.seed, resume: given.resume ?? true });

  /** Plays what is to do; of the runs of this call, from 1, `fails` says which the tool cannot finish, and `passes` which are not inconclusive. */
  const play = async (
    results: MatrixResults,
    {
      fails = () => false,
      passes = () => false,
      again = 0,
      signal = never,
      error = new Error('the cluster has gone home'),
      errorsInARow = 3,
      state,
    }: {
      fails?: (run: number) => boolean;
      passes?: (run: number) => boolean;
      again?: number;
      signal?: AbortSignal;
      error?: Error;
      errorsInARow?: number;
      state?: string;
    } = {},
  ) => {
    const played: string[] = [];
    const commands: string[] = [];
    const places: MatrixPlace[] = [];
    const options = {
      rows,
      seed: results.seed,
      environment: 'local',
      state,
      results,
      again,
      errorsInARow,
      onRun: (_scenario: Scenario, _seed: number, place: MatrixPlace) => places.push(place),
      onPrediction: () => {},
      onProgress: () => {},
      onVerdict: () => {},
      onError: () => {},
    };
    const matrix = playMatrix(options, signal, async ({ name }, seed, command) => {
      commands.push(command);
      played.push(`${name} ${seed}`);
      signal.throwIfAborted();
      if (fails(played.length)) throw error;
      const historyFile = join(folder, `${name}-${seed}-${results.runs.length}.jsonl`);
      await writeFile(
        historyFile,
        timed(events).map((event) => `${JSON.stringify(event)}\n`),
      );
      const verdict = judge(observe(...events));
      return { historyFile, verdict: passes(played.length) ? { ...verdict, verdict: 'pass' } : verdict };
    });
    return { played, commands, places, matrix };
  };
  const whole = [
    'safe-leader-kill 7',
    'masters-two-down 7',
    'safe-leader-kill 8',
    'masters-two-down 8',
    'safe-leader-kill 9',
  ];

  it('goes on after an interruption with the run that was not ended, and in the end has them all', async () => {
    const stopping = new AbortController();
    const first = await play(await opened(), {
      signal: stopping.signal,
      fails: (run) => {
        if (run === 2) stopping.abort();
        return run === 2;
      },
    });
    const { endedBy, ...begun } = await first.matrix;
    expect(endedBy).toMatchObject({ message: 'the cluster has gone home' });
    expect([begun.left, begun.reports.map(({ scenario }) => scenario)]).toEqual([4, ['safe-leader-kill']]);
    const second = await play(await opened());
    const { reports, left } = await second.matrix;
    expect(second.played).toEqual(whole.slice(1));
    expect(second.places.map(({ run, of }) => [run, of])).toEqual([2, 3, 4, 5].map((run) => [run, 5]));
    expect(second.places[0]?.leftMs).toBeGreaterThanOrEqual(0);
    expect([left, ...reports.map(({ runs }) => runs.map(({ seed }) => seed))]).toEqual([0, [7, 8, 9], [7, 8]]);
    const third = await play(await opened());
    expect((await third.matrix).reports).toEqual(reports);
    expect(third.played).toEqual([]);
  });

  it('makes a row of what the tool could not finish, goes on, and runs it again the next time', async () => {
    const first = await play(await opened(), { fails: (run) => run === 2 });
    const { reports, left } = await first.matrix;
    expect([first.played, left]).toEqual([whole, 0]);
    expect(reports[1]).toMatchObject({
      verdict: 'error',
      errors: [{ seed: 7, code: 'Error', message: 'the cluster has gone home' }],
      reasons: expect.arrayContaining(['seed 7 was not finished: the cluster has gone home (Error)']),
    });
    const second = await play(await opened());
    expect((await second.matrix).reports[1]?.errors).toEqual([]);
    expect(second.played).toEqual(['masters-two-down 7']);
  });

  it('is ended after three such rows one after another, and says what is still to do', async () => {
    const first = await play(await opened(), { fails: (run) => run >= 2 });
    const { left, reports } = await first.matrix;
    expect([first.played.length, left]).toEqual([4, 1]);
    expect(reports.map(({ verdict }) => verdict)).toEqual(['error', 'error']);
  });

  it('is ended at once where something stays broken', async () => {
    const broken = notHealed([{ says: 'SIGSTOP to kafka', why: 'it is gone' }], undefined);
    const first = await play(await opened(), { fails: (run) => run === 2, error: broken });
    expect((await first.matrix).endedBy).toBe(broken);
    expect(first.played).toEqual(whole.slice(0, 2));
    expect((await readResults(file))?.runs.map(({ type }) => type)).toEqual(['run', 'error']);
  });

  it('of which the first error is the end keeps what ended before, and that error', async () => {
    const error = new Error('the disk is full');
    const first = await play(await opened(), { fails: (run) => run === 2, error, errorsInARow: 1 });
    const { reports, endedBy } = await first.matrix;
    expect([first.played, endedBy]).toEqual([whole.slice(0, 2), error]);
    expect(reports.map(({ runs, errors }) => [runs.length, errors.map(({ message }) => message)])).toEqual([
      [1, []],
      [0, ['the disk is full']],
    ]);
  });

  it('repeats a run by the scenario, the environment and the state as a person named them', async () => {
    const [first] = rows;
    if (first === undefined) throw new Error('no row');
    rows = [{ ...first, named: "./my scenarios/it's mine.yaml", runs: 1 }];
    const { commands, matrix } = await play(await opened(), { state: '../state' });
    const again =
      "ensemble chaos run './my scenarios/it'\\''s mine.yaml' --environment local --state ../state --seed 7";
    expect((await matrix).reports[0]?.runs[0]?.command).toBe(again);
    expect(commands, 'what the history says').toEqual([again]);
  });

  it('keeps what cannot be run there with its reason, and takes none of it for what is still to do', async () => {
    const results = await opened();
    const scenario = await loadScenario('machine-leader-kill');
    const why = 'a process has no machine of its own';
    const before = (await gather(await loadShipped([]), results, true)).left;
    // It was tried once, and could not be finished: that it cannot be run here is the better word for it.
    const tried = { scenario: scenario.name, digest: digestOf(scenario), seed: 7, command: 'again', tookMs: 1 };
    await results.add({ type: 'error', ...tried, code: 'X', message: 'it was not expected here' });
    await results.add({ type: 'skipped', scenario: scenario.name, digest: digestOf(scenario), why });
    const again = await readResults(file);
    const { left, reports } = await gather(await loadShipped([]), again ?? results, true);
    expect([left, reports]).toEqual([before - scenario.runs.long, [skippedReport(scenario, why)]]);
    const named = await loadShipped(['masters-one-down']);
    expect(await gather(named, results, true), 'of those that were named').toEqual({
      reports: [],
      left: named[0]?.runs.long,
    });
    expect((await (await play(await opened())).matrix).left).toBe(0);
    // One that was changed since may be possible now.
    await results.add({ type: 'skipped', scenario: 'masters-two-down', digest: 'of another', why });
    expect((await gather(await loadShipped([]), results, true)).left).toBe(left);
  });

  it('runs again what was changed since, and what lost its history', async () => {
    await (await play(await opened())).matrix;
    await rm(join(folder, 'masters-two-down-8-3.jsonl'));
    rows = rows.map(({ scenario, ...rest }, index) => ({
      scenario: index === 0 ? { ...scenario, recoverySeconds: scenario.recoverySeconds + 1 } : scenario,
      ...rest,
    }));
    const second = await play(await opened());
    await second.matrix;
    expect(second.played).toEqual([whole[0], whole[2], 'masters-two-down 8', whole[4]]);
    const said = (await gather(await loadShipped([]), await opened(), true)).reports.find(
      ({ scenario }) => scenario === 'masters-two-down',
    );
    expect(
      said?.runs.map(({ before }) => before),
      'what is gone was not inconclusive',
    ).toEqual([[], []]);
  });

  it('plays once more what was inconclusive, as often as is asked for, and says so; never a control', async () => {
    rows = [...rows, await rowOf('control-acks-1', 1)];
    const first = await play(await opened(), { again: 1, passes: (run) => run === 2 });
    const { reports } = await first.matrix;
    const twice = (name: string) => [name, name];
    expect(first.played).toEqual([
      ...twice('safe-leader-kill 7'),
      ...twice('masters-two-down 7'),
      'control-acks-1 7',
      ...whole.slice(2).flatMap(twice),
    ]);
    const counts = (of: readonly ScenarioReport[]) => of.map(({ runs }) => runs.map(({ before }) => before.length));
    expect(counts(reports)).toEqual([[1, 1, 1], [1, 1], [0]]);
    expect(reports[0]?.runs[0]?.verdict.verdict, 'the last one stands').toBe('pass');
    const results = await opened();
    const [row] = (await gather(await loadShipped([]), results, true)).reports.filter(
      ({ scenario }) => scenario === 'safe-leader-kill',
    );
    expect(counts(row === undefined ? [] : [row])).toEqual([[1, 1, 1]]);
    expect(row?.reasons).toContainEqual(
      expect.stringMatching(/^seed 7, played before: the history was cut off.*safe-leader-kill-7-0\.jsonl\)$/),
    );
    expect(
      row === undefined ? [] : suiteOf(row).cases.map(({ name, verdict }) => [name, verdict.verdict]),
    ).toContainEqual(['seed 7, played before', 'skipped']);
    expect(summaryMarkdown({ ...results, left: 0, command: '', reports: row === undefined ? [] : [row] })).toContain(
      '3 played once more, inconclusive before',
    );
    const page = summaryHtml({ ...results, left: 0, command: '', reports: row === undefined ? [] : [row] });
    expect(page, 'the page has the plays of before too').toMatch(/<li>seed 7, played before: the history was cut off/);
    const same = await play(await opened(), { again: 1 });
    await same.matrix;
    expect(same.played, 'none is played a third time').toEqual([]);
    const more = await play(await opened(), { again: 2 });
    await more.matrix;
    expect(more.played).toEqual(whole);
  });

  it('begins anew where that is asked for, or another seed, and keeps the one of before', async () => {
    await (await play(await opened())).matrix;
    const fresh = await play(await opened({ resume: false }));
    await fresh.matrix;
    expect(fresh.played).toEqual(whole);
    const kept: string[] = [];
    const onAside = (aside: string) => void kept.push(aside);
    const other = await openResults(file, { environment: 'local', draw: () => 7, seed: 100, resume: true, onAside });
    expect([other.seed, other.runs]).toEqual([100, []]);
    expect((await readResults(kept[0] ?? ''))?.runs.length, 'where a person is told').toBe(5);
    expect((await opened()).seed, 'the seed of before').toBe(100);
    expect((await readdir(join(folder, 'chaos'))).length).toBe(3);
  });

  it('reads its own results strictly; a line that a crash tore off is left out and taken away', async () => {
    await (await play(await opened())).matrix;
    const text = await readFile(file, 'utf8');
    await appendFile(file, '{"type":"run","scen');
    expect((await readResults(file))?.runs.length).toBe(5);
    expect(await readFile(file, 'utf8')).toBe(text);
    await appendFile(file, '{"type":"party"}\n');
    await expect(readResults(file)).rejects.toMatchObject({
      code: 'OPERATIONS_CHAOS_MATRIX_UNREADABLE',
      message: `${file}, line 7, is not a line of what a matrix writes`,
    });
  });

  it('is one table: every scenario with its verdict, what did not pass with its reason, in Markdown and as a page', async () => {
    const results = await opened();
    const { reports } = await (await play(results, { fails: (run) => run === 2 })).matrix;
    const skipped = skippedReport(await loadScenario('api-node-kill'), 'the environment has <none> | at all');
    const said = { ...results, left: 2, command: 'ensemble chaos matrix --long', reports: [...reports, skipped] };
    const markdown = summaryMarkdown(said);
    const table = markdown.split('\n').filter((line) => line.startsWith('|'));
    expect(table.map((line) => line.split(/(?<!\\)\|/).length)).toEqual(table.map(() => 13));
    expect(table.length).toBe(2 + 3);
    expect(markdown).toContain('2 runs are still to do');
    expect(markdown).toContain('- seed 7 was not finished: the cluster has gone home (Error)');
    expect(markdown).toContain('`api-node-kill`:\n- the environment has <none> | at all');
    const page = summaryHtml(said);
    expect(page).toContain('<tr class="skipped">');
    expect(page).toContain('<ul><li>the environment has &lt;none&gt; | at all</li></ul></details>');
    expect(page).toContain('ensemble chaos run safe-leader-kill --environment local --seed 7');
    expect(page).not.toMatch(/<none>|https?:\/\//);
  });
});

describe('the rest of a matrix', () => {
  it('is reckoned by what runs of each scenario took, and of the others by the mean', () => {
    const ran = (scenario: string, tookMs: number) => ({ type: 'run' as const, scenario, tookMs });
    const left = ['a', 'a', 'b'].map((name) => ({ name }));
    expect(remainingMs([], left)).toBeUndefined();
    expect(remainingMs([ran('a', 10), ran('a', 20), ran('c', 60)], left)).toBe(15 + 15 + 30);
    expect(
      remainingMs([{ ...ran('a', 1), type: 'error' }], left),
      'what was not finished took no time',
    ).toBeUndefined();
  });
});
