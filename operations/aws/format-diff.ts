/** A diff for people: in a terminal, and as Markdown for a comment on a change. Pure. */
import type { DiffReport, StackDiff } from './diff.ts';
import type { ChangeKind, PlannedChange } from './terraform-plan.ts';

const signs: Readonly<Record<ChangeKind, string>> = {
  create: '+',
  update: '~',
  replace: '±',
  destroy: '-',
  forget: '.',
};
const words: Readonly<Record<ChangeKind, string>> = {
  create: 'to create',
  update: 'to update',
  replace: 'to replace',
  destroy: 'to destroy',
  forget: 'to forget',
};
/** Worst first, so that what destroys is read. */
const order: readonly ChangeKind[] = ['destroy', 'replace', 'update', 'create', 'forget'];

/** `2 to replace, 5 to create` */
function countChanges(changes: readonly PlannedChange[]): string {
  const counts = order.map((kind) => [changes.filter((change) => change.kind === kind).length, words[kind]] as const);
  const found = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return found.length === 0 ? 'no change' : found.join(', ');
}

/** What a stack's heading says. */
export function stackSummary({ applied, waitsFor, changes }: StackDiff): string {
  if (waitsFor !== undefined)
    return `${applied ? '' : 'never applied; '}can be planned once ${waitsFor} is applied, which it takes values from`;
  return applied ? countChanges(changes) : `never applied; ${countChanges(changes)}`;
}

/** A line a change, the worst first. */
export function changeLines({ changes }: StackDiff): readonly string[] {
  const sorted = order.flatMap((kind) => changes.filter((change) => change.kind === kind));
  return sorted.map(({ kind, address, attributes }) => {
    const why =
      attributes.length === 0
        ? ''
        : kind === 'replace'
          ? ` (forced by ${attributes.join(', ')})`
          : ` (${attributes.join(', ')})`;
    return `${signs[kind]} ${address}${why}`;
  });
}

/** Lines of one stack that a comment shows: a code host cuts a comment at 65,536 characters. */
const mostLines = 150;

export function formatDiffMarkdown({ environment, changed, stacks }: DiffReport): string {
  const heading = `### ${environment}: ${changed ? 'deploying changes something' : 'nothing would change'}`;
  const parts = stacks.map((stack) => {
    const lines = changeLines(stack);
    const shown = lines.slice(0, mostLines);
    const more = lines.length > mostLines ? [`... and ${lines.length - mostLines} more`] : [];
    const summary = `**${stack.stack}**: ${stackSummary(stack)}`;
    if (lines.length === 0) return summary;
    return [
      summary,
      '',
      '<details><summary>Resources</summary>',
      '',
      '```text',
      ...shown,
      ...more,
      '```',
      '',
      '</details>',
    ].join('\n');
  });
  return [heading, ...parts].join('\n\n');
}
