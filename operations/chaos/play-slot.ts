/** One place of a matrix, a scenario with a seed, played until it is judged: what each play came to is kept as a line before the next one begins. */
import type { Scenario } from '../../chaos/scenario.ts';
import type { EarlierPlay, FailedRun, PlayedRun } from '../../chaos/scenario-report.ts';
import type { Verdict } from '../../chaos/verdict.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { digestOf, type EndedRun, earlierPlay } from './matrix-results.ts';

export interface Slot {
  readonly scenario: Scenario;
  readonly seed: number;
  /** Repeats it. */
  readonly command: string;
  /** Plays of it that were inconclusive. */
  readonly before: readonly EarlierPlay[];
}

export type Play = (
  scenario: Scenario,
  seed: number,
  command: string,
) => Promise<{ readonly historyFile: string; readonly verdict: Verdict }>;

export interface Playing {
  readonly play: Play;
  readonly again: number;
  readonly signal: AbortSignal;
  /** Returns once it is on the disk, where results are kept. */
  readonly keep: (line: EndedRun) => Promise<void>;
  readonly onProgress: (text: string) => void;
  readonly onVerdict: (run: PlayedRun) => void;
}

export interface Played {
  /** Undefined where a person has interrupted it: what was broken is healed, and nothing can be said of it. */
  readonly outcome: PlayedRun | FailedRun | undefined;
  /** What ended it before it could be judged. */
  readonly error?: unknown;
}

/** Never throws what a play throws: that is its outcome. */
export async function playSlot(slot: Slot, playing: Playing): Promise<Played> {
  const played = await playOnce(slot, playing);
  const { outcome } = played;
  if (outcome === undefined || !('verdict' in outcome)) return played;
  playing.onVerdict(outcome);
  if (!isPlayedAgain(slot, outcome.verdict, playing.again)) return played;
  playing.onProgress('once more: it was inconclusive');
  const second = await playSlot({ ...slot, before: [...slot.before, ...earlierPlay(outcome)] }, playing);
  return { ...second, outcome: second.outcome ?? outcome };
}

export function isPlayedAgain(
  { scenario, before }: Pick<Slot, 'scenario' | 'before'>,
  { verdict }: Pick<Verdict, 'verdict'>,
  again: number,
): boolean {
  return verdict === 'inconclusive' && !scenario.expect.mustLose && before.length < again;
}

async function playOnce(slot: Slot, { play, signal, keep }: Playing): Promise<Played> {
  const { scenario, seed, command, before } = slot;
  const beganAt = performance.now();
  const tookMs = () => Math.round(performance.now() - beganAt);
  let ended: Awaited<ReturnType<Play>>;
  try {
    ended = await play(scenario, seed, command);
  } catch (error) {
    if (signal.aborted) return { outcome: undefined, error };
    const failed = { code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
    await keep(errorLine(slot, tookMs(), failed));
    return { outcome: { seed, command, ...failed }, error };
  }
  await keep(runLine(slot, tookMs(), ended.historyFile));
  return { outcome: { seed, command, ...ended, before } };
}

function runLine(slot: Slot, tookMs: number, historyFile: string): EndedRun {
  return { type: 'run', ...endedOf(slot), tookMs, historyFile };
}

function errorLine(slot: Slot, tookMs: number, failed: Pick<FailedRun, 'code' | 'message'>): EndedRun {
  return { type: 'error', ...endedOf(slot), tookMs, ...failed };
}

function endedOf({ scenario, seed, command }: Slot) {
  return { scenario: scenario.name, digest: digestOf(scenario), seed, command };
}

function codeOf(error: unknown): string {
  return error instanceof EnsembleError ? error.code : error instanceof Error ? error.name : 'unknown';
}
