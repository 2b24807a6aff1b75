/** The one look of the command's tables: columns and no lines. */
import Table from 'cli-table3';
import { createColors } from 'picocolors';

const noLines = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Cells may have colours and more than one line. Numbers go to the right where `right` names their columns. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [], colour = false }: { readonly right?: readonly number[]; readonly colour?: boolean } = {},
): string {
  const { bold } = createColors(colour);
  const table = new Table({
    head: head.map((text) => bold(text)),
    colAligns: head.map((_, index) => (right.includes(index) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: noLines,
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
