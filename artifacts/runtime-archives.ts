/**
 * Makes the archives of what our services and programs run on: Java by jlink, Node as npm publishes it, and
 * packages of Debian with the libraries that they ask for. Each maker takes an entry of the lock and gives the bytes that the entry names;
 * whoever calls compares. I/O throughout.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { packFolder } from './archive.ts';
import type { DebianPackage, RuntimesLock } from './artifacts-lock.ts';
import { type DebianOptions, fetchDebianPackage } from './debian-packages.ts';
import { nodeNotFetched } from './errors.ts';
import { linkJava, unpackKit } from './java-image.ts';

/** Writes the archive into `file`; `folder` is the maker's to work in. */
export type RuntimeMaker = (file: string, folder: string) => Promise<void>;

export function runtimeMakers(
  lock: {
    readonly java: Pick<RuntimesLock['java'], 'modules' | 'packages'>;
    readonly node: Pick<RuntimesLock['node'], 'package' | 'version' | 'integrity'>;
    readonly haproxy: Pick<RuntimesLock['haproxy'], 'packages'>;
    readonly xfsprogs: Pick<RuntimesLock['xfsprogs'], 'packages'>;
  },
  options: DebianOptions,
): Readonly<Record<keyof RuntimesLock, RuntimeMaker>> {
  return {
    async java(file, folder) {
      const kit = await unpackKit(lock.java.packages, join(folder, 'kit'), options);
      options.onProgress?.('jlink makes the image of Java');
      await linkJava(kit, lock.java.modules, folder, file, options.signal);
    },
    node: (file, folder) => fetchNode(lock.node, file, folder, options),
    haproxy: (file, folder) => packDebs(lock.haproxy.packages, file, folder, options),
    xfsprogs: (file, folder) => packDebs(lock.xfsprogs.packages, file, folder, options),
  };
}

async function packDebs(packages: readonly DebianPackage[], file: string, folder: string, options: DebianOptions) {
  const debs = join(folder, 'debs');
  await mkdir(debs);
  for (const each of packages) await copyFile(await fetchDebianPackage(each, options), join(debs, basename(each.path)));
  await packFolder(debs, file);
}

const run = promisify(execFile);

/** npm's own client fetches it and checks it; the integrity is compared once more, since a client's cache or proxy may be set otherwise. */
async function fetchNode(
  { package: name, version, integrity }: Pick<RuntimesLock['node'], 'package' | 'version' | 'integrity'>,
  file: string,
  folder: string,
  { env, signal, onProgress }: DebianOptions,
): Promise<void> {
  onProgress?.(`npm fetches ${name} ${version} (52 MB)`);
  const download = join(folder, 'npm');
  await mkdir(download);
  try {
    const options = ['--ignore-scripts', '--loglevel=error', '--pack-destination', download];
    // In an empty folder, where no project's settings or workspaces are.
    await run('npm', ['pack', `${name}@${version}`, ...options], { cwd: download, env, signal });
  } catch (error) {
    signal?.throwIfAborted();
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw nodeNotFetched(name, version, said.trim().split('\n').slice(0, 8));
  }
  const [packed] = (await readdir(download)).filter((each) => each.endsWith('.tgz'));
  const bytes = await readFile(join(download, packed ?? ''));
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  if (found !== integrity) throw nodeNotFetched(name, version, [`its integrity is ${found} instead of ${integrity}`]);
  await rename(join(download, packed ?? ''), file);
}
