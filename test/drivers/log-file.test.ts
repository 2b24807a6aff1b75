/** The file that a server writes to, as people read it. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followLog, lastLines, rotateLog } from '../../drivers/processes/log-file.ts';

describe('the log of a server', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-log-'));
    file = join(folder, 'console.log');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives as many of the last lines as were asked for, and none for none', async () => {
    await writeFile(file, 'one\ntwo\nthree\n');
    expect(await lastLines(file, 2)).toEqual(['two', 'three']);
    expect(await lastLines(file, 9)).toEqual(['one', 'two', 'three']);
    expect(await lastLines(file, 0)).toEqual([]);
  });

  /** Follows while `write` writes, until all of `expected` came. */
  async function follow(expected: string, write: () => Promise<void>): Promise<string> {
    const stop = new AbortController();
    const lines = followLog(file, stop.signal)[Symbol.asyncIterator]();
    let text = '';
    const first = lines.next().then(({ value }) => {
      text = String(value);
    });
    // It opens the file at its end, at a moment that nobody tells: what was written before that is not followed.
    while (text === '') {
      await appendFile(file, 'start\n');
      await Promise.race([first, delay(20)]);
    }
    await write();
    const once = () => text.replace(/^(start\n)+/, 'start\n');
    while (once().length < expected.length) text += String((await lines.next()).value);
    stop.abort();
    await lines.return?.();
    return once();
  }

  it('is followed through a rotation, with what was written last to the old file', async () => {
    await writeFile(file, 'before\n');
    const expected = 'start\nlast of the old\nfirst of the new\n';
    const text = await follow(expected, async () => {
      await appendFile(file, 'last of the old\n');
      await rotateLog(file);
      await writeFile(file, 'first of the new\n');
    });
    expect(text).toBe(expected);
  });

  it('is followed with whole characters, wherever a read ends', async () => {
    await writeFile(file, '');
    const bytes = Buffer.from('größer\n');
    const cut = bytes.indexOf(0xc3) + 1;
    const text = await follow('start\ngrößer\n', async () => {
      await appendFile(file, bytes.subarray(0, cut));
      await appendFile(file, bytes.subarray(cut));
    });
    expect(text).toBe('start\ngrößer\n');
  });
});
