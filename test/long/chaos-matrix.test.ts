/**
 * The whole matrix with many seeds, some three and a half hours on a machine that does nothing else: `ensemble chaos matrix --long` on the shipped local
 * environment. Its state stays in .ensemble/long-matrix, so that the test goes on where it was ended, and begins anew where it was not; table and runs are
 * written anew. ENSEMBLE_MATRIX_STATE names another folder, whose matrix is gone on with and judged even where it is whole, and ENSEMBLE_MATRIX_IMPORT runs of
 * another machine that count as done, such as docs/chaos-matrix.jsonl. The figures say how many were played now.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { ScenarioReport } from '../../chaos/scenario-report.ts';
import { playedAt } from '../../chaos/summary.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { runProgram } from '../integration/run-program.ts';
import { requires } from '../requirements.ts';
import { tellFigures } from './figures.ts';

const { describe, it } = requires('java', 'haproxy', 'linux');

const hour = 3_600_000;
const named = process.env.ENSEMBLE_MATRIX_STATE;
const state = named ?? join(installationRoot(), '.ensemble', 'long-matrix');
/** What processes of one machine, with a stand-in for the store, cannot suffer: told with the reason, and never passed. */
const skipped = [
  'balancer-one-of-two-kill',
  'machine-follower-isolate',
  'machine-leader-full-disk',
  'machine-leader-isolate',
  'machine-leader-kill',
  'machine-leader-slow',
  'machine-master-isolate',
  'metadata-primary-kill',
];

const imported = process.env.ENSEMBLE_MATRIX_IMPORT;
const docs = (file: string) => join(installationRoot(), 'docs', file);

const ensemble = (...args: readonly string[]) =>
  runProgram(process.execPath, [
    join(installationRoot(), 'bin', 'ensemble.js'),
    ...args,
    '-e',
    'local',
    '--state',
    state,
  ]);

/** What the tool could not finish is played again. */
function isPlayed({ left, reports = [] }: { readonly left?: number; readonly reports?: readonly ScenarioReport[] }) {
  return left === 0 && reports.every(({ errors }) => errors.length === 0);
}

describe('the long matrix of chaos', () => {
  let reports: readonly ScenarioReport[];
  let left: number;
  let begunAt: number;
  const of = (name: string) => reports.find(({ scenario }) => scenario === name);

  beforeAll(async () => {
    const up = await ensemble('up', '--no-messages');
    expect(up.status, up.stderr + up.stdout).toBe(0);
    begunAt = Date.now();
    const before = await ensemble('chaos', 'summary', '--long', '--json');
    const isWhole = before.stdout !== '' && isPlayed(JSON.parse(before.stdout));
    const given = [
      ...(imported === undefined ? [] : ['--import', imported]),
      ...(isWhole && named === undefined ? ['--fresh'] : []),
    ];
    const matrix = ['chaos', 'matrix', '--long', '--seed', '100', '--out', docs('chaos-matrix.md'), '--json'];
    const { stdout, stderr } = await ensemble(...matrix, ...given);
    const exported = await ensemble('chaos', 'summary', '--long', '--export', docs('chaos-matrix.jsonl'));
    expect(exported.stderr).toContain('Written: ');
    ({ reports, left } = JSON.parse(stdout) as { reports: readonly ScenarioReport[]; left: number });
    expect(left, stderr.slice(-2_000)).toBe(0);
  }, 8 * hour);
  afterAll(async () => {
    await ensemble('down');
  }, hour);

  it('keeps what was predicted to stay, whatever was broken, or says why it could not be', async () => {
    const notPassed = reports.filter(({ verdict }) => verdict !== 'pass');
    expect(
      notPassed.map(({ scenario, verdict }) => [scenario, verdict]),
      notPassed.flatMap(({ scenario, reasons }) => reasons.map((reason) => `${scenario}: ${reason}`)).join('\n'),
    ).toEqual(skipped.map((scenario) => [scenario, 'skipped']));
    const runs = reports.flatMap((report) => report.runs);
    const now = runs.filter(({ historyFile }) => (playedAt(historyFile) ?? 0) >= begunAt).length;
    const acknowledged = reports.flatMap((report) => report.runs.map(({ verdict }) => verdict.counts.acknowledged));
    await tellFigures(
      'test/long/chaos-matrix.test.ts',
      `${runs.length} runs, of which this test played ${now} and judged the others by what they kept; ${acknowledged.reduce((sum, each) => sum + each, 0)} acknowledged writes; the table is docs/chaos-matrix.md.`,
    );
  });

  it('loses no acknowledged write of 30 seeds where f of f+1 fail', () => {
    const safe = of('safe-leader-kill');
    expect(safe?.runs.map(({ verdict }) => verdict.counts.lost)).toEqual(Array.from({ length: 30 }, () => 0));
    for (const { verdict } of safe?.runs ?? []) expect(verdict.counts.acknowledged).toBeGreaterThan(1_000);
  });

  it('finds what must be lost in at least eight of ten runs of each negative control', () => {
    for (const control of ['control-acks-1', 'control-unclean'])
      expect([control, of(control)?.runs.length, (of(control)?.detected ?? 0) >= 8]).toEqual([control, 10, true]);
  });

  it('has its times from at least ten runs of every scenario that is played', () => {
    const played = reports.filter(({ scenario }) => !skipped.includes(scenario));
    expect(played.length).toBe(reports.length - skipped.length);
    for (const { scenario, runs, timings } of played)
      expect([
        scenario,
        runs.length >= 10 && timings.length > 0 && timings.every(({ silence }) => silence.runs >= 10),
      ]).toEqual([scenario, true]);
  });
});
