/**
 * The undo journal: what a run is about to break, written to the disk before it breaks it, a file each. Whoever comes later heals what a run that died has
 * left. A file is removed once its fault is healed, so that an empty folder means that nothing is broken on purpose.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { undoSchema } from '../contracts/fault.ts';
import { identify, isAlive } from '../platform/process-identity.ts';
import { journalUnreadable } from './errors.ts';

const schema = z.strictObject({
  id: z.uuid(),
  /** ISO 8601 */
  writtenAt: z.string(),
  /** Who is going to heal it, while it lives. */
  owner: z.strictObject({ pid: z.int(), startedAt: z.string() }),
  /** What was done, for a person. */
  says: z.string(),
  /** Whose undo it is: the driver's, or the runner's own, such as a topic that it made. */
  of: z.enum(['driver', 'runner']),
  undo: undoSchema,
});

export type JournalEntry = Readonly<z.output<typeof schema>>;

export function journalFolder(stateDirectory: string): string {
  return join(stateDirectory, 'faults');
}

/** Returns once it is on the disk, the folder's own entry too. */
export async function writeEntry(
  folder: string,
  { says, of, undo }: Pick<JournalEntry, 'says' | 'of' | 'undo'>,
): Promise<JournalEntry> {
  const id = randomUUID();
  const owner = identify(process.pid) ?? { pid: process.pid, startedAt: '' };
  const entry: JournalEntry = { id, writtenAt: new Date().toISOString(), owner, says, of, undo };
  await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `${id}.unfinished`);
  const handle = await open(unfinished, 'wx', 0o644);
  try {
    await handle.writeFile(`${JSON.stringify(entry)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, join(folder, `${id}.json`));
  const directory = await open(folder);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return entry;
}

/** Oldest first. Throws DRIVER_JOURNAL_UNREADABLE. */
export async function readEntries(folder: string): Promise<readonly JournalEntry[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  const entries = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => readEntry(join(folder, name))),
  );
  return entries.flatMap((entry) => entry ?? []).sort((a, b) => a.writtenAt.localeCompare(b.writtenAt));
}

/** Those whose owner has died: nobody else will heal them. */
export async function abandonedEntries(folder: string): Promise<readonly JournalEntry[]> {
  return (await readEntries(folder)).filter(({ owner }) => !isAlive(owner));
}

export async function removeEntry(folder: string, { id }: JournalEntry): Promise<void> {
  await rm(join(folder, `${id}.json`), { force: true });
}

async function readEntry(file: string): Promise<JournalEntry | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // healed by another one meanwhile
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw journalUnreadable(file, cause);
  }
}
