/** Which HAProxy and which mongod are taken, and what is said where none fits: with pretended ones that print what real ones print. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProgram, type NativeProgramName } from '../../artifacts/find-program.ts';
import { requires } from '../requirements.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-find-program-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function install(path: string, prints: string, status = 0): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${prints}'\nexit ${status}\n`);
  await chmod(file, 0o755);
  return file;
}
const haproxy = (version: string) => `HAProxy version ${version} 2024/01/01 - https://haproxy.org/`;
const mongod = (version: string) => `db version v${version}\nBuild Info: {}`;
const find = (name: NativeProgramName, env: NodeJS.ProcessEnv, places: readonly string[] = []) =>
  findProgram(name, { env, places, home: folder });

describe('HAProxy', () => {
  test("is the variable's before the PATH's before the usual places'", async () => {
    const named = await install('named/haproxy', haproxy('3.0.1'));
    const onPath = await install('path/haproxy', haproxy('2.8.3-1'));
    const usual = await install('opt/haproxy-2.6/sbin/haproxy', haproxy('2.6.12-1+deb12u3'));
    const places = [join(folder, 'opt', 'haproxy*', 'sbin')];
    const PATH = dirname(onPath);
    expect(await find('haproxy', { ENSEMBLE_HAPROXY: named, PATH }, places)).toEqual({
      kind: 'found',
      executable: named,
      version: '3.0.1',
    });
    expect(await find('haproxy', { PATH }, places)).toMatchObject({ executable: onPath, version: '2.8.3-1' });
    expect(await find('haproxy', {}, places)).toMatchObject({ executable: usual, version: '2.6.12-1+deb12u3' });
  });

  test('is a later one where the first is too old, and too old where there is no other', async () => {
    const old = await install('path/haproxy', 'HA-Proxy version 2.2.9-2+deb11u6 2023/01/01 - https://haproxy.org/');
    const PATH = dirname(old);
    expect(await find('haproxy', { PATH })).toMatchObject({
      kind: 'absent',
      reason: `${old} is there, but HAProxy 2.2.9-2+deb11u6 is too old: 2.4 is the oldest that serves`,
      remedy: expect.stringContaining('apt-get install haproxy'),
    });
    const fit = await install('usual/haproxy', haproxy('2.10.0'));
    expect(await find('haproxy', { PATH }, [dirname(fit)])).toMatchObject({ executable: fit });
  });

  test('is absent with the way to get it', async () => {
    expect(await find('haproxy', { PATH: folder }, [join(folder, 'gone*', 'sbin')])).toEqual({
      kind: 'absent',
      reason: 'no haproxy is on the PATH or in the usual places',
      remedy: expect.stringContaining('apt-get install haproxy'),
    });
  });

  test('that a variable names is not replaced by another in silence', async () => {
    const onPath = await install('path/haproxy', haproxy('2.8.3'));
    const PATH = dirname(onPath);
    const gone = join(folder, 'gone');
    expect(await find('haproxy', { ENSEMBLE_HAPROXY: gone, PATH })).toMatchObject({
      kind: 'absent',
      reason: `ENSEMBLE_HAPROXY names ${gone}, where nothing is`,
    });
    const broken = await install('broken', 'cannot open shared object file', 127);
    expect(await find('haproxy', { ENSEMBLE_HAPROXY: broken, PATH })).toMatchObject({
      reason: `ENSEMBLE_HAPROXY names ${broken}, but it does not run (127)`,
    });
    const other = await install('other', 'nginx version: nginx/1.22');
    expect(await find('haproxy', { ENSEMBLE_HAPROXY: other, PATH })).toMatchObject({
      reason: `ENSEMBLE_HAPROXY names ${other}, but it does not say that it is HAProxy`,
    });
  });

  requires('haproxy').it('of this machine is found, with its version', async () => {
    expect(await findProgram('haproxy')).toMatchObject({ kind: 'found', version: expect.stringMatching(/^\d+\.\d+/) });
  });
});

describe('mongod', () => {
  test('is the one on the PATH, if it is 6.0 or later', async () => {
    const fit = await install('path/mongod', mongod('7.0.14'));
    expect(await find('mongod', { PATH: dirname(fit) })).toEqual({ kind: 'found', executable: fit, version: '7.0.14' });
    await install('path/mongod', mongod('5.0.30'));
    expect(await find('mongod', { PATH: dirname(fit) })).toMatchObject({
      kind: 'absent',
      reason: expect.stringContaining('MongoDB 5.0.30 is too old: 6.0'),
      remedy: expect.stringContaining('ENSEMBLE_MONGOD'),
    });
  });

  test('is the newest that mongodb-memory-server has downloaded before, where the system has none', async () => {
    await install('.cache/mongodb-binaries/mongod-x64-debian-12-7.0.9', mongod('7.0.9'));
    await install('.cache/mongodb-binaries/6.0.4/mongod', mongod('6.0.4'));
    await install('.cache/mongodb-binaries/7.0.14.lock', 'a lock');
    expect(await find('mongod', {})).toMatchObject({ version: '7.0.9' });
    const newest = await install('.cache/mongodb-binaries/mongod-x64-debian-12-7.0.14', mongod('7.0.14'));
    expect(await find('mongod', {})).toMatchObject({ executable: newest });
    await install('elsewhere/mongod-arm64-ubuntu-24.04-8.0.1', mongod('8.0.1'));
    expect(await find('mongod', { MONGOMS_DOWNLOAD_DIR: join(folder, 'elsewhere') })).toMatchObject({
      version: '8.0.1',
    });
  });
});
