/** A matrix that is done in pieces, on several machines: what one has exported, another counts as done, in the same table; and nothing else is taken. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScenario, loadScenarios } from '../../chaos/load-scenarios.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { exportRuns, missingRuns, readCarried } from '../../operations/chaos/carried-runs.ts';
import { digestOf, openResults } from '../../operations/chaos/matrix-results.ts';
import { gather } from '../../scripts/commands/chaos-summary.ts';
import { ok, safePlan, send, start, timed } from '../chaos/written-history.ts';

describe('the runs of a matrix that goes from machine to machine', () => {
  let folder: string;
  let scenario: Scenario;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
    scenario = await loadScenario('safe-leader-kill');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const opened = (machine: string, seed = 7) =>
    openResults(join(folder, machine, 'chaos', 'matrix-long.jsonl'), {
      environment: 'local',
      draw: () => seed,
      seed: undefined,
      resume: true,
    });
  const run = async (machine: string, seed: number, of = scenario) => {
    const results = await opened(machine);
    const historyFile = join(folder, machine, 'chaos', `${of.name}-${seed}-${results.runs.length}`, 'history.jsonl');
    const events = timed([start(1, safePlan), send(1, 'a:1'), ok(1, 0)]);
    await mkdir(dirname(historyFile), { recursive: true });
    await writeFile(
      historyFile,
      events.map((event) => `${JSON.stringify(event)}\n`),
    );
    const command = `ensemble chaos run ${of.name} --seed ${seed}`;
    await results.add({
      ...{ type: 'run', scenario: of.name, digest: digestOf(of), seed, command, tookMs: 1_000, historyFile },
    });
  };
  const exported = async (machine: string) => {
    const file = join(folder, `${machine}.jsonl`);
    const options = { scenarios: await loadScenarios(), stateDirectory: join(folder, machine) };
    await exportRuns(file, { ...options, results: await opened(machine) });
    return file;
  };

  it('are counted once, with the verdicts, times and counts that they had, and no place of that machine', async () => {
    await run('one', 7);
    await run('one', 8);
    await run('one', 8); // played once more: what it was before goes along
    await run('two', 8);
    const [file, two] = [await exported('one'), await opened('two')];
    expect(await readFile(file, 'utf8')).not.toContain(folder);
    const carried = await readCarried(file);
    const missing = missingRuns(two, carried);
    expect(missing.map(({ seed }) => seed)).toEqual([7]);
    for (const each of missing) await two.add(each);
    expect(missingRuns(await opened('two'), carried)).toEqual([]);

    const [first] = (await gather(await loadScenarios(), await opened('one'), true)).reports;
    const [both] = (await gather(await loadScenarios(), await opened('two'), true)).reports;
    const [alone] = (await gather(await loadScenarios(), carried, true)).reports;
    expect([both?.runs.map(({ seed }) => seed).sort(), both?.verdict]).toEqual([[7, 8], 'inconclusive']);
    expect(alone?.timings).toEqual(first?.timings);
    for (const seed of [7, 8]) {
      const of = (report: typeof first) => report?.runs.find((each) => each.seed === seed);
      expect(of(alone)?.verdict.counts).toEqual(of(first)?.verdict.counts);
      expect(of(alone)?.verdict.reasons).toEqual(of(first)?.verdict.reasons);
    }
    expect(alone?.runs.map(({ seed, before }) => [seed, before.length])).toEqual([
      [7, 0],
      [8, 1],
    ]);
  });

  it('are none of a scenario that was changed since, of other seeds, or of another environment', async () => {
    await run('one', 7, { ...scenario, recoverySeconds: 91 });
    const file = await exported('one');
    expect((await readCarried(file)).runs).toEqual([]);
    const other = await opened('other', 9);
    await expect((async () => missingRuns(other, await readCarried(file)))()).rejects.toMatchObject({
      code: 'OPERATIONS_CHAOS_IMPORT_DIFFERS',
      message: expect.stringContaining('seed 7, and those of this matrix of 9'),
    });
    await expect(readCarried(join(folder, 'nothing.jsonl'))).rejects.toMatchObject({
      code: 'OPERATIONS_CHAOS_IMPORT_UNREADABLE',
    });
    await writeFile(file, '{"type":"judged"}\n');
    await expect(readCarried(file)).rejects.toMatchObject({ code: 'OPERATIONS_CHAOS_MATRIX_UNREADABLE' });
  });
});
