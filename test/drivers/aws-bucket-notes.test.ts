/** Undo notes that several machines share: none is lost by another one's, and whose owner is elsewhere are left to him for as long as he says that he lives. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { awsFault } from '../../clients/aws/errors.ts';
import { bucketNotes, runsHold } from '../../drivers/aws/bucket-notes.ts';
import { abandoned, type JournalEntry } from '../../drivers/journal.ts';
import { identify } from '../../platform/process-identity.ts';

const key = 'faults/by-run.json';
/** A process that is not of this machine. */
const stranger = { pid: 1, startedAt: 'another boot:1' };
const kill = { says: 'kill of kafka on worker-1', of: 'driver', undo: { do: 'start' } } as const;

/** One object, as S3 keeps it. */
function shelf() {
  let text: string | undefined;
  let version = 0;
  let failing = false;
  let denied: 'nothing' | 'absent' | 'all' = 'nothing';
  const objects = {
    async readTagged(asked: string) {
      if (denied === 'all' || (denied === 'absent' && text === undefined))
        throw awsFault(`s3:GetObject ${asked}`, Object.assign(new Error('no'), { name: 'AccessDenied' }));
      return text === undefined ? undefined : { text, tag: String(version) };
    },
    async writeIf(_key: string, next: string, tag: string | undefined) {
      if (failing) throw new Error('S3 does not answer');
      if (tag !== (text === undefined ? undefined : String(version))) return false;
      text = next;
      version++;
      return true;
    },
  };
  return {
    objects,
    put: (next: string) => {
      text = next;
      version++;
    },
    read: () => JSON.parse(text ?? '[]') as JournalEntry[],
    fail: (fails: boolean) => {
      failing = fails;
    },
    /** S3 answers 403 of what is not there to who may not list the bucket. */
    deny: (what: 'absent' | 'all') => {
      denied = what;
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
      JSON.stringify(
        here.read().map((note) => ({ ...note, owner: stranger, held: { ...note.held, space: 'another' } })),
      ),
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
    expect(entry.by).toMatch(/^\S+@\S+$/);
    expect(await open().read()).toEqual({ entries: [entry], unreadable: [] });
    expect([await notes.remove(entry), await notes.remove(entry)]).toEqual([true, false]);
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
    here.put(JSON.stringify(here.read().map((note) => ({ ...note, owner: stranger }))));
    expect((await abandoned(notes)).entries).toHaveLength(1);
  });

  it('keep whoever else begins from it while one is at work, elsewhere or in another process here, and no longer', async () => {
    const end = await notes.begin('runs of chaos');
    elsewhere();
    const other = open();
    const refused = {
      code: 'DRIVER_OTHERS_AT_WORK',
      message: expect.stringMatching(/runs of chaos \(process 1 of .* until 2026-11-23T12:05:00.000Z\)/),
    };
    await expect(other.begin('ensemble roll')).rejects.toMatchObject(refused);
    here.put(JSON.stringify(here.read().map((note) => ({ ...note, owner: identify(process.ppid) }))));
    await expect(other.begin('ensemble roll')).rejects.toMatchObject({ code: refused.code });
    expect(here.read()).toHaveLength(1);
    await end();
    const ended = await other.begin('ensemble roll');
    await ended();
    expect(here.read()).toEqual([]);
    other.close();
  });

  it('keep whoever begins from it while something is broken by a run', async () => {
    await notes.write(kill);
    elsewhere();
    await expect(open().begin('ensemble roll')).rejects.toMatchObject({ code: 'DRIVER_OTHERS_AT_WORK' });
  });

  it('let one of two begin that begin at once', async () => {
    const other = open();
    const { writeIf } = here.objects;
    let first = true;
    // Between the other one's reading and writing this one has begun.
    here.objects.writeIf = async (...asked) => {
      if (!first) return await writeIf(...asked);
      first = false;
      await notes.begin('runs of chaos');
      elsewhere();
      return await writeIf(...asked);
    };
    const refused = expect(other.begin('ensemble roll')).rejects.toMatchObject({ code: 'DRIVER_OTHERS_AT_WORK' });
    await vi.advanceTimersByTimeAsync(1_000);
    await refused;
    expect(here.read()).toMatchObject([{ says: 'runs of chaos', held: { space: 'another' } }]);
  });

  it('of one that died at work are nothing to heal, and gone with the next that begins', async () => {
    await notes.begin('runs of chaos');
    elsewhere();
    vi.setSystemTime(Date.parse('2026-11-23T12:05:01Z'));
    expect(await abandoned(open())).toEqual({ entries: [], unreadable: [], held: [] });
    const next = open();
    await next.begin('ensemble roll');
    expect(here.read()).toMatchObject([{ says: 'ensemble roll' }]);
    next.close();
  });

  it('that were claimed and could not be undone are anybody’s again', async () => {
    const entry = await notes.write(kill);
    elsewhere();
    vi.setSystemTime(Date.parse('2026-11-23T12:05:01Z'));
    const healer = open();
    expect(await healer.claim(entry)).toBe(true);
    expect((await abandoned(open())).held).toHaveLength(1);
    await healer.release(entry);
    vi.advanceTimersByTime(60_000);
    expect(await abandoned(open())).toMatchObject({ entries: [kill], held: [] });
    healer.close();
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

  it('are begun where S3 denies what is not there, and denied where they are and may not be read', async () => {
    here.deny('absent');
    expect(await notes.read()).toEqual({ entries: [], unreadable: [] });
    expect(here.read()).toEqual([]);
    await notes.write(kill);
    expect((await notes.read()).entries).toMatchObject([kill]);
    here.deny('all');
    await expect(notes.read()).rejects.toMatchObject({ code: 'CLIENT_AWS_DENIED' });
    expect(here.read()).toMatchObject([kill]);
  });

  it('are claimed by one of two that heal, once their owner is gone, and not where somebody has healed them', async () => {
    const entry = await notes.write(kill);
    elsewhere();
    expect(await open().claim(entry), 'of one that lives').toBe(false);
    vi.setSystemTime(Date.parse('2026-11-23T12:06:00Z'));
    const healer = open();
    expect(await healer.claim(entry)).toBe(true);
    expect(here.read()).toMatchObject([{ owner: { pid: process.pid }, held: { until: '2026-11-23T12:11:00.000Z' } }]);
    elsewhere();
    expect(await open().claim(entry), 'of the one that heals it').toBe(false);
    expect(await healer.remove(entry)).toBe(true);
    expect(await open().claim(entry)).toBe(false);
    healer.close();
  });

  it('are taken away once S3 answers again, and stay where it refuses', async () => {
    const entry = await notes.write(kill);
    const { readTagged } = here.objects;
    let left = 1;
    here.objects.readTagged = async (asked) => {
      if (left-- > 0) throw awsFault('s3:GetObject', Object.assign(new Error('no'), { name: 'SlowDown' }));
      return await readTagged(asked);
    };
    const removed = notes.remove(entry);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([await removed, here.read()]).toEqual([true, []]);
    const other = await notes.write(kill);
    here.deny('all');
    await expect(notes.remove(other)).rejects.toMatchObject({ code: 'CLIENT_AWS_DENIED' });
    expect(here.read()).toHaveLength(1);
  });
});
