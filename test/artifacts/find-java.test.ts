/** Which Java is chosen, and what is said where none fits: with pretended ones that print what real ones print. */
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findJava, parseRelease, parseSettings } from '../../artifacts/find-java.ts';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'ensemble-java-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function install(name: string, version: string): Promise<string> {
  const home = join(folder, name);
  await mkdir(join(home, 'bin'), { recursive: true });
  await writeFile(join(home, 'bin/java'), '#!/bin/sh\nexit 1\n');
  await chmod(join(home, 'bin/java'), 0o755);
  await writeFile(join(home, 'release'), `IMPLEMENTOR="Nobody"\nJAVA_VERSION="${version}"\n`);
  return home;
}

describe('the Java that is chosen', () => {
  test("is JAVA_HOME's before the PATH's before the usual places'", async () => {
    const home = await install('mine', '21.0.2');
    const onPath = await install('path', '17.0.9');
    await install('usual/a', '17.0.1');
    const places = [join(folder, 'usual/*')];
    const PATH = join(onPath, 'bin');
    expect(await findJava({ JAVA_HOME: home, PATH }, places)).toMatchObject({ home, major: 21, version: '21.0.2' });
    expect(await findJava({ PATH }, places)).toMatchObject({ home: onPath });
    expect(await findJava({}, places)).toMatchObject({
      home: join(folder, 'usual/a'),
      executable: join(folder, 'usual/a/bin/java'),
    });
  });

  test('is a later one where the first does not fit', async () => {
    const old = await install('old', '1.8.0_402');
    const fit = await install('fit', '17.0.9');
    expect(await findJava({ JAVA_HOME: old, PATH: join(fit, 'bin') }, [])).toMatchObject({ home: fit });
  });

  test.each([
    ['1.8.0_402', 'ARTIFACTS_JAVA_TOO_OLD'],
    ['16.0.2', 'ARTIFACTS_JAVA_TOO_OLD'],
    ['24', 'ARTIFACTS_JAVA_TOO_NEW'],
    ['25.0.1', 'ARTIFACTS_JAVA_TOO_NEW'],
  ])('cannot be %s: %s, with the version, where it is and what to install', async (version, code) => {
    const home = await install('unfit', version);
    await expect(findJava({ JAVA_HOME: home }, [])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`${home} is ${version.replaceAll('.', '\\.')}`)),
      next: expect.stringContaining('openjdk-17-jre-headless'),
    });
  });

  test('is missed with a list of the places that were looked at', async () => {
    await expect(
      findJava({ JAVA_HOME: join(folder, 'gone'), PATH: folder }, [join(folder, 'nothing/*')]),
    ).rejects.toMatchObject({
      code: 'ARTIFACTS_NO_JAVA',
      message: expect.stringContaining(join(folder, 'nothing/*')),
    });
  });
});

test('the full version is read where the release file has it', () => {
  expect(parseRelease('JAVA_RUNTIME_VERSION="17.0.15+6-Debian-1"\nJAVA_VERSION="17.0.15"\n')).toBe(
    '17.0.15+6-Debian-1',
  );
  expect(parseRelease('')).toBeUndefined();
});

test('a Java without a release file is understood by what it says itself', () => {
  const said = 'Property settings:\n    java.home = /opt/java\n    java.runtime.version = 17.0.2+8\n';
  expect(parseSettings('/usr/bin/java', said)).toEqual({
    home: '/opt/java',
    executable: '/usr/bin/java',
    version: '17.0.2+8',
    major: 17,
  });
  expect(parseSettings('/usr/bin/java', 'No Java runtime present')).toBeUndefined();
});
