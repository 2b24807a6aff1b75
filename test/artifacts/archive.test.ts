/** The archive is the same bytes whoever makes it, and the committed lock is whole. */
import { chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { list } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashFile, makeArchive, recordFiles } from '../../artifacts/archive.ts';
import { artifactsLock, runtimesLock } from '../../artifacts/artifacts-lock.ts';
import { formatLock } from '../../artifacts/lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-archive-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function jars(name: string, mode: number, time: Date, order: readonly string[]): Promise<string> {
  const place = join(folder, name);
  await mkdir(join(place, 'libs'), { recursive: true });
  for (const jar of order) {
    await writeFile(join(place, 'libs', jar), `bytes of ${jar}`);
    await chmod(join(place, 'libs', jar), mode);
    await utimes(join(place, 'libs', jar), time, time);
  }
  await writeFile(join(place, 'libs', 'notes.txt'), 'not a jar');
  return place;
}

describe('the archive of a service', () => {
  test('is the same byte for byte, whatever the modes, times and order of its jars were', async () => {
    const first = await jars('first', 0o600, new Date('2020-01-01'), ['b.jar', 'a.jar', 'B.jar']);
    const second = await jars('second', 0o664, new Date('2024-05-06'), ['B.jar', 'a.jar', 'b.jar']);
    const made = await makeArchive(first, 'x.tar', await recordFiles(first));
    expect(await makeArchive(second, 'x.tar', await recordFiles(second))).toEqual(made);
    expect(made.sha256).toBe(await hashFile(join(second, 'x.tar')));
  });

  test('holds the jars alone, in the order of their names, and another byte makes it another', async () => {
    const place = await jars('first', 0o644, new Date(), ['b.jar', 'a.jar']);
    const made = await makeArchive(place, 'x.tar', await recordFiles(place));
    const paths: string[] = [];
    await list({ file: join(place, 'x.tar'), onReadEntry: (entry) => paths.push(entry.path) });
    expect(paths).toEqual(['libs/a.jar', 'libs/b.jar']);
    await writeFile(join(place, 'libs/a.jar'), 'bytes of a.jaR');
    expect((await makeArchive(place, 'x.tar', await recordFiles(place))).sha256).not.toBe(made.sha256);
  });
});

describe('the lock', () => {
  test('is committed as its formatter writes it, so that making it anew changes nothing', async () => {
    const committed = await readFile(join(import.meta.dirname, '../../artifacts/artifacts.lock.json'), 'utf8');
    expect(formatLock(artifactsLock, runtimesLock)).toBe(committed);
  });

  test.each(['zookeeper', 'kafka'] as const)(
    'names every jar of %s once, sorted, and one logging binding',
    (service) => {
      const paths = artifactsLock[service].files.map((file) => file.path);
      expect(paths).toEqual([...new Set(paths)].sort());
      expect(paths.filter((path) => /logback|slf4j-reload4j|slf4j-log4j/.test(path))).toHaveLength(1);
    },
  );
});
