/** What the runs of a scenario come to, seed after seed: the gravest of their verdicts, how often a control lost, and how long things took. Pure. */
import type { RunVerdict } from './run-verdict.ts';
import type { Scenario } from './scenario.ts';
import { type Spread, spreadOf } from './timings.ts';
import type { Verdict, VerdictKind } from './verdict.ts';

export interface ScenarioRun {
  readonly seed: number;
  readonly historyFile: string;
  /** Repeats it. */
  readonly command: string;
  readonly verdict: RunVerdict;
  /** Those before it, of the same seed, that were inconclusive, so that it was played once more. */
  readonly before: readonly EarlierPlay[];
}

/** One that was played here: its history is at hand. */
export interface PlayedRun extends ScenarioRun {
  readonly verdict: Verdict;
}

export interface EarlierPlay {
  readonly historyFile: string;
  readonly reasons: readonly string[];
}

/** A run that the tool itself could not finish: it says nothing of the platform. */
export interface FailedRun {
  readonly seed: number;
  readonly command: string;
  readonly code: string;
  readonly message: string;
}

export interface ScenarioReport {
  readonly scenario: string;
  readonly title: string;
  /** `error` where a run was not finished and none has failed. */
  readonly verdict: VerdictKind | 'error';
  readonly reasons: readonly string[];
  readonly runs: readonly ScenarioRun[];
  readonly errors: readonly FailedRun[];
  /** Of a negative control: in how many of its runs the loss was found. */
  readonly detected?: number;
  /** Of each of its faults apart, in the order in which they come. */
  readonly timings: readonly FaultSpreads[];
}

export interface FaultSpreads {
  /** `kill on leader` */
  readonly fault: string;
  readonly detection: Spread;
  readonly election: Spread;
  readonly silence: Spread;
  readonly firstAck: Spread;
  readonly inSync: Spread;
  readonly drained: Spread;
}

/** Of ten runs of a negative control, eight must show its loss; of three, two. */
const detectedShare = 0.8;
const gravest: readonly VerdictKind[] = ['fail', 'inconclusive', 'skipped', 'pass'];

export function reportOf(
  scenario: Scenario,
  runs: readonly ScenarioRun[],
  errors: readonly FailedRun[] = [],
): ScenarioReport {
  const verdicts = runs.map(({ verdict }) => verdict);
  const detected = verdicts.filter(({ counts, verdict }) => counts.lost > 0 && verdict === 'pass').length;
  const enough = scenario.expect.mustLose && detected >= Math.max(1, Math.floor(runs.length * detectedShare));
  const worst = gravest.find((kind) => verdicts.some(({ verdict }) => verdict === kind)) ?? 'inconclusive';
  // The runs of a control that missed their moment are made up for by those that hit it; a fail is not.
  const judged = enough && worst !== 'fail' ? 'pass' : worst;
  const reasons = [
    ...runs.flatMap(({ seed, verdict: { verdict: kind, reasons: why } }) =>
      kind === 'pass' ? [] : why.map((reason) => `seed ${seed}: ${reason}`),
    ),
    ...runs.flatMap(({ seed, before }) =>
      before.map(({ historyFile, reasons: why }) => `seed ${seed}, played before: ${why.join('; ')} (${historyFile})`),
    ),
    ...errors.map(({ seed, code, message }) => `seed ${seed} was not finished: ${message} (${code})`),
  ];
  return {
    scenario: scenario.name,
    title: scenario.title,
    verdict: errors.length > 0 && judged !== 'fail' ? 'error' : judged,
    reasons,
    runs,
    errors,
    ...(scenario.expect.mustLose ? { detected } : {}),
    timings: spreadsOf(verdicts.flatMap((each) => each.timings)),
  };
}

/** What befalls a master and what befalls a leader have nothing in common: together they would give a middle that neither ever took. */
function spreadsOf(timings: RunVerdict['timings']): readonly FaultSpreads[] {
  const nameOf = ({ kind, target }: (typeof timings)[number]) => `${kind} on ${target}`;
  return [...new Set(timings.map(nameOf))].map((fault) => {
    const all = timings.filter((each) => nameOf(each) === fault);
    return {
      fault,
      detection: spreadOf(all.map(({ detectionMs }) => detectionMs)),
      election: spreadOf(all.filter(({ partitionsLed }) => partitionsLed > 0).map(({ electionMs }) => electionMs)),
      silence: spreadOf(all.map(({ silenceMs }) => silenceMs)),
      firstAck: spreadOf(all.map(({ firstAckMs }) => firstAckMs)),
      inSync: spreadOf(all.map(({ inSyncMs }) => inSyncMs)),
      drained: spreadOf(all.map(({ drainedMs }) => drainedMs)),
    };
  });
}

/** Of one that cannot be run here at all. */
export function skippedReport(scenario: Scenario, why: string): ScenarioReport {
  return { ...reportOf(scenario, []), verdict: 'skipped', reasons: [why] };
}
