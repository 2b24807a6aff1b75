/**
 * The undo journal: what a run is about to break, written to the disk before it breaks it, a file each. Whoever comes later heals what a run that died has
 * left. A file is removed once its fault is healed, so that an empty folder means that nothing is broken on purpose.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { EnsembleError } from '../contracts/error.ts';
import { undoSchema } from '../contracts/fault.ts';
import { identify, isAlive, processSpace } from '../platform/process-identity.ts';
import { journalUnreadable } from './errors.ts';

const schema = z.strictObject({
  id: z.uuid(),
  /** ISO 8601 */
  writtenAt: z.string(),
  /** Who is going to heal it, while it lives. */
  owner: z.strictObject({ pid: z.int(), startedAt: z.string() }),
  /** What was done, for a person. */
  says: z.string(),
  /** Whose undo it is: the driver's, or the runner's own, such as a topic that it made; nobody's where it says that somebody is at work. */
  of: z.enum(['driver', 'runner', 'work']),
  undo: undoSchema,
  /** Who serves again once it is undone, and is waited for before the note is taken away; absent where nobody is. */
  serves: z.strictObject({ node: z.string(), service: z.string() }).optional(),
  /** Of a note that other machines read: they cannot look for the owner's process, and go by the time, ISO 8601, which the owner puts off while it lives. */
  held: z.strictObject({ space: z.string().optional(), until: z.string() }).optional(),
  /** Whose it is, where others than this machine's read it: `user@host`. */
  by: z.string().optional(),
});

export type JournalEntry = Readonly<z.output<typeof schema>>;

/** What is noted; the rest the journal knows. */
export type Note = Pick<JournalEntry, 'says' | 'of' | 'undo' | 'serves'>;

/** What notes say. */
export interface Journal {
  /** Oldest first. */
  readonly entries: readonly JournalEntry[];
  /** DRIVER_JOURNAL_UNREADABLE each: notes that nobody can heal by. They are left where they are, and keep nobody from the others. */
  readonly unreadable: readonly EnsembleError[];
}

/** Where notes are kept: a folder here, or what several machines read. */
export interface FaultNotes {
  /** Returns once it outlives this process. */
  write(note: Note): Promise<JournalEntry>;
  read(): Promise<Journal>;
  /** Makes one that was abandoned this process's own to undo: false where it is gone, or has become another one's that lives. */
  claim(entry: JournalEntry): Promise<boolean>;
  /** Of one that was claimed and could not be undone: whoever comes next may try. */
  release(entry: JournalEntry): Promise<void>;
  /** Whether it was there still: somebody else may have undone it. */
  remove(entry: JournalEntry): Promise<boolean>;
  /** Before nodes are broken or rolled: nobody else does, from wherever these notes are read, until what it gives is called. @throws EnsembleError DRIVER_OTHERS_AT_WORK */
  begin(says: string): Promise<() => Promise<void>>;
}

/** @internal */
export function folderNotes(folder: string): FaultNotes {
  return {
    write: (note) => writeEntry(folder, note),
    read: () => readJournal(folder),
    // Who heals in a folder holds its lock, and so does who is at work.
    claim: async (entry) => (await readEntry(noteFile(folder, entry))) !== undefined,
    release: async () => {},
    remove: (entry) => removeEntry(folder, entry),
    begin: async () => async () => {},
  };
}

/** Of runs: where an environment keeps them itself, or a folder of its state. */
export function notesOf({
  notes,
  stateDirectory,
}: {
  readonly notes?: FaultNotes | undefined;
  readonly stateDirectory: string;
}): FaultNotes {
  return notes ?? folderNotes(journalFolder(stateDirectory));
}

export function journalFolder(stateDirectory: string): string {
  return join(stateDirectory, 'faults');
}

/** Where an entry lies. */
export function noteFile(folder: string, { id }: Pick<JournalEntry, 'id'>): string {
  return join(folder, `${id}.json`);
}

