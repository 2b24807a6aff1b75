/**
 * Undo notes in the environment's bucket: whatever machine breaks something, any other one finds what stands and how it is undone. One object has them all, which
 * is changed by conditional writes, so that of two writers none loses the other's; whoever may read and write objects of the bucket needs no other right.
 *
 * A run's notes are held: while it lives it puts the time off until which others leave them alone. That time is the writer's clock, and is read by another one:
 * machines whose clocks differ by minutes heal early, which costs a run its verdict, and breaks nothing.
 */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import type { EnsembleError } from '../../contracts/error.ts';
import { processSpace } from '../../platform/process-identity.ts';
import { journalUnreadable } from '../errors.ts';
import { entryOf, type FaultNotes, type JournalEntry, readNote } from '../journal.ts';
import { notesContended } from './errors.ts';

export interface BucketNotesOptions {
  readonly objects: Pick<ObjectsClient, 'readTagged' | 'writeIf'>;
  /** Of the object. */
  readonly key: string;
  /** Absent: notes that nobody but a person takes away. */
  readonly hold?: { readonly forMs: number; readonly everyMs: number };
}

/** Of a run: a machine that is gone is found so after five minutes; four renewals may fail before others heal what it has broken. */
export const runsHold = { forMs: 300_000, everyMs: 60_000 };

export interface BucketNotes extends FaultNotes {
  /** Ends what keeps a process's own notes held; they lie where they are. */
  close(): void;
}

/** What others wrote stays as it is, also what this version cannot read. */
type Written = readonly unknown[];

const listShape = z.array(z.unknown());
const attempts = 10;
const pauseMs = 200;

export function bucketNotes({ objects, key, hold }: BucketNotesOptions): BucketNotes {
  const own = new Set<string>();
  let renewing: NodeJS.Timeout | undefined;

  async function load(): Promise<{ readonly written: Written; readonly tag: string | undefined }> {
    const found = await objects.readTagged(key);
    if (found === undefined) return { written: [], tag: undefined };
    try {
      return { written: listShape.parse(JSON.parse(found.text)), tag: found.tag };
    } catch (cause) {
      throw journalUnreadable(`${key} of the environment’s bucket`, cause);
    }
  }

  /** @throws EnsembleError DRIVER_JOURNAL_UNREADABLE, DRIVER_NOTES_CONTENDED, CLIENT_AWS_... */
  async function change(next: (written: Written) => Written): Promise<void> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const { written, tag } = await load();
      const changed = next(written);
      if (changed === written) return;
      const text = `${JSON.stringify(changed, null, 2)}\n`;
      if (await objects.writeIf(key, text, tag)) return;
      // Somebody else was first, or an answer was lost on its way and this has been done: what is there says.
      await delay(Math.random() * pauseMs * attempt);
    }
    throw notesContended(key);
  }

  const held = () =>
    hold === undefined
      ? {}
      : { held: { space: processSpace(), host: hostname(), until: new Date(Date.now() + hold.forMs).toISOString() } };

  async function renew(): Promise<void> {
    if (own.size === 0) return;
    await change((written) =>
      written.some((each) => own.has(idOf(each)))
        ? written.map((each) => (own.has(idOf(each)) ? { ...(each as object), ...held() } : each))
        : written,
    );
  }

  return {
    async write(note) {
      const entry: JournalEntry = { ...entryOf(note), ...held() };
      await change((written) => [...without(written, entry.id), entry]);
      own.add(entry.id);
      // One that fails is made up for by the next.
      if (hold !== undefined) renewing ??= setInterval(() => void renew().catch(() => {}), hold.everyMs).unref();
      return entry;
    },

    async read() {
      const entries: JournalEntry[] = [];
      const unreadable: EnsembleError[] = [];
      let written: Written;
      try {
        written = (await load()).written;
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        return { entries, unreadable: [error] };
      }
      for (const each of written) {
        const read = readNote(each, `note ${idOf(each)} in ${key} of the environment’s bucket`);
        if ('unreadable' in read) unreadable.push(read.unreadable);
        else entries.push(read);
      }
      return { entries, unreadable };
    },

    async remove({ id }) {
      own.delete(id);
      await change((written) => (written.some((each) => idOf(each) === id) ? without(written, id) : written));
    },

    close() {
      clearInterval(renewing);
      renewing = undefined;
    },
  };
}

function without(written: Written, id: string): Written {
  return written.filter((each) => idOf(each) !== id);
}

function idOf(written: unknown): string {
  return z.object({ id: z.string() }).safeParse(written).data?.id ?? '';
}

function isUnreadable(error: unknown): error is EnsembleError {
  return error instanceof Error && 'code' in error && error.code === 'DRIVER_JOURNAL_UNREADABLE';
}
