/** What several runs come to: a control is made up for by the runs that hit its moment, a fail by none; and JUnit for CI. */
import { describe, expect, it } from 'vitest';
import { formatJunit } from '../../chaos/junit.ts';
import { loadScenario } from '../../chaos/load-scenarios.ts';
import { reportOf, type ScenarioRun } from '../../chaos/scenario-report.ts';
import { playedAt, spreadCells } from '../../chaos/summary.ts';
import type { Verdict } from '../../chaos/verdict.ts';
import { suiteOf } from '../../scripts/commands/chaos-summary.ts';

const ran = (verdict: Verdict['verdict'], lost = 0, reasons: readonly string[] = []): ScenarioRun => ({
  seed: 7,
  historyFile: 'history.jsonl',
  command: 'ensemble chaos run',
  verdict: { verdict, reasons, counts: { lost }, timings: [], findings: [] } as unknown as Verdict,
  before: [],
});

describe('several runs', () => {
  it('of a negative control pass where eight of ten, or two of three, have lost something', async () => {
    const control = await loadScenario('control-acks-1');
    const runs = (hits: number, misses: number) => [
      ...Array.from({ length: hits }, () => ran('pass', 5)),
      ...Array.from({ length: misses }, () => ran('inconclusive', 0, ['lost nothing'])),
    ];
    expect(reportOf(control, runs(8, 2))).toMatchObject({ verdict: 'pass', detected: 8 });
    expect(reportOf(control, runs(7, 3))).toMatchObject({ verdict: 'inconclusive', detected: 7 });
    expect(reportOf(control, runs(2, 1))).toMatchObject({ verdict: 'pass', detected: 2 });
    expect(reportOf(control, runs(1, 2)).verdict).toBe('inconclusive');
    expect(reportOf(control, [...runs(9, 0), ran('fail', 5)]).verdict).toBe('fail');
  });

  it('of any other scenario are as grave as their gravest', async () => {
    const safe = await loadScenario('safe-leader-kill');
    expect(reportOf(safe, [ran('pass'), ran('pass')]).verdict).toBe('pass');
    const mixed = reportOf(safe, [ran('pass'), ran('inconclusive', 0, ['too few']), ran('skipped', 0, ['cannot'])]);
    expect(mixed).toMatchObject({ verdict: 'inconclusive', reasons: ['seed 7: too few', 'seed 7: cannot'] });
    expect(reportOf(safe, [ran('inconclusive'), ran('fail')]).verdict).toBe('fail');
    expect(reportOf(safe, []).verdict).toBe('inconclusive');
  });

  it('have the times of each of their faults apart: a master’s and a leader’s give no middle together', async () => {
    const fault = (kind: string, target: string, silenceMs: number) =>
      ({ kind, target, silenceMs, partitionsLed: 0 }) as Verdict['timings'][number];
    const run = ran('pass');
    const timings = [fault('kill', 'master', 100), fault('kill', 'leader', 18_000)];
    const runs = [{ ...run, verdict: { ...run.verdict, timings } }];
    const report = reportOf(await loadScenario('masters-two-down-then-leader'), runs);
    expect(report.timings.map((each) => [each.fault, each.silence.p50])).toEqual([
      ['kill on master', 100],
      ['kill on leader', 18_000],
    ]);
    const [, , silence] = spreadCells(report.timings);
    expect(silence).toBe('kill on master: 0.1 0.1 0.1; kill on leader: 18.0 18.0 18.0');
    expect(spreadCells(report.timings.slice(1))[2]).toBe('18.0 18.0 18.0');
    expect(spreadCells([])[2]).toBe('–');
  });

  it('say when they were played by the folder of their history', () => {
    const at = Date.UTC(2026, 10, 23, 6, 31, 58, 128);
    expect(playedAt('chaos/safe-leader-kill-100-2026-11-23T06-31-58-128Z/history.jsonl')).toBe(at);
    expect(playedAt('history.jsonl')).toBeUndefined();
  });

  it('of a control that passes are no error in JUnit where they missed its moment, and are one where it does not', async () => {
    const control = await loadScenario('control-acks-1');
    const miss = ran('inconclusive', 0, ['lost nothing']);
    const cases = (hits: number, misses: number) => {
      const runs = [
        ...Array.from({ length: hits }, () => ran('pass', 5)),
        ...Array.from({ length: misses }, () => miss),
      ];
      return suiteOf(reportOf(control, runs)).cases.map(({ verdict }) => verdict.verdict);
    };
    expect(cases(2, 1)).toEqual(['pass', 'pass', 'skipped']);
    expect(cases(1, 2)).toEqual(['pass', 'inconclusive', 'inconclusive']);
  });

  it('are JUnit suites in which inconclusive is an error, and text cannot break the XML', () => {
    const xml = formatJunit([
      {
        name: 'safe',
        cases: [
          { name: 'seed 1', verdict: { verdict: 'pass', reasons: [] } },
          { name: 'seed 2', verdict: { verdict: 'inconclusive', reasons: ['a < b & "c"\u0001'] } },
          { name: 'seed 3', verdict: { verdict: 'skipped', reasons: ['cannot'] } },
        ],
      },
    ]);
    expect(xml).toContain('<testsuite name="safe" tests="3" failures="0" errors="1" skipped="1">');
    expect(xml).toContain('<error message="a &lt; b &amp; &quot;c&quot;?">');
    expect(xml).toContain('<testcase classname="chaos.safe" name="seed 1"/>');
  });
});