/** A new one, of this process. */
export function entryOf({ says, of, undo, serves }: Note): JournalEntry {
  const owner = identify(process.pid) ?? { pid: process.pid, startedAt: '' };
  const writtenAt = new Date().toISOString();
  return { id: randomUUID(), writtenAt, owner, says, of, undo, ...(serves && { serves }) };
}

/** Returns once it is on the disk, the folder's own entry too. */
export async function writeEntry(folder: string, note: Note): Promise<JournalEntry> {
  const entry = entryOf(note);
  await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `${entry.id}.unfinished`);
  const handle = await open(unfinished, 'wx', 0o644);
  try {
    await handle.writeFile(`${JSON.stringify(entry)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, noteFile(folder, entry));
  const directory = await open(folder);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return entry;
}

export async function readJournal(folder: string): Promise<Journal> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  const entries: JournalEntry[] = [];
  const unreadable: EnsembleError[] = [];
  for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
    const read = await readEntry(join(folder, name));
    if (read === undefined) continue;
    if ('entry' in read) entries.push(read.entry);
    else unreadable.push(read.unreadable);
  }
  return { entries: entries.sort((a, b) => a.writtenAt.localeCompare(b.writtenAt)), unreadable };
}

/** All of them, or DRIVER_JOURNAL_UNREADABLE. What heals reads the journal: a note that nobody can read keeps nobody from the others. @internal */
export async function readEntries(folder: string): Promise<readonly JournalEntry[]> {
  const { entries, unreadable } = await readJournal(folder);
  for (const error of unreadable) throw error;
  return entries;
}

/** Of them, those whose owner has died: nobody else will heal them. */
export interface Abandoned extends Journal {
  /** Whose owner lives. */
  readonly held: readonly JournalEntry[];
}

export async function abandoned(notes: Pick<FaultNotes, 'read'>): Promise<Abandoned> {
  const { entries, unreadable } = await notes.read();
  // Who died at work has left nothing by that alone.
  const isLeft = (entry: JournalEntry) => !isHeld(entry) && entry.of !== 'work';
  return { entries: entries.filter(isLeft), unreadable, held: entries.filter(isHeld) };
}

/** Whether its owner lives and heals it; of one that cannot be looked for here, whether it has said so lately. */
export function isHeld({ owner, held }: Pick<JournalEntry, 'owner' | 'held'>): boolean {
  if (isAlive(owner)) return true;
  if (held === undefined || (held.space !== undefined && held.space === processSpace())) return false;
  return Date.now() < Date.parse(held.until);
}

/** For a person: who is going to heal it. */
export function holderOf({ owner, held, by }: JournalEntry): string {
  const who = by === undefined ? `process ${owner.pid}` : `process ${owner.pid} of ${by}`;
  return held === undefined ? who : `${who}, which is at work by what it said, until ${held.until}`;
}

/** An entry as it was written. @param where it lies, for a person */
export function readNote(written: unknown, where: string): JournalEntry | { readonly unreadable: EnsembleError } {
  const read = schema.safeParse(written);
  return read.success ? read.data : { unreadable: journalUnreadable(where, read.error) };
}

/** Whether it was there. */
export async function removeEntry(folder: string, entry: JournalEntry): Promise<boolean> {
  try {
    await unlink(noteFile(folder, entry));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** For where all whom a driver broke have ended: there is nothing to go back to. What a runner made, such as topics, stays noted. */
export async function forgetDriverEntries(folder: string): Promise<void> {
  const over = (await readJournal(folder)).entries.filter(({ of }) => of === 'driver');
  for (const entry of over) await removeEntry(folder, entry);
}

async function readEntry(
  file: string,
): Promise<{ readonly entry: JournalEntry } | { readonly unreadable: EnsembleError } | undefined> {
  try {
    return { entry: schema.parse(JSON.parse(await readFile(file, 'utf8'))) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // healed by another one meanwhile
    return { unreadable: journalUnreadable(file, cause) };
  }
}
