/** Verdicts and predictions as lines for a person. */
import { describeOutcome } from './checkers/finding.ts';
import type { Prediction } from './predict.ts';
import type { FaultTimings } from './timings.ts';
import type { Verdict } from './verdict.ts';

/** How many anomalies of a kind a terminal shows; the report has more. */
const shown = 3;

export function formatPrediction(prediction: Omit<Prediction, 'stops' | 'others'>): readonly string[] {
  return [
    `Predicted: writing ${prediction.writing}, reading ${prediction.reading}, ${durability[prediction.durability]}.`,
    ...prediction.theorem.map((line) => `  ${line}`),
  ];
}

const durability = {
  keeps: 'nothing acknowledged is lost',
  'may-lose': 'acknowledged writes may be lost',
} as const;

export function formatVerdict({ verdict, reasons, notTold, counts, findings, timings }: Verdict): readonly string[] {
  return [
    `Verdict: ${verdict}`,
    ...reasons.map((reason) => `  ${reason}`),
    ...notTold.map((each) => `  (${each})`),
    `Writes: ${counts.acknowledged} acknowledged, ${counts.failed} failed, ${counts.unknown} unknown; ${counts.acknowledgedDuringFaults} acknowledged during the faults; ${counts.read} read`,
    ...findings.flatMap((finding) => [
      `${finding.checker}: ${describeOutcome(finding)}, ${finding.checked} looked at`,
      ...finding.anomalies.slice(0, shown).map(({ says }) => `  ${says}`),
      ...finding.notes.map((note) => `  ${note}`),
    ]),
    ...timings.map(formatTimings),
  ];
}

function formatTimings(timings: FaultTimings): string {
  const { kind, target, node, detectionMs, electionMs, silenceMs, firstAckMs, inSyncMs, drainedMs } = timings;
  const times = [
    `missed after ${seconds(detectionMs)}`,
    ...(timings.partitionsLed === 0 ? [] : [`led by others after ${seconds(electionMs)}`]),
    `nothing acknowledged for ${seconds(silenceMs)}`,
    `first acknowledged after ${seconds(firstAckMs)}`,
    `whole ${seconds(inSyncMs)} after healing`,
    `read up ${seconds(drainedMs)} after healing`,
  ];
  return `${kind} on ${target} (${node}): ${times.join(', ')}`;
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '(never)' : `${(ms / 1000).toFixed(2)} s`;
}
