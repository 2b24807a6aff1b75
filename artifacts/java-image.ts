/**
 * The Java that nodes run on: an image of the modules that ZooKeeper and Kafka need, made by jlink out of Debian's own development kit.
 *
 * The kit comes as packages by SHA-256 and is unpacked beside, never installed: so the image is a function of the lock, whatever Java the machine that
 * builds has, and machines without one build it too. They must be what the image is for, Linux on x86-64, since jlink itself is run. I/O throughout.
 */
import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { packFolder } from './archive.ts';
import type { DebianPackage } from './artifacts-lock.ts';
import { type DebianOptions, fetchDebianPackage } from './debian-packages.ts';
import { javaNotLinked, notLinuxX64 } from './errors.ts';
import { findOnPath } from './maven.ts';

const run = promisify(execFile);

/** A development kit that was unpacked out of Debian's packages. */
export interface JavaKit {
  readonly home: string;
}

/** Unpacks the packages of a kit into `folder`. Throws ARTIFACTS_NOT_LINUX_X64 and what fetching throws. */
export async function unpackKit(
  packages: readonly DebianPackage[],
  folder: string,
  options: DebianOptions,
): Promise<JavaKit> {
  const dpkg = await findOnPath('dpkg-deb', options.env);
  if (process.platform !== 'linux' || process.arch !== 'x64' || dpkg === undefined)
    throw notLinuxX64(`${process.platform} on ${process.arch}${dpkg === undefined ? ', without dpkg-deb' : ''}`);
  await mkdir(folder, { recursive: true });
  for (const each of packages)
    await run(dpkg, ['-x', await fetchDebianPackage(each, options), folder], { signal: options.signal });
  const machines = join(folder, 'usr', 'lib', 'jvm');
  const [name] = (await readdir(machines)).filter((each) => each.startsWith('java-'));
  const home = join(machines, name ?? '');
  await bringLinksHome(home, folder);
  return { home };
}

/** Debian keeps Java's configuration in /etc, by absolute links: without this the kit would read the machine's own, or none. */
async function bringLinksHome(home: string, folder: string): Promise<void> {
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const target = await readlink(path);
    if (!target.startsWith('/')) continue;
    await rm(path);
    // Sources and documentation, which no package here holds, stay away.
    if (await lstat(join(folder, target)).catch(() => undefined)) await symlink(join(folder, target), path);
  }
}

/** Writes the image's archive into `file`. Throws ARTIFACTS_JAVA_NOT_LINKED. */
export async function linkJava(
  kit: JavaKit,
  modules: readonly string[],
  folder: string,
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  const image = join(folder, 'image');
  // Not zipped: how well zlib packs differs between its versions, and with it the bytes. Names are shared instead, which is always the same.
  const options = ['--compress=1', '--no-header-files', '--no-man-pages'];
  await call(kit, 'jlink', [...options, '--add-modules', modules.join(','), '--output', image], signal);
  await packFolder(image, file);
}

/** The modules that these jars ask for, as jdeps reads their classes, sorted. What they only look up by name it does not see. */
export async function modulesOf(
  kit: JavaKit,
  jars: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const options = ['--multi-release', '17', '--ignore-missing-deps', '--print-module-deps', '-q'];
  const text = await call(kit, 'jdeps', [...options, '--class-path', jars.join(delimiter), ...jars], signal);
  return text.trim().split(',').sort();
}

async function call(
  { home }: JavaKit,
  tool: 'jlink' | 'jdeps',
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    // An environment of its own: JAVA_TOOL_OPTIONS and a locale have no part in the result.
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
    return (await run(join(home, 'bin', tool), args, { env, signal, maxBuffer: 1 << 24 })).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const output =
      error instanceof Error && 'stdout' in error && 'stderr' in error ? [error.stdout, error.stderr] : [error];
    throw javaNotLinked(tool, output.join('\n').trim().split('\n').slice(-12));
  }
}
