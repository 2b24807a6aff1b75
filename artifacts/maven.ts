/**
 * Maven's way: `dependency:copy-dependencies` of the service's pom.xml into a folder. Maven checks what it downloads itself; the lock is checked after.
 * Maven 3 does not guard its local repository against a second run, so runs of one user wait for each other.
 */
import { spawn } from 'node:child_process';
import { access, constants, copyFile, mkdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { withFileLock } from '../platform/file-lock.ts';
import { installationRoot } from '../platform/installation-root.ts';
import type { ArtifactService } from './artifacts-lock.ts';
import { userCacheRoot } from './cache.ts';
import { wayFailed } from './errors.ts';

export interface MavenOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Pinned, so that what Debian's or Homebrew's Maven would take by itself makes no difference. */
const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/** How many of Maven's last lines an error shows. */
const shownLines = 12;

/** Fills `folder`/libs. Throws ARTIFACTS_WAY_FAILED: Maven is not there, or ended with an error. */
export async function fetchWithMaven(service: ArtifactService, folder: string, options: MavenOptions): Promise<void> {
  const maven = await findOnPath('mvn', options.env);
  if (maven === undefined) throw wayFailed('Maven', 'mvn is not on the PATH');
  await mkdir(join(folder, 'libs'), { recursive: true });
  // A copy, since the plugin leaves marker files beside the pom, and an installation may be read-only.
  const pom = join(folder, 'pom.xml');
  await copyFile(join(installationRoot(), 'artifacts', service, 'pom.xml'), pom);
  const wait = {
    signal: options.signal,
    onWait: () => options.onProgress?.('waiting for another Maven run of this user'),
  };
  await withFileLock(join(userCacheRoot(), 'maven.lock'), wait, async () => {
    options.onProgress?.(`Maven fetches the jars of ${service}`);
    const out = `-DoutputDirectory=${join(folder, 'libs')}`;
    const ended = await run(
      maven,
      ['-B', '-q', '--no-transfer-progress', '-f', pom, goal, '-DincludeScope=runtime', out],
      options,
    );
    if (ended.code === 0) return;
    const lines = ended.lines.filter(
      (line) => line.trim() !== '' && !/^\[ERROR\]\s*(\[Help|To see|Re-run|For more|$)/.test(line),
    );
    const why =
      lines.find((line) => line.startsWith('[ERROR]'))?.replace(/^\[ERROR\]\s*/, '') ?? `mvn ended with ${ended.code}`;
    throw wayFailed('Maven', why.slice(0, 300), lines.slice(-shownLines));
  });
  await rm(pom);
}

/** The first executable of that name on env's PATH. */
export async function findOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

function run(
  command: string,
  args: readonly string[],
  options: MavenOptions,
): Promise<{ code: number | string; lines: string[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.signal && { signal: options.signal }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', (error) => {
      if (options.signal?.aborted) reject(options.signal.reason);
      else reject(wayFailed('Maven', `mvn could not be run: ${error.message}`, [], error));
    });
    // Maven resets the terminal's colours even in batch mode.
    child.once('close', (code, signal) =>
      resolve({ code: code ?? signal ?? 'no status', lines: output.replaceAll(colourCode, '').split('\n') }),
    );
  });
}

const colourCode = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
