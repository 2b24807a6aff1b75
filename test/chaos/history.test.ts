/** A history on disk: what is recorded is read again, a torn last line is left out, and a damaged one elsewhere is refused. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHistory, readHistory } from '../../chaos/history.ts';
import type { HistoryEvent } from '../../chaos/history-event.ts';
import { readRun } from '../../chaos/observed-run.ts';
import { ok, send, start } from './written-history.ts';

describe('a history', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
    file = join(folder, 'history.jsonl');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const written = async () => {
    const recorder = await openHistory(file);
    for (const event of [start(), send(1, 'a:1'), ok(1, 0)]) recorder.record(event);
    await recorder.close();
  };

  it('is read as it was recorded, with times that only go forward', async () => {
    await written();
    const events: HistoryEvent[] = [];
    expect(await readHistory(file, (event) => events.push(event))).toEqual({ torn: false });
    expect(events.map(({ type }) => type)).toEqual(['start', 'send', 'sent']);
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort((a, b) => a - b));
  });

  it('is readable after a crash: a torn last line is left out, a whole one without its end is used', async () => {
    await written();
    const whole = await readFile(file, 'utf8');
    await appendFile(file, '{"type":"send","op":2,"ke');
    expect(await readHistory(file, () => {})).toEqual({ torn: true });
    expect((await readRun(file)).writes).toMatchObject([{ op: 1, outcome: 'ok' }]);
    await writeFile(file, whole.trimEnd());
    expect((await readRun(file)).writes).toMatchObject([{ op: 1, outcome: 'ok' }]);
  });

  it('takes an operation without an end for unknown', async () => {
    await written();
    await appendFile(file, `${JSON.stringify({ ...send(2, 'a:2'), at: 9 })}\n`);
    expect((await readRun(file)).writes).toMatchObject([{ outcome: 'ok' }, { outcome: 'unknown', endedAt: undefined }]);
  });

  it('is refused with the number of a line that is damaged or foreign', async () => {
    await written();
    await appendFile(file, '{"type":"party","at":3}\n{"type":"end","at":4,"outcome":"completed"}\n');
    await expect(readRun(file)).rejects.toMatchObject({
      code: 'CHAOS_HISTORY_UNREADABLE',
      message: `${file}, line 4, is not a line of a history`,
    });
  });

  it('is read as strictly in the lines that are most of it', async () => {
    const [sent, answered] = [
      { ...send(2, 'a:2'), at: 9 },
      { ...ok(2, 0), at: 9 },
    ];
    const odd = [
      { ...sent, more: 1 },
      { ...sent, count: 0 },
      { ...sent, op: -1 },
      { ...sent, via: 'fax' },
      { ...answered, offset: 1.5 },
      { ...answered, outcome: 'perhaps' },
      { ...answered, at: '9' },
    ];
    for (const [index, line] of odd.entries()) {
      const other = `${file}.${index}`;
      await writeFile(other, `${JSON.stringify(line)}\n`);
      await expect(
        readHistory(other, () => {}),
        JSON.stringify(line),
      ).rejects.toMatchObject({ code: 'CHAOS_HISTORY_UNREADABLE' });
    }
  });

  it('that is not there, or is a folder, is said to be absent', async () => {
    for (const other of [`${file}.none`, folder])
      await expect(readHistory(other, () => {})).rejects.toMatchObject({
        code: 'CHAOS_HISTORY_ABSENT',
        message: expect.stringContaining(other),
      });
  });

  it('is refused without a start, and never written over', async () => {
    await writeFile(file, `${JSON.stringify({ ...send(2, 'a:2'), at: 9 })}\n`);
    await expect(readRun(file)).rejects.toMatchObject({ code: 'CHAOS_HISTORY_WITHOUT_START' });
    await expect(openHistory(file)).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
