/**
 * The machine's journal from a cursor on, entry by entry, for as long as it is asked: journalctl(1) as a process. What is not asked for is not read, so that
 * a sink that does not answer makes journalctl wait, and the journal on the disk is the buffer. I/O.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EnsembleError } from '../../contracts/error.ts';
import { entryFields, type JournalEntry, readEntry } from './entry.ts';

export interface JournalOptions {
  readonly command: readonly string[];
  /** How far back it goes where there is no cursor. */
  readonly since: string;
  readonly after: string | undefined;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  tell(line: string): void;
}

/** A longer line is left out, and told of: journald itself cuts what services print at 48 KiB, and what it takes by its socket at far more. */
const lineBytes = 16 * 1_048_576;

/** Throws NODE_WATCH_JOURNAL_ENDED when journalctl ends without having been asked to. */
export async function* readJournal(options: JournalOptions): AsyncGenerator<JournalEntry, void> {
  const { command, since, after, signal, tell } = options;
  const [program = '', ...first] = command;
  const from = after === undefined ? `--since=${since}` : `--after-cursor=${after}`;
  // `--all`: else a field of more than 4 KiB is null. `--no-tail`: else following begins ten lines before the end.
  const how = [
    '--follow',
    '--no-tail',
    '--all',
    '--quiet',
    '--output=json',
    `--output-fields=${entryFields.join(',')}`,
  ];
  const child = spawn(program, [...first, ...how, from], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-500);
  });
  const ended = Promise.race([
    once(child, 'close').then(([status, killedBy]) => `${killedBy ?? `status ${status}`}`),
    once(child, 'error').then(([error]) => String(error)),
  ]);
  const stop = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const line of linesOf(child.stdout, lineBytes, (bytes) =>
      tell(`left out an entry of the journal of more than ${bytes} bytes`),
    )) {
      const entry = readEntry(line);
      if (entry !== undefined) yield entry;
      else tell('left out a line of journalctl that is no entry');
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
  const ending = await ended;
  if (!signal.aborted) throw journalEnded(program, ending, said.trim());
}

/** Whole lines; one of more than `limit` bytes is told of and left out. @internal for tests */
export async function* linesOf(
  stream: AsyncIterable<Buffer>,
  limit: number,
  leftOut: (limit: number) => void,
): AsyncGenerator<string, void> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      const piece = chunk.subarray(start, end === -1 ? undefined : end);
      bytes += piece.length;
      if (bytes <= limit) parts.push(piece);
      else parts = [];
      if (end === -1) break;
      if (bytes > limit) leftOut(limit);
      else yield Buffer.concat(parts).toString('utf8');
      parts = [];
      bytes = 0;
      start = end + 1;
    }
  }
}

function journalEnded(program: string, how: string, said: string): EnsembleError {
  return new EnsembleError({
    code: 'NODE_WATCH_JOURNAL_ENDED',
    message: `${program} ended with ${how}${said === '' ? '' : `: ${said}`}`,
    next: 'It is started again after the last entry that was delivered; where that goes on, look at the journal with `journalctl --verify`.',
  });
}
