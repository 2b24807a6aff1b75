/** The archive is the same bytes whoever makes it, and the committed lock is whole. */
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { list } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashFile, makeArchive, packFolder, recordFiles } from '../../artifacts/archive.ts';
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

describe('the archive of a folder', () => {
  /** A program, a text below a folder, and a link, made in this order and with these modes. */
  async function tree(name: string, order: readonly string[], program: number, text: number): Promise<string> {
    const place = join(folder, name);
    await mkdir(join(place, 'conf', 'deep'), { recursive: true });
    for (const each of order) {
      if (each === 'link') await symlink('program', join(place, 'link'));
      else await writeFile(join(place, each), `bytes of ${each}`);
    }
    await chmod(join(place, 'program'), program);
    await chmod(join(place, 'conf/deep/text'), text);
    await utimes(join(place, 'program'), new Date(), new Date(order.length * 1e12));
    return place;
  }
  const pack = async (place: string) => {
    await packFolder(place, `${place}.tar`);
    return await hashFile(`${place}.tar`);
  };

  test('is the same byte for byte, whatever the order, times and umask were in which its files were made', async () => {
    const first = await pack(await tree('first', ['program', 'conf/deep/text', 'link'], 0o700, 0o600));
    const second = await pack(await tree('second', ['link', 'conf/deep/text', 'program'], 0o775, 0o664));
    expect(second).toBe(first);
  });

  test('keeps links, and of modes whether a file may be run', async () => {
    const place = await tree('third', ['program', 'link', 'conf/deep/text'], 0o711, 0o640);
    await pack(place);
    const found: unknown[] = [];
    await list({
      file: `${place}.tar`,
      onReadEntry: ({ path, type, mode = 0, linkpath = '', uid, uname = '' }) =>
        found.push([path, type, type === 'File' ? mode.toString(8) : linkpath, uid, uname]),
    });
    expect(found).toEqual([
      ['conf/deep/text', 'File', '644', undefined, ''],
      ['link', 'SymbolicLink', 'program', undefined, ''],
      ['program', 'File', '755', undefined, ''],
    ]);
  });

  test('is another where a content, a link or a right to run differs', async () => {
    const place = await tree('fourth', ['program', 'link', 'conf/deep/text'], 0o755, 0o644);
    const hashes = new Set([await pack(place)]);
    await chmod(join(place, 'conf/deep/text'), 0o755);
    hashes.add(await pack(place));
    await rm(join(place, 'link'));
    await symlink('conf', join(place, 'link'));
    hashes.add(await pack(place));
    await writeFile(join(place, 'program'), 'other bytes');
    hashes.add(await pack(place));
    expect(hashes.size).toBe(4);
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
