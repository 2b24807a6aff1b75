/**
 * The image of Java is a function of the lock: made again, from the packages on, in another folder, by a process with another time zone, locale and umask,
 * it has the same bytes. Where Debian carries the locked packages no more, today's are made twice instead.
 */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { hashFile } from '../../artifacts/archive.ts';
import { cacheRootOf } from '../../artifacts/cache.ts';
import { runtimeMakers } from '../../artifacts/runtime-archives.ts';
import { buildableRuntimes } from '../integration/node-archives-fixture.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('debianIndex', 'linux', 'maven');

describe('the image of Java', () => {
  let folder: string;
  const before = { TZ: process.env.TZ, LC_ALL: process.env.LC_ALL };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-java-image-'));
  });
  afterEach(async () => {
    process.umask(0o022);
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('has the bytes of the lock wherever and whenever it is made', async () => {
    const runtimes = await buildableRuntimes();
    const options = { cacheRoot: cacheRootOf(undefined, process.env), env: process.env };
    const circumstances = [
      { place: 'a', zone: 'UTC', locale: 'C', umask: 0o022 },
      { place: 'somewhere else/with a longer name', zone: 'Pacific/Auckland', locale: 'tr_TR.UTF-8', umask: 0o077 },
    ];
    for (const { place, zone, locale, umask } of circumstances) {
      process.umask(umask);
      Object.assign(process.env, { TZ: zone, LC_ALL: locale });
      await mkdir(join(folder, place), { recursive: true });
      const file = join(folder, place, 'java');
      await runtimeMakers(runtimes, options).java(file, join(folder, place));
      expect([(await stat(file)).size, await hashFile(file)]).toEqual([runtimes.java.size, runtimes.java.sha256]);
    }
  });
});
