/** Records of processes: what they say of the files that were read, those of an older ensemble too. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RenderedService } from '../../cluster/render.ts';
import { afterReload, asRead, differenceFrom } from '../../drivers/processes/as-read.ts';
import { readRecord, writeRecord } from '../../drivers/processes/record.ts';

const service = (settings: string, seed = 'a'): RenderedService => ({
  service: 'messaging-api',
  files: [
    { path: '/a/config.json', mode: 0o600, text: [settings, { secret: 'tokens/admin' }, { fact: 'zone' }] },
    { path: '/a/seed.json', mode: 0o600, forJobs: true, text: [seed] },
  ],
  folders: [],
  process: {
    program: { runtime: 'node', program: 'messaging-api', options: ['-a'], arguments: [] },
    memoryMiB: 64,
    probe: { listener: 'https', send: '', expect: '' },
    secrets: [{ id: `tokens/users/${seed}`, kind: 'token' }],
    stopTimeoutMs: 1_000,
  },
});

/** As ensemble wrote it before it kept what was read. */
function olderDigest({ files, process: { secrets: _, ...itself } }: RenderedService): string {
  const read = files.filter(({ forJobs }) => forJobs !== true);
  return createHash('sha256')
    .update(JSON.stringify([read, itself]))
    .digest('hex');
}

test('a record says what was read, and is read back as it was written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
  const file = join(folder, 'process.json');
  const base = { pid: 7, startedAt: '1', since: 'then', stopRequested: false };
  const record = { ...base, ...asRead(service('x')) };
  await writeRecord(file, record);
  const read = await readRecord(file);
  expect(read).toEqual(record);
  expect(differenceFrom(read, service('x', 'b'))).toBeUndefined();
  expect(differenceFrom(read, service('y'))?.files).toMatchObject([{ path: '/a/config.json', change: 'changed' }]);
  await writeFile(file, '{"pid":');
  expect(await readRecord(file)).toBeUndefined();
  await rm(folder, { recursive: true });
});

test('an older ensemble’s record, with a digest alone, says whether anything changed, and nothing more', () => {
  const older = { filesDigest: olderDigest(service('x')) };
  expect(differenceFrom(older, service('x', 'b'))).toBeUndefined();
  expect(differenceFrom(older, service('y'))).toEqual({ known: false, command: false, files: [] });
  const reloading = { ...service('y'), process: { ...service('y').process, reload } };
  expect(differenceFrom(afterReload(older, reloading), reloading)).toBeUndefined();
});

test('a process that was found without a record counts as one that runs with something else', () => {
  expect(differenceFrom({ filesDigest: '' }, service('x'))).toMatchObject({ known: false });
  expect(differenceFrom(undefined, service('x'))).toMatchObject({ known: false });
});

const reload = { signal: 'SIGUSR2', reads: 'everything' } as const;
