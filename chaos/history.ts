/**
 * A history on disk: JSONL, only ever appended to, readable after a crash of whoever wrote it. Lines are gathered for a moment and written at once, so
 * that recording costs the workload little; what a crash takes with it are the last moments, whose operations count as unknown.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { historyAbsent, historyUnreadable } from './errors.ts';
import { eventSchema, type HistoryEvent } from './history-event.ts';

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
const gatherMs = 50;

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
      if (!closed) writer.add(JSON.stringify({ ...event, at }));
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
  let number = 0;
  let rest = '';
  const handle = await open(file).catch((cause: unknown) => {
    throw historyAbsent(file, cause);
  });
  if (!(await handle.stat()).isFile()) {
    await handle.close();
    throw historyAbsent(file);
  }
  for await (const chunk of handle.createReadStream({ encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      number += 1;
      take(parseLine(line, number, file));
    }
  }
  if (rest === '') return { torn: false };
  // Without its newline, it is what a crash left; a whole line is used all the same.
  const last = tryParse(rest);
  if (last !== undefined) take(last);
  return { torn: last === undefined };
}

function parseLine(line: string, number: number, file: string): HistoryEvent {
  const event = tryParse(line);
  if (event === undefined) throw historyUnreadable(file, number, line);
  return event;
}

function tryParse(line: string): HistoryEvent | undefined {
  try {
    const raw: unknown = JSON.parse(line);
    return isUsual(raw) ? raw : eventSchema.parse(raw);
  } catch {
    return undefined;
  }
}

const keysOf = { send: 7, sent: 6 } as const;

/** The two kinds that are most of a long history, in their usual form: what the schema asks of them, several times as fast. Anything else is the schema's. */
function isUsual(raw: unknown): raw is HistoryEvent {
  if (typeof raw !== 'object' || raw === null) return false;
  const event = raw as Readonly<Record<string, unknown>>;
  const { type, at, op } = event;
  if ((type !== 'send' && type !== 'sent') || typeof at !== 'number' || at < 0 || !isCount(op)) return false;
  if (Object.keys(event).length !== keysOf[type]) return false;
  return type === 'send'
    ? typeof event.key === 'string' &&
        isCount(event.first) &&
        isCount(event.count) &&
        event.count > 0 &&
        event.via === 'kafka'
    : event.outcome === 'ok' && isCount(event.partition) && isCount(event.offset);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
