/**
 * A line of `journalctl --output=json` as an entry, and an entry as the texts that go into a log (systemd.journal-fields(7), "Journal JSON Format" of
 * systemd's interfaces). A field is a text, bytes where it is no UTF-8, or several of either. Pure.
 */
import { z } from 'zod';

export interface JournalEntry {
  /** Where the journal goes on after it. */
  readonly cursor: string;
  /** When the journal took it, in milliseconds since 1970. */
  readonly atMs: number;
  /** Who said it: `kafka`, `kernel`, `sshd`. */
  readonly service: string;
  /** syslog's: 0 to 7, smaller is graver. */
  readonly priority: number;
  readonly message: string;
}

/** What a service says without saying how grave it is. */
const info = 6;

const value = z.union([z.string(), z.array(z.number()), z.null()]);
const field = z.union([value, z.array(value)]);
const shape = z.object({
  __CURSOR: z.string().min(1),
  __REALTIME_TIMESTAMP: z.string().regex(/^\d{1,17}$/),
  MESSAGE: field.optional(),
  PRIORITY: field.optional(),
  SYSLOG_IDENTIFIER: field.optional(),
  _COMM: field.optional(),
});

/** Fields that an entry is made of: journalctl is asked for no others. */
export const entryFields = ['MESSAGE', 'PRIORITY', 'SYSLOG_IDENTIFIER', '_COMM'] as const;

/** Undefined where the line is none. */
export function readEntry(line: string): JournalEntry | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { data } = shape.safeParse(raw);
  if (data === undefined) return undefined;
  const priority = Number.parseInt(textOf(data.PRIORITY), 10);
  return {
    cursor: data.__CURSOR,
    atMs: Math.floor(Number(data.__REALTIME_TIMESTAMP) / 1000),
    service: textOf(data.SYSLOG_IDENTIFIER) || textOf(data._COMM) || 'unknown',
    priority: priority >= 0 && priority <= 7 ? priority : info,
    message: textOf(data.MESSAGE),
  };
}

function textOf(found: z.output<typeof field> | undefined): string {
  if (found === undefined || found === null) return '';
  if (typeof found === 'string') return found;
  if (found.every((item): item is number => typeof item === 'number')) return Buffer.from(found).toString('utf8');
  return found.map((item) => textOf(item as z.output<typeof value>)).join('\n');
}

/**
 * The entry as texts of JSON, each at most `limitBytes` in UTF-8 and never empty: one, or the parts of a message that is longer. `priority` is left out where
 * nothing was said of it, as almost everywhere.
 */
export function entryTexts({ service, priority, message }: JournalEntry, limitBytes: number): readonly string[] {
  const about = { service: service.slice(0, 256), ...(priority === info ? {} : { priority }) };
  const whole = JSON.stringify({ ...about, message });
  if (Buffer.byteLength(whole) <= limitBytes) return [whole];
  // Room for what stands around a part; numbers of parts have at most six digits.
  const room = limitBytes - Buffer.byteLength(JSON.stringify({ ...about, part: 999_999, of: 999_999, message: '' }));
  const parts = cut(message, room);
  return parts.map((text, index) => JSON.stringify({ ...about, part: index + 1, of: parts.length, message: text }));
}

/** Between characters, so that each piece takes at most `room` bytes as JSON has it. */
function cut(text: string, room: number): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  let taken = 0;
  let at = 0;
  for (const character of text) {
    const takes = Buffer.byteLength(JSON.stringify(character)) - 2;
    if (taken + takes > room && at > start) {
      pieces.push(text.slice(start, at));
      start = at;
      taken = 0;
    }
    taken += takes;
    at += character.length;
  }
  return [...pieces, text.slice(start)];
}
