/** The undo journal: on the disk before a fault, found by whoever comes after a run that died, and never by others while it lives. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  abandoned,
  folderNotes,
  journalFolder,
  readEntries,
  readJournal,
  removeEntry,
  writeEntry,
} from '../../drivers/journal.ts';

describe('the undo journal', () => {
  let folder: string;

  beforeEach(async () => {
    folder = journalFolder(await mkdtemp(join(tmpdir(), 'ensemble-test-')));
  });
  afterEach(async () => {
    await rm(join(folder, '..'), { recursive: true });
  });

  const write = async () =>
    await writeEntry(folder, { says: 'SIGSTOP to a service', of: 'driver', undo: { do: 'continue' } });

  it('keeps an entry until it is removed, and has none where nothing was ever broken', async () => {
    expect(await readEntries(folder)).toEqual([]);
    const entry = await write();
    expect(await readEntries(folder)).toEqual([entry]);
    await removeEntry(folder, entry);
    await removeEntry(folder, entry);
    expect(await readdir(folder)).toEqual([]);
  });

  it('gives up an entry to others once its owner has died, not before', async () => {
    const entry = await write();
    expect(await abandoned(folderNotes(folder))).toEqual({ entries: [], unreadable: [], held: [entry] });
    const dead = { ...entry, owner: { ...entry.owner, startedAt: 'another boot:1' } };
    await writeFile(join(folder, `${entry.id}.json`), JSON.stringify(dead));
    expect(await abandoned(folderNotes(folder))).toEqual({ entries: [dead], unreadable: [], held: [] });
  });

  it('says which file it cannot read, gives the others, and passes over one that was not finished', async () => {
    const other = await write();
    const entry = await write();
    await writeFile(join(folder, 'half.unfinished'), '{"id"');
    expect(await readEntries(folder)).toHaveLength(2);
    const file = join(folder, `${entry.id}.json`);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"of"', '"from"'));
    expect(await readJournal(folder)).toMatchObject({
      entries: [other],
      unreadable: [{ code: 'DRIVER_JOURNAL_UNREADABLE', message: expect.stringContaining(file) }],
    });
    await expect(readEntries(folder)).rejects.toMatchObject({ code: 'DRIVER_JOURNAL_UNREADABLE' });
  });
});
