/**
 * A history on disk: JSONL, only ever appended to, readable after a crash of whoever wrote it. Lines are gathered for a moment and written at once, so
 * that recording costs the workload little; what a crash takes with it are the last moments, whose operations count as unknown.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { historyAbsent, historyUnreadable } from './errors.ts';
import { eventSchema, type HistoryEvent } from './history-event.ts';
import { readUsualLine } from './usual-line.ts';

export type UntimedEvent = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, 'at'> : never) : never;

export interface Recorder {
  /** Milliseconds since the history began. */
  now(): number;
  /** Adds a line, and says when. Order of lines is the order of calls. */
  record(event: UntimedEvent): number;
  /** Returns once all that was recorded is on the disk: before a fault, say. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What a crash may take with it. */
const gatherMs = 250;
const newline = 10;

/** The file must not be there yet. Throws what the file system throws. */
export async function openHistory(file: string): Promise<Recorder> {
  const handle = await open(file, 'ax');
  const origin = performance.now();
  const now = () => Math.round((performance.now() - origin) * 1000) / 1000;
  const writer = new GatheringWriter(handle);
  let closed = false;
  return {
    now,
    record(event) {
      const at = now();
      // A client that could not be ended in time goes on for a moment: its words are too late.
      // Put behind it as text: a copy of the event for its time would cost as much again.
      if (!closed) writer.add(`${JSON.stringify(event).slice(0, -1)},"at":${at}}`);
      return at;
    },
    flush: () => writer.flush(true),
    close: async () => {
      closed = true;
      await writer.flush(true);
      await handle.close();
    },
  };
}

class GatheringWriter {
  readonly #handle: FileHandle;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #fault: unknown;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Throws what an earlier write failed with: a run whose history is not kept proves nothing. */
  add(line: string): void {
    if (this.#fault !== undefined) throw this.#fault;
    this.#lines.push(line);
    this.#timer ??= setTimeout(() => void this.flush(false).catch(() => {}), gatherMs);
  }

  async flush(toDisk: boolean): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = [];
    this.#writing = this.#writing.then(async () => {
      if (lines.length > 0) await this.#handle.appendFile(`${lines.join('\n')}\n`);
      if (toDisk) await this.#handle.datasync();
    });
    await this.#writing.catch((error: unknown) => {
      this.#fault = error;
      throw error;
    });
  }
}

/**
 * Hands each event of a history to `take`, in order. The last line may be torn: it is left out, and `torn` says so.
 * Throws CHAOS_HISTORY_ABSENT where there is no file, and CHAOS_HISTORY_UNREADABLE for a torn or foreign line elsewhere, with its number.
 */
export async function readHistory(
  file: string,
  take: (event: HistoryEvent) => void,
): Promise<{ readonly torn: boolean }> {
  const handle = await open(file).catch((cause: unknown) => {
    throw historyAbsent(file, cause);
  });
  if (!(await handle.stat()).isFile()) {
    await handle.close();
    throw historyAbsent(file);
  }
  let number = 0;
  /** The pieces of a line whose end is not there yet. */
  let begun: Buffer[] = [];
  const takeLine = (line: Buffer) => {
    number += 1;
    const event = tryParse(line);
    if (event === undefined) throw historyUnreadable(file, number, line.toString('utf8'));
    take(event);
  };
  for await (const piece of handle.createReadStream({ highWaterMark: 1 << 20 })) {
    const chunk: Buffer = piece;
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      const line = chunk.subarray(from, end);
      takeLine(begun.length === 0 ? line : Buffer.concat([...begun, line]));
      begun = [];
      from = end + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length === 0) return { torn: false };
  // Without its newline, it is what a crash left; a whole line is used all the same.
  const last = tryParse(Buffer.concat(begun));
  if (last !== undefined) take(last);
  return { torn: last === undefined };
}

function tryParse(line: Buffer): HistoryEvent | undefined {
  const usual = readUsualLine(line);
  if (usual !== undefined) return usual;
  try {
    return eventSchema.parse(JSON.parse(line.toString('utf8')));
  } catch {
    return undefined;
  }
}
