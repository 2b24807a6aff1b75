/** Undo notes that several machines share: none is lost by another one's, and whose owner is elsewhere are left to him for as long as he says that he lives. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bucketNotes, runsHold } from '../../drivers/aws/bucket-notes.ts';
import { abandoned, type JournalEntry } from '../../drivers/journal.ts';

const key = 'faults/by-run.json';
const kill = { says: 'kill of kafka on worker-1', of: 'driver', undo: { do: 'start' } } as const;

/** One object, as S3 keeps it. */
function shelf() {
  let text: string | undefined;
  let version = 0;
  let failing = false;
  return {
    objects: {
      async readTagged() {
        return text === undefined ? undefined : { text, tag: String(version) };
      },
      async writeIf(_key: string, next: string, tag: string | undefined) {
        if (failing) throw new Error('S3 does not answer');
        if (tag !== (text === undefined ? undefined : String(version))) return false;
        text = next;
        version++;
        return true;
      },
    },
    put: (next: string) => {
      text = next;
      version++;
    },
    read: () => JSON.parse(text ?? '[]') as JournalEntry[],
    fail: (fails: boolean) => {
      failing = fails;
    },
  };
}

describe('undo notes in a bucket', () => {
  let here: ReturnType<typeof shelf>;
  let notes: ReturnType<typeof bucketNotes>;

  const open = () => bucketNotes({ objects: here.objects, key, hold: runsHold });
  /** As if another machine had written it. */
  const elsewhere = () =>
    here.put(
      JSON.stringify(here.read().map((note) => ({ ...note, held: { ...note.held, space: 'another', host: 'ops-2' } }))),
    );

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2026-11-23T12:00:00Z') });
    here = shelf();
    notes = open();
  });
  afterEach(() => {
    notes.close();
    vi.useRealTimers();
  });

  it('are kept until they are removed, and there are none where nothing was ever broken', async () => {
    expect(await notes.read()).toEqual({ entries: [], unreadable: [] });
    const entry = await notes.write(kill);
    expect(await open().read()).toEqual({ entries: [entry], unreadable: [] });
    await notes.remove(entry);
    await notes.remove(entry);
    expect(await notes.read()).toEqual({ entries: [], unreadable: [] });
  });

  it('lose none where several write at once', async () => {
    vi.useRealTimers();
    const written = await Promise.all([notes, open(), open()].map((each) => each.write(kill)));
    expect((await notes.read()).entries.map(({ id }) => id).toSorted()).toEqual(written.map(({ id }) => id).toSorted());
    await Promise.all(written.map((entry) => open().remove(entry)));
    expect(here.read()).toEqual([]);
  });

  it('are there once where the answer to a write was lost, and it is written again', async () => {
    vi.useRealTimers();
    const { writeIf } = here.objects;
    let lost = false;
    here.objects.writeIf = async (...asked) => {
      const written = await writeIf(...asked);
      if (lost) return written;
      lost = true;
      return false;
    };
    await notes.write(kill);
    expect(here.read()).toHaveLength(1);
  });

  it('give up after ten writes that others were before, in words', async () => {
    vi.useRealTimers();
    here.objects.writeIf = async () => false;
    await expect(notes.write(kill)).rejects.toMatchObject({ code: 'DRIVER_NOTES_CONTENDED' });
  });

  it('of a process elsewhere are its own while it puts its time off, and anybody’s once it has not for five minutes', async () => {
    await notes.write(kill);
    elsewhere();
    expect((await abandoned(open())).held).toHaveLength(1);
    vi.setSystemTime(Date.parse('2026-11-23T12:04:59Z'));
    expect(await abandoned(open())).toMatchObject({ entries: [], held: [kill] });
    vi.setSystemTime(Date.parse('2026-11-23T12:05:01Z'));
    expect(await abandoned(open())).toMatchObject({ entries: [kill], held: [] });
  });

  it('of a process that lives are put off every minute, also after one that failed, and not once it has ended', async () => {
    const until = () => here.read()[0]?.held?.until;
    await notes.write(kill);
    expect(until()).toBe('2026-11-23T12:05:00.000Z');
    here.fail(true);
    await vi.advanceTimersByTimeAsync(60_000);
    here.fail(false);
    expect(until()).toBe('2026-11-23T12:05:00.000Z');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(until()).toBe('2026-11-23T12:07:00.000Z');
    notes.close();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(until()).toBe('2026-11-23T12:07:00.000Z');
  });

  it('of this machine are looked up by the process: one that has died holds nothing, whatever its time says', async () => {
    await notes.write(kill);
    here.put(JSON.stringify(here.read().map((note) => ({ ...note, owner: { pid: 1, startedAt: 'another boot:1' } }))));
    expect((await abandoned(notes)).entries).toHaveLength(1);
  });

  it('that others have taken away meanwhile do not come back by being put off', async () => {
    await notes.write(kill);
    here.put('[]');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(here.read()).toEqual([]);
  });

  it('that cannot be read are named and stay, beside others that can, also where those are taken away', async () => {
    const entry = await notes.write(kill);
    here.put(JSON.stringify([{ id: 'of-tomorrow', party: true }, ...here.read()]));
    expect(await notes.read()).toMatchObject({
      entries: [kill],
      unreadable: [
        { code: 'DRIVER_JOURNAL_UNREADABLE', message: expect.stringContaining('of-tomorrow in faults/by-') },
      ],
    });
    await notes.remove(entry);
    expect(here.read()).toEqual([{ id: 'of-tomorrow', party: true }]);
  });

  it('are not written over where the object is no list', async () => {
    here.put('{"torn');
    expect((await notes.read()).unreadable).toMatchObject([{ message: expect.stringContaining(key) }]);
    await expect(notes.write(kill)).rejects.toMatchObject({ code: 'DRIVER_JOURNAL_UNREADABLE' });
  });
});
