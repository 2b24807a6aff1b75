/** Results as Markdown tables: medians first, the spread beside them, and whether a target is met. Pure. */
import { type Comparison, type FigureReport, median, type Sample, type Target } from './figure.ts';

export interface Result extends FigureReport {
  readonly machine: string;
  /** UTC, to the minute. */
  readonly date: string;
  readonly commit: string;
  readonly command: string;
}

export function formatResults(results: readonly Result[]): string {
  return results.map(formatResult).join('\n');
}

function formatResult({ figure, about, samples, comparisons, notes, ...run }: Result): string {
  const rows = [...samples.map(sampleRow), ...comparisons.map(comparisonRow)];
  return [
    `## ${figure}`,
    about,
    '',
    '| | median | least | most | rounds | target |',
    '|---|---:|---:|---:|---:|---|',
    ...rows,
    '',
    ...notes.map((note) => `- ${note}`),
    ...(notes.length > 0 ? [''] : []),
    `\`${run.command}\`, ${run.date} UTC, commit ${run.commit}; ${run.machine}`,
    '',
  ].join('\n');
}

function sampleRow({ name, unit, values, target }: Sample & { readonly target?: Target }): string {
  return row(name, values, (value) => `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`, target);
}

function comparisonRow({ name, ratios, target }: Comparison): string {
  // What is compared with a few hundredths is not told by hundredths.
  const small = Math.max(...ratios, target !== undefined && 'atMost' in target ? target.atMost : 0) < 0.1;
  return row(name, ratios, (ratio) => `${ratio.toFixed(small ? 3 : 2)} ×`, target);
}

function row(name: string, values: readonly number[], show: (value: number) => string, target?: Target): string {
  const middle = median(values);
  const verdict = target === undefined ? '' : judge(middle, target, show);
  const cells = [
    name,
    show(middle),
    show(Math.min(...values)),
    show(Math.max(...values)),
    String(values.length),
    verdict,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Of nothing, the median is no number, which meets no bound. */
function judge(middle: number, target: Target, show: (value: number) => string): string {
  const [words, met] =
    'atMost' in target
      ? [`at most ${show(target.atMost)}`, middle <= target.atMost]
      : [`at least ${show(target.atLeast)}`, middle >= target.atLeast];
  return `${words}: ${met ? 'met' : '**missed**'}`;
}
