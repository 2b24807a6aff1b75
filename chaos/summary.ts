/** What a whole matrix has said, as one table: Markdown for a repository, one HTML page for a browser. Pure; every cell is of its reports. */
import { escaped } from './markup.ts';
import type { FaultSpreads, ScenarioReport } from './scenario-report.ts';
import type { Spread } from './timings.ts';

export interface MatrixSummary {
  readonly environment: string;
  readonly seed: number;
  /** ISO 8601 */
  readonly startedAt: string;
  /** Runs that are still to do. */
  readonly left: number;
  /** The command that makes this table. */
  readonly command: string;
  readonly reports: readonly ScenarioReport[];
}

const head = [
  'What happens',
  'Verdict',
  'Runs',
  'Acknowledged',
  'Lost',
  'Missed, s',
  'Led by others, s',
  'Nothing acknowledged for, s',
  'First acknowledged, s',
  'In sync, s after healing',
  'Read up, s after healing',
];

/** `7.3 9.5 9.8`: p50, p95, max in seconds; ∞ where some never came, – where there is none. */
function formatSpread({ runs, p50, p95, max }: Spread): string {
  if (runs === 0) return '–';
  return [p50, p95, max].map((ms) => (ms === undefined ? '∞' : (ms / 1000).toFixed(1))).join(' ');
}

/** A cell for each time, in the order of the columns: of several faults each with its name. */
export function spreadCells(faults: readonly FaultSpreads[]): readonly string[] {
  if (faults.length === 0) return columns.map(() => '–');
  const named = faults.length > 1;
  return columns.map((column) =>
    faults.map((each) => `${named ? `${each.fault}: ` : ''}${formatSpread(each[column])}`).join('; '),
  );
}

const columns = ['detection', 'election', 'silence', 'firstAck', 'inSync', 'drained'] as const;

export function summaryMarkdown(summary: MatrixSummary): string {
  const { reports } = summary;
  const rows = reports.map(({ scenario, title, ...report }) => [`\`${scenario}\`: ${title}`, ...cellsOf(report)]);
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(inCell).join(' | ')} |`);
  const reasons = reports.filter((report) => report.reasons.length > 0);
  return [
    '# The matrix of chaos, and what it said',
    '',
    ...introduction(summary),
    '',
    ...table,
    '',
    ...(reasons.length === 0 ? [] : ['## What did not pass, and why', '']),
    ...reasons.flatMap(({ scenario, reasons: all }) => [`\`${scenario}\`:`, ...all.map((each) => `- ${each}`), '']),
  ].join('\n');
}

export function summaryHtml(summary: MatrixSummary): string {
  const cells = (kind: 'td' | 'th', row: readonly string[]) =>
    row.map((cell) => `<${kind}>${escaped(cell)}</${kind}>`).join('');
  const rows = summary.reports.map(({ scenario, title, ...report }) => {
    const runs = report.runs.map(({ seed, command, verdict, historyFile }) => [
      `${seed}`,
      verdict.verdict,
      verdict.reasons.join('; '),
      command,
      historyFile,
    ]);
    const failed = report.errors.map(({ seed, command, code, message }) => [
      `${seed}`,
      'error',
      `${message} (${code})`,
      command,
      '',
    ]);
    const inner = [...runs, ...failed].map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
    const header = cells('th', ['Seed', 'Verdict', 'Why', 'Again', 'History']);
    const table = inner === '' ? '' : `<table><tr>${header}</tr>\n${inner}</table>`;
    // Of one that was skipped there is nothing else; and of a run that was played once more the table has the last play alone.
    const reasons = report.reasons.map((reason) => `<li>${escaped(reason)}</li>`).join('');
    const why = reasons === '' ? '' : `<ul>${reasons}</ul>`;
    const named = `<details><summary><b>${escaped(scenario)}</b> ${escaped(title)}</summary>${why}${table}</details>`;
    return `<tr class="${report.verdict}"><td>${named}</td>${cells('td', cellsOf(report))}</tr>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The matrix of chaos</title>
<style>${style}</style>
</head>
<body>
<h1>The matrix of chaos, and what it said</h1>
${introduction(summary)
  .map((line) => `<p>${escaped(line.replaceAll('`', '').replace(/\[[^\]]+\]\(([^)]+)\)/g, 'docs/$1'))}</p>`)
  .join('\n')}
<table><tr>${cells('th', head)}</tr>
${rows.join('\n')}
</table>
</body>
</html>
`;
}

/** When a run began, by the folder of its history: milliseconds; undefined of one that is named in another way. @internal */
export function playedAt(historyFile: string): number | undefined {
  const [, date, hours, minutes, seconds, ms] =
    /-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z[/\\]/.exec(historyFile) ?? [];
  return date === undefined ? undefined : Date.parse(`${date}T${hours}:${minutes}:${seconds}.${ms}Z`);
}

function introduction({ environment, seed, startedAt, left, command, reports }: MatrixSummary): readonly string[] {
  const runs = reports.flatMap((report) => report.runs);
  const times = runs.flatMap(({ historyFile }) => playedAt(historyFile) ?? []).sort((a, b) => a - b);
  const [first = Date.parse(startedAt), last = first] = [times[0], times.at(-1)];
  const minute = (time: number) => new Date(time).toISOString().slice(0, 16);
  return [
    `${runs.length} runs on ${environment}, the first at ${minute(first)} UTC, the last at ${minute(last)}, seeds from ${seed}${left === 0 ? '' : `; ${left} runs are still to do`}. Made by \`${command}\`.`,
    'Times are p50, p95 and max of each fault over all runs; ∞ where some never came. Faults that stand at the same time share what nobody acknowledged, and what had to come back. How it is judged: [chaos](chaos.md).',
  ];
}

function cellsOf({
  verdict,
  runs,
  errors,
  detected,
  timings,
}: Omit<ScenarioReport, 'scenario' | 'title'>): readonly string[] {
  const sum = (count: (each: ScenarioReport['runs'][number]) => number) =>
    runs.reduce((total, each) => total + count(each), 0).toLocaleString('en');
  const passed = runs.filter((each) => each.verdict.verdict === 'pass').length;
  const repeated = runs.filter((each) => each.before.length > 0).length;
  const counted = [
    `${passed} of ${runs.length} pass`,
    ...(repeated === 0 ? [] : [`${repeated} played once more, inconclusive before`]),
    ...(errors.length === 0 ? [] : [`${errors.length} not finished`]),
    ...(detected === undefined ? [] : [`${detected} lost, as they must`]),
  ];
  return [
    verdict,
    runs.length + errors.length === 0 ? '–' : counted.join(', '),
    sum((each) => each.verdict.counts.acknowledged),
    sum((each) => each.verdict.counts.lost),
    ...spreadCells(timings),
  ];
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

const style = `
:root { color-scheme: light; font: 15px/1.45 system-ui, sans-serif; color: #1b2430; background: #fff; }
body { margin: 0 auto; padding: 24px; } h1 { font-size: 26px; margin: 0 0 4px; } p { margin: 4px 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; } th { text-align: left; font-weight: 600; }
td, th { padding: 4px 8px; border-bottom: 1px solid #e2e6ec; vertical-align: top; } details td, details li { overflow-wrap: anywhere; }
body > table > tbody > tr > td:nth-child(n + 4) { white-space: nowrap; font-variant-numeric: tabular-nums; } .skipped { color: #5b6673; }
summary { cursor: pointer; } .pass > td:nth-child(2) { color: #1d7a46; } .fail > td:nth-child(2), .error > td:nth-child(2) { color: #b3261e; }
.inconclusive > td:nth-child(2) { color: #8a5a00; }
`;
