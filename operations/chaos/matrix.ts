/**
 * Several runs, one after another: of one scenario with seed after seed, or of the whole matrix. Alone among the commands that change the environment:
 * a roll in the middle would be judged as the fault's doing. What has ended is kept (matrix-results.ts), and is not run again by who goes on from there.
 */

import { join } from 'node:path';
import type { Prediction } from '../../chaos/predict.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import {
  type FailedRun,
  type PlayedRun,
  reportOf,
  type ScenarioReport,
  type ScenarioRun,
} from '../../chaos/scenario-report.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import { againCommand } from './again.ts';
import { type EndedRun, earlierPlay, type MatrixResults, standingOf } from './matrix-results.ts';
import { isPlayedAgain, type Play, playSlot, type Slot } from './play-slot.ts';
import { remainingMs } from './remaining.ts';
import { runScenario } from './run-scenario.ts';
import type { SystemUnderTest } from './system.ts';

export interface MatrixRow {
  readonly scenario: Scenario;
  /** As a person named it: its name, or the path of a file. */
  readonly named: string;
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
  /** As a person named it. */
  readonly environment: string;
  /** `--state` as a person gave it; undefined for the standard one. */
  readonly state: string | undefined;
  /** `--driver`, where it is not the standard one. */
  readonly driver?: string | undefined;
  /** Where each run that ends is kept, and what ended before; undefined where every run is of now. */
  readonly results?: MatrixResults | undefined;
  /** How often a run is played once more that was inconclusive; never one of a control, whose share of hits is the figure. */
  readonly again: number;
  /** So many errors of the tool one after another end it; the one of 1 is its `endedBy`. */
  readonly errorsInARow: number;
  readonly onRun: (scenario: Scenario, seed: number, place: MatrixPlace) => void;
  readonly onPrediction: (prediction: Prediction) => void;
  readonly onProgress: (text: string) => void;
  readonly onVerdict: (run: PlayedRun) => void;
  readonly onError: (run: FailedRun) => void;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

export interface MatrixReport {
  /** Of the scenarios of which at least one run has ended. */
  readonly reports: readonly ScenarioReport[];
  /** Runs that are still to do. */
  readonly left: number;
  /** What ended it before its time: a person, or an error after which nothing more is broken. It is to be told beside what has ended. */
  readonly endedBy?: unknown;
}

/** @throws EnsembleError DRIVER_OTHERS_AT_WORK, what the lock throws, and what keeping a result throws; what a run throws is in the report */
export async function runMatrix(
  system: SystemUnderTest,
  options: MatrixOptions,
  signal: AbortSignal,
): Promise<MatrixReport> {
  const { stateDirectory, lockFile, driverName, notes } = system;
  const onWait = ({ pid }: { readonly pid: number }) => options.onWaitForLock?.(pid);
  const play: Play = async (scenario, seed, command) => {
    const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const historyFile = join(stateDirectory, 'chaos', `${scenario.name}-${seed}-${stamp}`, 'history.jsonl');
    const { onPrediction, onProgress } = options;
    const run = { scenario, seed, historyFile, command, onPrediction, onProgress };
    return { historyFile, verdict: await runScenario(system, run, signal) };
  };
  return await withFileLock(lockFile, { signal, onWait }, async () => {
    // Between two runs as well: whatever begins there would be in the way of the next.
    const end = await notes.begin('runs of chaos');
    try {
      return await playMatrix({ ...options, driver: driverName }, signal, play);
    } finally {
      // Nobody is kept by it for longer than it takes to lapse.
      await end().catch(() => options.onProgress('that runs have ended could not be noted'));
    }
  });
}

/** The same with runs of the caller's. @internal */
export async function playMatrix(options: MatrixOptions, signal: AbortSignal, play: Play): Promise<MatrixReport> {
  const { results, again, onProgress, onVerdict } = options;
  const earlier = [...(results?.runs ?? [])];
  const kept: EndedRun[] = [];
  const keep = async (line: EndedRun) => {
    kept.push(line);
    await results?.add(line);
  };
  const slots = await slotsOf(options, earlier);
  const outcomes = new Map<Slot, ScenarioRun | FailedRun>();
  for (const { slot, stands } of slots) if (stands !== undefined) outcomes.set(slot, stands);
  let endedBy: unknown;
  for (const [index, { slot }] of slots.entries()) {
    if (outcomes.has(slot)) continue;
    if (errorsAtEnd(kept) >= options.errorsInARow) break;
    const left = slots.flatMap((each) => (outcomes.has(each.slot) ? [] : [each.slot.scenario]));
    const place = { run: index + 1, of: slots.length, leftMs: remainingMs([...earlier, ...kept], left) };
    options.onRun(slot.scenario, slot.seed, place);
    const { outcome, error } = await playSlot(slot, { play, again, signal, keep, onProgress, onVerdict });
    if (outcome !== undefined) outcomes.set(slot, outcome);
    if (error === undefined) continue;
    // Nothing more is broken where something still is.
    const isLast =
      signal.aborted || options.errorsInARow <= 1 || (error instanceof EnsembleError && error.leavesBroken);
    if (isLast) {
      endedBy = error;
      break;
    }
    if (outcome !== undefined && !('verdict' in outcome)) options.onError(outcome);
  }
  const reports = options.rows.flatMap((row) => reportOfRow(row, slots, outcomes));
  return { reports, left: slots.length - outcomes.size, endedBy };
}

interface Begun {
  readonly slot: Slot;
  /** What it came to before, where it is not to be played any more. */
  readonly stands: ScenarioRun | undefined;
}

/** A seed of every scenario before the next one of any: a matrix that is ended early has something of each. */
async function slotsOf(options: MatrixOptions, earlier: readonly EndedRun[]): Promise<readonly Begun[]> {
  const { rows, environment, state, driver } = options;
  const most = Math.max(0, ...rows.map(({ runs }) => runs));
  const begun: Begun[] = [];
  for (let index = 0; index < most; index += 1)
    for (const { scenario, named } of rows.filter(({ runs }) => index < runs)) {
      const seed = options.seed + index;
      const command = againCommand(['run', named], { environment, driver, state, seed });
      begun.push(await goOn({ scenario, seed, command, before: [] }, earlier, options.again));
    }
  return begun;
}

/**
 * With its result of before: of the same scenario and seed, with its history still there. One that was inconclusive stands only where it has been played
 * once more as often as is wanted.
 */
async function goOn(fresh: Slot, earlier: readonly EndedRun[], again: number): Promise<Begun> {
  const { last, before } = await standingOf(fresh.scenario, fresh.seed, earlier);
  const slot = { ...fresh, before };
  if (last === undefined) return { slot, stands: undefined };
  if (!isPlayedAgain(slot, last.verdict, again)) return { slot, stands: { ...last, seed: slot.seed, before } };
  return { slot: { ...slot, before: [...before, ...earlierPlay(last)] }, stands: undefined };
}

function reportOfRow(
  { scenario }: MatrixRow,
  slots: readonly Begun[],
  outcomes: ReadonlyMap<Slot, ScenarioRun | FailedRun>,
): readonly ScenarioReport[] {
  const done = slots.flatMap(({ slot }) => (slot.scenario === scenario ? (outcomes.get(slot) ?? []) : []));
  const runs = done.filter((each): each is ScenarioRun => 'verdict' in each);
  const errors = done.filter((each): each is FailedRun => !('verdict' in each));
  return done.length === 0 ? [] : [reportOf(scenario, runs, errors)];
}

/** How many errors of the tool came one after another, and last. */
function errorsAtEnd(lines: readonly EndedRun[]): number {
  return lines.length - 1 - lines.findLastIndex(({ type }) => type !== 'error');
}
