/**
 * The stand-in's own class, mongodb-stand-in/StandIn.java. It is committed compiled (stand-in.jar.base64), so that a machine needs no compiler to run
 * it, and joins Maven's jars in the artifact; test/integration/artifacts-java.test.ts compiles it anew and compares. See decision 0023.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { installationRoot } from '../platform/installation-root.ts';
import { newWorkFolder } from './cache.ts';
import { launcherNotCompiled } from './errors.ts';
import type { Java } from './find-java.ts';
import { fetchWithMaven, type MavenOptions } from './maven.ts';

/** Relative to the installation. */
export const launcherFile = 'artifacts/mongodb-stand-in/stand-in.jar.base64';

const jarName = 'stand-in.jar';

/** Puts the committed jar among Maven's in `folder`/libs. */
export async function addLauncher(folder: string): Promise<void> {
  const text = await readFile(join(installationRoot(), launcherFile), 'utf8');
  await writeFile(join(folder, 'libs', jarName), Buffer.from(text, 'base64'));
}

/**
 * The text that `launcherFile` must have. The bytes are those of javac 17: another JDK may write others of the same meaning.
 * Throws ARTIFACTS_LAUNCHER_NOT_COMPILED, and what Maven's way throws.
 */
export async function compileLauncher(cacheRoot: string, java: Java, options: MavenOptions): Promise<string> {
  const work = await newWorkFolder(cacheRoot);
  try {
    await fetchWithMaven('mongodb-stand-in', work.path, options);
    const source = join(installationRoot(), 'artifacts', 'mongodb-stand-in', 'StandIn.java');
    const classes = join(work.path, 'classes');
    const jar = join(work.path, jarName);
    const tool = (name: string) => join(dirname(java.executable), name);
    const path = join(work.path, 'libs', '*');
    await run(tool('javac'), ['--release', '17', '-Xlint:all', '-Werror', '-cp', path, '-d', classes, source]);
    const dated = ['--create', '--no-manifest', '--date=2000-01-01T00:00:00Z', '--file', jar];
    await run(tool('jar'), [...dated, '-C', classes, '.']);
    const lines = (await readFile(jar)).toString('base64').match(/.{1,120}/g) ?? [];
    return `${lines.join('\n')}\n`;
  } finally {
    await work.remove();
  }
}

async function run(command: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(command, args);
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw launcherNotCompiled((output.trim() || String(error)).split('\n').slice(-12));
  }
}
