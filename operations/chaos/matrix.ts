/**
 * Several runs, one after another: of one scenario with seed after seed, or of the whole matrix. Alone among the commands that change the environment:
 * a roll in the middle would be judged as the fault's doing.
 */
import { join } from 'node:path';
import type { Prediction } from '../../chaos/predict.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { type Spread, spreadOf } from '../../chaos/timings.ts';
import type { Verdict, VerdictKind } from '../../chaos/verdict.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import type { Deployment } from '../deployment.ts';
import { runScenario } from './run-scenario.ts';

export interface MatrixRow {
  readonly scenario: Scenario;
  readonly runs: number;
}

export interface ScenarioRun {
  readonly seed: number;
  readonly historyFile: string;
  /** Repeats it. */
  readonly command: string;
  readonly verdict: Verdict;
}

export interface ScenarioReport {
  readonly scenario: string;
  readonly title: string;
  readonly verdict: VerdictKind;
  readonly reasons: readonly string[];
  readonly runs: readonly ScenarioRun[];
  /** Of a negative control: in how many of its runs the loss was found. */
  readonly detected?: number;
  readonly timings: {
    readonly detection: Spread;
    readonly election: Spread;
    readonly silence: Spread;
    readonly inSync: Spread;
    readonly drained: Spread;
  };
}

export interface MatrixOptions {
  readonly rows: readonly MatrixRow[];
  /** Of each row's first run; those after it count on. */
  readonly seed: number;
  readonly environment: string;
  readonly onRun: (scenario: Scenario, seed: number) => void;
  readonly onPrediction: (prediction: Prediction) => void;
  readonly onProgress: (text: string) => void;
  readonly onVerdict: (run: ScenarioRun) => void;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

/** Throws as runScenario; the runs before it have their histories. */
export async function runMatrix(
  deployment: Deployment,
  options: MatrixOptions,
  signal: AbortSignal,
): Promise<readonly ScenarioReport[]> {
  const { stateDirectory } = deployment;
  const onWait = ({ pid }: { readonly pid: number }) => options.onWaitForLock?.(pid);
  return await withFileLock(`${stateDirectory}/lock`, { signal, onWait }, async () => {
    const reports: ScenarioReport[] = [];
    for (const { scenario, runs } of options.rows) {
      const done: ScenarioRun[] = [];
      for (let index = 0; index < runs; index += 1) {
        const seed = options.seed + index;
        options.onRun(scenario, seed);
        const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
        const historyFile = join(stateDirectory, 'chaos', `${scenario.name}-${seed}-${stamp}`, 'history.jsonl');
        const command = `ensemble chaos run ${scenario.name} --environment ${options.environment} --seed ${seed}`;
        const { onPrediction, onProgress } = options;
        const run = { scenario, seed, historyFile, command, onPrediction, onProgress };
        const verdict = await runScenario(deployment, run, signal);
        const ended = { seed, historyFile, command, verdict };
        done.push(ended);
        options.onVerdict(ended);
      }
      reports.push(reportOf(scenario, done));
    }
    return reports;
  });
}

/** Of ten runs of a negative control, eight must show its loss; of three, two. */
const detectedShare = 0.8;
const gravest: readonly VerdictKind[] = ['fail', 'inconclusive', 'skipped', 'pass'];

/** @internal */
export function reportOf(scenario: Scenario, runs: readonly ScenarioRun[]): ScenarioReport {
  const verdicts = runs.map(({ verdict }) => verdict);
  const detected = verdicts.filter(({ counts, verdict }) => counts.lost > 0 && verdict === 'pass').length;
  const enough = scenario.expect.mustLose && detected >= Math.max(1, Math.floor(runs.length * detectedShare));
  const worst = gravest.find((kind) => verdicts.some(({ verdict }) => verdict === kind)) ?? 'inconclusive';
  // The runs of a control that missed their moment are made up for by those that hit it; a fail is not.
  const verdict = enough && worst !== 'fail' ? 'pass' : worst;
  const reasons = runs.flatMap(({ seed, verdict: { verdict: kind, reasons: why } }) =>
    kind === 'pass' ? [] : why.map((reason) => `seed ${seed}: ${reason}`),
  );
  const timings = verdicts.flatMap((each) => each.timings);
  const led = timings.filter(({ partitionsLed }) => partitionsLed > 0);
  return {
    scenario: scenario.name,
    title: scenario.title,
    verdict,
    reasons,
    runs,
    ...(scenario.expect.mustLose ? { detected } : {}),
    timings: {
      detection: spreadOf(timings.map(({ detectionMs }) => detectionMs)),
      election: spreadOf(led.map(({ electionMs }) => electionMs)),
      silence: spreadOf(timings.map(({ silenceMs }) => silenceMs)),
      inSync: spreadOf(timings.map(({ inSyncMs }) => inSyncMs)),
      drained: spreadOf(timings.map(({ drainedMs }) => drainedMs)),
    },
  };
}
