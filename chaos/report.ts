/**
 * One page of a run, with everything in it: the verdict, the timeline, the offending operations, and the command that repeats it. No network is asked for
 * anything. The plots are Apache ECharts' (decision 0043), whose text the caller hands in.
 */
import { describeOutcome, type Finding } from './checkers/finding.ts';
import { formatPrediction } from './format.ts';
import { escaped } from './markup.ts';
import type { ObservedRun } from './observed-run.ts';
import type { PartitionTimings } from './partition-timings.ts';
import { plotScript } from './report-plots.ts';
import { timelineOf } from './timeline.ts';
import type { FaultTimings } from './timings.ts';
import type { Verdict } from './verdict.ts';

export interface ReportParts {
  readonly run: ObservedRun;
  readonly verdict: Verdict;
  /** The plotting library, as one script for browsers. */
  readonly library: string;
}

export function renderReport({ run, verdict, library }: ReportParts): string {
  const { scenario, seed, command, startedAt } = run.start;
  const { plan, counts, findings, timings } = verdict;
  const reasons = [...verdict.reasons, ...verdict.notTold];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(`${scenario}, seed ${seed}: ${verdict.verdict}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escaped(scenario)} <span class="verdict ${verdict.verdict}">${verdict.verdict}</span></h1>
<p>${escaped(plan.title)}. Seed ${seed}, ${escaped(startedAt)}. Again: <code>${escaped(command)}</code></p>
${reasons.length === 0 ? '' : `<ul class="reasons">${reasons.map((reason) => `<li>${escaped(reason)}</li>`).join('')}</ul>`}
</header>
<section class="columns">
<div><h2>Predicted</h2>${formatPrediction({ ...plan.prediction })
    .map(paragraph)
    .join('')}</div>
<div><h2>Counted</h2>
<table>${Object.entries(countNames)
    .map(
      ([name, says]) =>
        `<tr><td>${says}</td><td class="number">${counts[name as keyof typeof counts].toLocaleString('en')}</td></tr>`,
    )
    .join('')}</table></div>
</section>
<h2>Timeline</h2>
<div id="timeline" role="img" aria-label="Throughput, latency, faults, leaders and in-sync replicas over time"></div>
<p class="hint">The wheel, or the bar below, looks closer. Shaded: a fault is on.</p>
<h2>Times of each fault</h2>
<table><tr><th>Fault</th><th>On</th><th>Missed after</th><th>Led by others after</th><th>Nothing acknowledged for</th><th>First acknowledged after</th><th>In sync, after healing</th><th>Read up, after healing</th></tr>
${timings.map(timingRow).join('\n')}</table>
<h2>Findings</h2>
${findings.map(findingOf).join('\n')}
<script>${library.replaceAll('</script', '<\\/script')}</script>
<script>((timeline) => {${plotScript}})(${scriptText(timelineOf(run))});</script>
</body>
</html>
`;
}

const countNames = {
  acknowledged: 'records acknowledged',
  failed: 'failed',
  unknown: 'unknown',
  acknowledgedDuringFaults: 'acknowledged during the faults',
  acknowledgedAtRisk: 'acknowledged before the last healing',
  read: 'read by consumers',
  lost: 'acknowledged and lost',
} as const;

function timingRow(timings: FaultTimings): string {
  const { kind, target, node, detectionMs, electionMs, partitionsLed, partitions } = timings;
  const row = (first: readonly string[], missed: string, led: string, times: Omit<PartitionTimings, 'partition'>) => {
    const { silenceMs, firstAckMs, inSyncMs, drainedMs } = times;
    const cells = [missed, led, ...[silenceMs, firstAckMs, inSyncMs, drainedMs].map(seconds)];
    return `<tr>${first.map((cell) => `<td>${escaped(cell)}</td>`).join('')}${cells.map((cell) => `<td class="number">${cell}</td>`).join('')}</tr>`;
  };
  const all = row(
    [kind, `${target}, ${node}`],
    seconds(detectionMs),
    partitionsLed === 0 ? 'led none' : seconds(electionMs),
    { ...timings, led: false },
  );
  // Of one partition the row above says it already.
  if (partitions.length < 2) return all;
  const each = partitions.map((one) =>
    row(['', `partition ${one.partition}`], '', one.led ? seconds(one.electionMs) : 'led by another', one),
  );
  return [all, ...each].join('\n');
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${(ms / 1000).toFixed(2)} s`;
}

/** Its operations are one click away. */
function findingOf(finding: Finding): string {
  const { checker, outcome, total, checked, anomalies, notes } = finding;
  const kind = outcome === 'none' && checked === 0 ? 'nothing' : outcome;
  const summary = `<b>${checker}</b> <span class="outcome ${kind}">${describeOutcome(finding)}</span> <small>${checked.toLocaleString('en')} looked at</small>`;
  const rows = anomalies.map(
    ({ value, op, partition, offset, at, says }) =>
      `<tr><td>${escaped(value)}</td><td class="number">${op ?? ''}</td><td class="number">${partition ?? ''}</td><td class="number">${offset ?? ''}</td><td class="number">${at === undefined ? '' : (at / 1000).toFixed(3)}</td><td>${escaped(says)}</td></tr>`,
  );
  const table =
    rows.length === 0
      ? ''
      : `<table><tr><th>Value</th><th>Operation</th><th>Partition</th><th>Offset</th><th>At, s</th><th>What is amiss</th></tr>${rows.join('')}</table>${total > rows.length ? `<p>The first ${rows.length} of ${total.toLocaleString('en')}; the history has all.</p>` : ''}`;
  return `<details id="${checker}"><summary>${summary}</summary>${notes.map(paragraph).join('')}${table}</details>`;
}

function paragraph(text: string): string {
  return `<p>${escaped(text.trim())}</p>`;
}

/** JSON within a script: no `</script>`, no comment's begin. */
function scriptText(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

const style = `
:root { color-scheme: light; font: 15px/1.45 system-ui, sans-serif; color: #1b2430; background: #fff; }
body { max-width: 1180px; margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 28px 0 8px; }
p { margin: 4px 0; } code { background: #eef1f5; padding: 1px 5px; border-radius: 4px; word-break: break-all; }
.verdict { font-size: 16px; padding: 3px 12px; border-radius: 12px; vertical-align: middle; color: #fff; background: #5b6673; }
.verdict.pass { background: #1d7a46; } .verdict.fail { background: #b3261e; } .verdict.inconclusive { background: #8a5a00; }
.reasons { margin: 8px 0; padding-left: 20px; }
.columns { display: grid; grid-template-columns: 3fr 2fr; gap: 32px; } @media (max-width: 760px) { .columns { grid-template-columns: 1fr; } }
table { border-collapse: collapse; width: 100%; font-size: 14px; } th { text-align: left; font-weight: 600; }
td, th { padding: 4px 8px; border-bottom: 1px solid #e2e6ec; vertical-align: top; } .number { text-align: right; font-variant-numeric: tabular-nums; }
#timeline { height: 760px; } .hint, small { color: #5b6673; }
details { border: 1px solid #e2e6ec; border-radius: 6px; padding: 8px 12px; margin: 6px 0; } summary { cursor: pointer; }
.outcome.found { color: #b3261e; } .outcome.none { color: #1d7a46; } .outcome.unknown { color: #8a5a00; }
@media print { #timeline { break-inside: avoid; } }
`;
