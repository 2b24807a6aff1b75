/** How results look to a person: tables, words, times. JSON goes its own way and never passes here. */
import { formatTable as formatColumns } from '../../topics/table.ts';
import { hasColour } from './colour.ts';
import { type WrapOptions, wrapLastColumn, wrapWords } from './wrap.ts';

/** Fits the terminal, where there is one: words of the last column go on below. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return formatColumns(head, wrapLastColumn(head, rows, terminalWidth(), columnGap), { colour: hasColour });
}

/** Between two columns, as topics/table.ts has it. */
const columnGap = 2;

/** Undefined where standard output is none. */
function terminalWidth(): number | undefined {
  return process.stdout.isTTY === true ? process.stdout.columns : undefined;
}

export function formatMs(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/**
 * A reader that went away (`ensemble up | head`) ends the output, not the work: what runs half-way must still be finished or undone. So does
 * output that cannot be written (a full disk), which the exit status tells. Called once, before anything is printed.
 *
 * @returns aborted once nobody reads standard output any more, for a command that does nothing but print.
 */
export function outliveReaders(): AbortSignal {
  const gone = new AbortController();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (stream === process.stdout) gone.abort();
      if (error.code === 'EPIPE' || incomplete) return;
      incomplete = true;
      process.once('exit', (status) => {
        if (status === 0) process.exitCode = 1;
      });
      if (stream === process.stdout) printNotice(`standard output cannot be written: ${error.message}`);
    });
  }
  return gone.signal;
}

let incomplete = false;

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Words, broken where the terminal is narrower. `look` colours them. */
export function printWords(
  text: string,
  look: (text: string) => string = (plain) => plain,
  options?: WrapOptions,
): void {
  printLine(look(wrapWords(text, terminalWidth(), options)));
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** For a person who watches; never mixed into what a program reads. */
export function printNotice(text: string): void {
  process.stderr.write(`${text}\n`);
}
