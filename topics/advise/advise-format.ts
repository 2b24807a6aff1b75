/** Advice as text for people: a line a topic, then each topic's arithmetic. Nothing here computes. */
import { createColors } from 'picocolors';
import type { FormatOptions } from '../format.ts';
import type { Advice, Bound } from './advise.ts';

const boundNames: Readonly<Record<Bound['kind'], string>> = {
  producers: 'producers',
  consumers: 'consumers',
  keys: 'keys',
  members: 'members',
  current: 'now',
};

/** One block a topic, with what decided marked by an arrow; a line that sums up comes last. */
export function formatAdvice(advices: readonly Advice[], { colour = false }: FormatOptions = {}): string {
  const paint = createColors(colour);
  const blocks = advices.map((advice) => {
    const { topic, partitions, advised } = advice;
    const change =
      advised > partitions
        ? paint.yellow(`${partitions} -> ${advised} partitions`)
        : paint.green(`${partitions} partitions suffice`);
    const rows = [row(' ', 'target', advice.target), ...advice.bounds.map((bound) => boundRow(bound, advice))];
    return [
      `${paint.bold(topic)}: ${change}`,
      ...rows,
      ...advice.remarks.map((remark) => paint.dim(row(' ', 'note', remark))),
    ].join('\n');
  });
  const more = advices.filter(({ advised, partitions }) => advised > partitions).length;
  const sum =
    more === 0
      ? 'No topic needs more partitions.'
      : `${more} of ${advices.length} ${advices.length === 1 ? 'topic' : 'topics'} should have more partitions.`;
  return [...blocks, sum].join('\n\n');
}

function boundRow({ kind, says }: Bound, { decidedBy }: Advice): string {
  return row(kind === decidedBy ? '>' : ' ', boundNames[kind], says);
}

function row(mark: string, name: string, says: string): string {
  return `  ${mark} ${name.padEnd(9)}  ${says}`;
}
