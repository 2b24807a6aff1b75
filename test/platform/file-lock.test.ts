/** The lock keeps its holders apart and frees itself of dead ones. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireFileLock, withFileLock } from '../../platform/file-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the lock is free again after the work has thrown', async () => {
  await expect(
    withFileLock(join(folder, 'a.lock'), {}, async () => {
      throw new Error('work failed');
    }),
  ).rejects.toThrow('work failed');
  expect(await withFileLock(join(folder, 'a.lock'), {}, async () => 'next')).toBe('next');
});

test('tasks of one process exclude each other too, in the order of their tickets', async () => {
  const log: string[] = [];
  const task = (name: string) =>
    withFileLock(join(folder, 'a.lock'), {}, async () => {
      log.push(`${name} in`);
      await readdir(folder);
      log.push(`${name} out`);
    });
  await Promise.all(['a', 'b', 'c', 'd'].map(task));
  for (let at = 0; at < log.length; at += 2) expect(log[at + 1]).toBe(log[at]?.replace('in', 'out'));
  expect(log).toHaveLength(8);
});

test('an aborted wait throws the reason and leaves no ticket behind', async () => {
  const path = join(folder, 'a.lock');
  const held = await acquireFileLock(path);
  const abort = new AbortController();
  const waiting = acquireFileLock(path, { signal: abort.signal });
  abort.abort(new Error('the person pressed Ctrl-C'));
  await expect(waiting).rejects.toThrow('the person pressed Ctrl-C');
  expect(await readdir(path)).toHaveLength(1);
  await held.release();
  expect(await readdir(path)).toHaveLength(0);
});

test('tickets of dead processes, and of a stranger who now has the pid, hold nothing and are cleared away', async () => {
  const path = join(folder, 'a.lock');
  await (await acquireFileLock(path)).release();
  const longAgo = Buffer.from('another boot:1').toString('base64url');
  await writeFile(join(path, `ticket.000000000001.${process.pid}.${longAgo}.x`), '');
  await writeFile(join(path, `ticket.000000000002.2147483646.${longAgo}.x`), '');
  await writeFile(join(path, `choosing.000000000000.2147483646.${longAgo}.x`), '');
  const lock = await acquireFileLock(path);
  expect(await readdir(path)).toHaveLength(1);
  await lock.release();
});
