/**
 * Undo notes in the environment's bucket: whatever machine breaks something, any other one finds what stands and how it is undone. One object has them all, which
 * is changed by conditional writes, so that of two writers none loses the other's; whoever may read and write objects of the bucket, and use its key, needs no other right.
 *
 * A run's notes are held: while it lives it puts the time off until which others leave them alone, and whoever else begins to break or to roll nodes is refused. That time is the writer's clock, and is read by another one:
 * machines whose clocks differ by minutes heal early, which ends the run with an error once it finds its note gone, and breaks nothing.
 */
import { hostname, userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { isDenied, isPassing } from '../../clients/aws/errors.ts';
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { identify, processSpace } from '../../platform/process-identity.ts';
import { journalUnreadable } from '../errors.ts';
import { entryOf, type FaultNotes, holderOf, isHeld, type Journal, type JournalEntry, readNote } from '../journal.ts';
import { notesContended, notesContendedCode, othersAtWork } from './errors.ts';

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
/** At most, times the attempt. */
const pauseMs = 100;
/** How long a note of what is healed is to be taken away: nobody is to be called for a service that does not answer for a moment. */
const removeWithinMs = 120_000;
const removeAgainMs = 2_000;
const nothing = '[]\n';
const nobody = { pid: 0, startedAt: '' };

export function bucketNotes({ objects, key, hold }: BucketNotesOptions): BucketNotes {
  const own = new Set<string>();
  let renewing: NodeJS.Timeout | undefined;

  async function load(): Promise<{ readonly written: Written; readonly tag: string | undefined }> {
    const found = await readOrMake();
    if (found === undefined) return { written: [], tag: undefined };
    try {
      return { written: listShape.parse(JSON.parse(found.text)), tag: found.tag };
    } catch (cause) {
      throw journalUnreadable(`${key} of the environment’s bucket`, cause);
    }
  }

  /** What is not there may not be asked for: S3 denies it to whoever may not list the bucket, as nobody may through the gateway of the environment's network. */
  async function readOrMake() {
    try {
      return await objects.readTagged(key);
    } catch (error) {
      // Where it is there, reading is denied indeed.
      if (!isDenied(error) || !(await objects.writeIf(key, nothing, undefined).catch(() => false))) throw error;
      return await objects.readTagged(key);
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
      : { held: { space: processSpace(), until: new Date(Date.now() + hold.forMs).toISOString() } };

  function keepHeld(id: string): void {
    own.add(id);
    // One that fails is made up for by the next.
    if (hold !== undefined) renewing ??= setInterval(() => void renew().catch(() => {}), hold.everyMs).unref();
  }

  function readAll(written: Written): Journal {
    const entries: JournalEntry[] = [];
    const unreadable: EnsembleError[] = [];
    for (const each of written) {
      const read = readNote(each, `note ${idOf(each)} in ${key} of the environment’s bucket`);
      if ('unreadable' in read) unreadable.push(read.unreadable);
      else entries.push(read);
    }
    return { entries, unreadable };
  }

  async function renew(): Promise<void> {
    if (own.size === 0) return;
    await change((written) =>
      written.some((each) => own.has(idOf(each)))
        ? written.map((each) => (own.has(idOf(each)) ? { ...(each as object), ...held() } : each))
        : written,
    );
  }

  async function remove({ id }: Pick<JournalEntry, 'id'>): Promise<boolean> {
    let wasThere = false;
    const take = (written: Written) => {
      // An answer that was lost may have been to our own: it was there.
      wasThere ||= written.some((each) => idOf(each) === id);
      return written.some((each) => idOf(each) === id) ? without(written, id) : written;
    };
    const deadline = performance.now() + removeWithinMs;
    for (;;) {
      try {
        await change(take);
        own.delete(id);
        return wasThere;
      } catch (error) {
        const passes = isPassing(error) || (error instanceof EnsembleError && error.code === notesContendedCode);
        if (!passes || performance.now() > deadline) throw error;
        await delay(removeAgainMs);
      }
    }
  }

  return {
    async write(note) {
      let entry: JournalEntry = { ...entryOf(note), by: whoHere() };
      await change((written) => {
        entry = { ...entry, ...held() };
        return [...without(written, entry.id), entry];
      });
      keepHeld(entry.id);
      return entry;
    },

    async claim({ id }) {
      let claimed = false;
      await change((written) => {
        const found = written.find((each) => idOf(each) === id);
        const read = found === undefined ? undefined : readNote(found, id);
        claimed =
          read !== undefined && !('unreadable' in read) && (hold === undefined || isMine(read) || !isHeld(read));
        if (!claimed || hold === undefined) return written;
        const { owner } = entryOf(read as JournalEntry);
        return written.map((each) => (each === found ? { ...read, owner, by: whoHere(), ...held() } : each));
      });
      if (claimed && hold !== undefined) keepHeld(id);
      return claimed;
    },

    async release({ id }) {
      await change((written) =>
        written.map((each) => {
          const read = idOf(each) === id ? readNote(each, id) : undefined;
          if (read === undefined || 'unreadable' in read || !isMine(read)) return each;
          return { ...read, owner: nobody, held: { until: new Date().toISOString() } };
        }),
      );
      own.delete(id);
    },

    async begin(says) {
      const work = { says, of: 'work', undo: null } as const;
      const entry: JournalEntry = { ...entryOf(work), by: whoHere() };
      await change((written) => {
        const { entries } = readAll(written);
        assertAlone(entries);
        // Whoever died at work without breaking anything has left nothing but that.
        const over = new Set(entries.filter((each) => each.of === 'work' && !isHeld(each)).map(({ id }) => id));
        over.add(entry.id);
        return [...written.filter((each) => !over.has(idOf(each))), { ...entry, ...held() }];
      });
      keepHeld(entry.id);
      return async () => void (await remove(entry));
    },

    async read() {
      try {
        return readAll((await load()).written);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        return { entries: [], unreadable: [error] };
      }
    },

    remove,

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

/** @throws EnsembleError DRIVER_OTHERS_AT_WORK */
export function assertAlone(entries: readonly JournalEntry[]): void {
  const others = entries.filter((entry) => isHeld(entry) && !isMine(entry));
  if (others.length > 0) throw othersAtWork(others.map((entry) => `${entry.says} (${holderOf(entry)})`));
}

function isMine({ owner }: JournalEntry): boolean {
  return owner.pid === process.pid && identify(process.pid)?.startedAt === owner.startedAt;
}

function whoHere(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return hostname(); // a container's user without a name
  }
}

function isUnreadable(error: unknown): error is EnsembleError {
  return error instanceof EnsembleError && error.code === 'DRIVER_JOURNAL_UNREADABLE';
}
