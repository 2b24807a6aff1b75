/** Text broken between words where a terminal is narrower than it, so that no word is torn. Widths are in columns; undefined (a pipe, a file) breaks nothing. */
import { stripVTControlCharacters } from 'node:util';

export interface WrapOptions {
  /** Before every line but the first. */
  readonly indent?: string;
  /** What stands between the pieces that are kept whole; a space where absent. */
  readonly between?: string;
}

/** A piece that is wider than the terminal has a line of its own, and is not broken. */
export function wrapWords(
  text: string,
  width: number | undefined,
  { indent = '', between = ' ' }: WrapOptions = {},
): string {
  if (width === undefined) return text;
  const lines: string[] = [];
  for (const piece of text.split(between)) {
    const line = lines.at(-1);
    const longer = line === undefined ? piece : `${line}${between}${piece}`;
    if (line === undefined) lines.push(piece);
    else if (widthOf(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(`${indent}${piece}`);
  }
  return lines.join('\n');
}

/** Narrower than this a column of words is harder to read than a line that the terminal breaks. */
const leastColumn = 16;

/** The rows of a table with their last cells broken, so that the table fits. `gap`: columns between two cells. */
export function wrapLastColumn(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
  gap: number,
): readonly (readonly string[])[] {
  if (width === undefined) return rows;
  const last = head.length - 1;
  const before = head
    .slice(0, last)
    .map((_, column) => Math.max(...[head, ...rows].map((row) => widthOf(row[column] ?? ''))));
  const left = width - before.reduce((sum, each) => sum + each + gap, 0);
  if (left < leastColumn) return rows;
  return rows.map((row) => row.map((cell, column) => (column === last ? wrapWords(cell, left) : cell)));
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
