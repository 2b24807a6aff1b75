/**
 * Several runs, one after another: of one scenario with seed after seed, or of the whole matrix. Alone among the commands that change the environment:
 * a roll in the middle would be judged as the fault's doing. What has ended is kept (matrix-results.ts), and is not run again by who goes on from there.
 */

import { join } from 'node:path';
import type { Prediction } from '../../chaos/predict.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import {
  type EarlierPlay,
  type FailedRun,
  reportOf,
  type ScenarioReport,
  type ScenarioRun,
} from '../../chaos/scenario-report.ts';
import type { Verdict } from '../../chaos/verdict.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import { digestOf, type EndedRun, earlierPlay, type MatrixResults, standingOf } from './matrix-results.ts';
import { remainingMs } from './remaining.ts';
import { runScenario } from './run-scenario.ts';
import type { SystemUnderTest } from './system.ts';

export interface MatrixRow {
  readonly scenario: Scenario;
  readonly runs: number;
}

/** Where the matrix stands as a run begins. */
export interface MatrixPlace {
  /** From 1. */
  readonly run: number;
  readonly of: number;
  /** With this run; undefined before one has ended. */
  readonly leftMs: number | undefined;
}

export interface MatrixOptions {
  readonly rows: readonly MatrixRow[];
  /** Of each row's first run; those after it count on. */
  readonly seed: number;
  readonly environment: string;
  /** `--driver`, where it is not the standard one. */
  readonly driver?: string | undefined;
  /** Where each run that ends is kept, and what ended before; undefined where every run is of now. */
  readonly results?: MatrixResults | undefined;
  /** How often a run is played once more that was inconclusive; never one of a control, whose share of hits is the figure. */
  readonly again: number;
  /** So many errors of the tool one after another end it; the one of 1 is thrown. */
  readonly errorsInARow: number;
  readonly onRun: (scenario: Scenario, seed: number, place: MatrixPlace) => void;
  readonly onPrediction: (prediction: Prediction) => void;
  readonly onProgress: (text: string) => void;
  readonly onVerdict: (run: ScenarioRun) => void;
  readonly onError: (run: FailedRun) => void;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

export interface MatrixReport {
  /** Of the scenarios of which at least one run has ended. */
  readonly reports: readonly ScenarioReport[];
  /** Runs that are still to do. */
  readonly left: number;
}

/** Throws as runScenario; the runs before it have their histories. */
export async function runMatrix(
  system: SystemUnderTest,
  options: MatrixOptions,
  signal: AbortSignal,
): Promise<MatrixReport> {
  const { stateDirectory, lockFile, driverName } = system;
  const onWait = ({ pid }: { readonly pid: number }) => options.onWaitForLock?.(pid);
  return await withFileLock(lockFile, { signal, onWait }, async () =>
    playMatrix({ ...options, driver: driverName }, signal, async (scenario, seed, command) => {
      const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
      const historyFile = join(stateDirectory, 'chaos', `${scenario.name}-${seed}-${stamp}`, 'history.jsonl');
      const { onPrediction, onProgress } = options;
      const run = { scenario, seed, historyFile, command, onPrediction, onProgress };
      return { historyFile, verdict: await runScenario(system, run, signal) };
    }),
  );
}

type Play = (
  scenario: Scenario,
  seed: number,
  command: string,
) => Promise<{ readonly historyFile: string; readonly verdict: Verdict }>;

interface Slot {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly command: string;
  done: ScenarioRun | FailedRun | undefined;
  before: readonly EarlierPlay[];
}

/** The same with runs of the caller's. @internal */
export async function playMatrix(options: MatrixOptions, signal: AbortSignal, play: Play): Promise<MatrixReport> {
  const { results, environment, driver } = options;
  const by = driver === undefined || driver === 'processes' ? '' : ` --driver ${driver}`;
  // A seed of every scenario before the next one of any: a matrix that is ended early has something of each.
  const most = Math.max(0, ...options.rows.map(({ runs }) => runs));
  const slots = Array.from({ length: most }, (_each, index) =>
    options.rows
      .filter(({ runs }) => index < runs)
      .map(({ scenario }): Slot => {
        const seed = options.seed + index;
        const command = `ensemble chaos run ${scenario.name} --environment ${environment}${by} --seed ${seed}`;
        return { scenario, seed, command, done: undefined, before: [] };
      }),
  ).flat();
  const ended: EndedRun[] = [...(results?.runs ?? [])];
  for (const slot of slots) await goOn(slot, ended, options.again);
  let inARow = 0;
  for (const [index, slot] of slots.entries()) {
    if (slot.done !== undefined) continue;
    if (inARow >= options.errorsInARow) break;
    const { scenario, seed, command } = slot;
    const left = slots.filter(({ done }) => done === undefined).map((each) => each.scenario);
    options.onRun(scenario, seed, { run: index + 1, of: slots.length, leftMs: remainingMs(ended, left) });
    let began = performance.now();
    const keep = async (run: ['run', { historyFile: string }] | ['error', { code: string; message: string }]) => {
      const about = { scenario: scenario.name, digest: digestOf(scenario), seed, command };
      const tookMs = Math.round(performance.now() - began);
      began = performance.now();
      const line: EndedRun =
        run[0] === 'run'
          ? { type: 'run', ...about, tookMs, ...run[1] }
          : { type: 'error', ...about, tookMs, ...run[1] };
      ended.push(line);
      await results?.add(line);
    };
    try {
      for (;;) {
        const { historyFile, verdict } = await play(scenario, seed, command);
        const done = { seed, historyFile, command, verdict, before: slot.before };
        slot.done = done;
        await keep(['run', { historyFile }]);
        options.onVerdict(done);
        inARow = 0;
        if (!isPlayedAgain(slot, verdict, options.again)) break;
        slot.before = [...slot.before, ...earlierPlay(done)];
        options.onProgress('once more: it was inconclusive');
      }
    } catch (error) {
      // Interrupted: what was broken is healed, and this run has not been.
      if (signal.aborted || options.errorsInARow <= 1) throw error;
      // Nothing more is broken where something still is.
      const isLast = error instanceof EnsembleError && error.leavesBroken;
      const failed = { code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
      await keep(['error', failed]);
      if (isLast) throw error;
      slot.done = { seed, command, ...failed };
      options.onError(slot.done);
      inARow += 1;
    }
  }
  return {
    reports: options.rows.flatMap(({ scenario }) => {
      const done = slots.flatMap((slot) => (slot.scenario === scenario ? (slot.done ?? []) : []));
      const runs = done.filter((each): each is ScenarioRun => 'verdict' in each);
      const errors = done.filter((each): each is FailedRun => !('verdict' in each));
      return done.length === 0 ? [] : [reportOf(scenario, runs, errors)];
    }),
    left: slots.filter(({ done }) => done === undefined).length,
  };
}

/**
 * With its result of before: of the same scenario and seed, with its history still there. One that was inconclusive stands only where it has been played
 * once more as often as is wanted.
 */
async function goOn(slot: Slot, ended: readonly EndedRun[], again: number): Promise<void> {
  const { scenario, seed } = slot;
  const { last, before } = await standingOf(scenario, seed, ended);
  slot.before = before;
  if (last === undefined) return;
  if (isPlayedAgain(slot, last.verdict, again)) slot.before = [...before, ...earlierPlay(last)];
  else slot.done = { ...last, seed, before };
}

function isPlayedAgain({ scenario, before }: Pick<Slot, 'scenario' | 'before'>, verdict: Verdict, again: number) {
  return verdict.verdict === 'inconclusive' && !scenario.expect.mustLose && before.length < again;
}

function codeOf(error: unknown): string {
  return error instanceof EnsembleError ? error.code : error instanceof Error ? error.name : 'unknown';
}
