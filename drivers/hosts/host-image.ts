/**
 * The image, made once: debootstrap from the mirror that this machine's own apt uses, kept in Ensemble's cache under the hash of its recipe, and never
 * written to again (machines lie on top of it). Two that make it at once: the first rename wins.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withFileLock } from '../../platform/file-lock.ts';
import { debian12, type ImageFile, type ImageRecipe } from './image-recipe.ts';
import { ask } from './run-command.ts';

export interface ImageOptions {
  /** Ensemble's cache folder. */
  readonly cacheRoot: string;
  readonly recipe?: ImageRecipe;
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HostImage {
  /** A root file system; to be read only. */
  readonly folder: string;
  /** Undefined where it was there. */
  readonly madeMs: number | undefined;
}

/** A slow mirror; a machine with two processors takes one and a half minutes. */
const makeMs = 15 * 60_000;

function imageFolder({ cacheRoot, recipe = debian12 }: Pick<ImageOptions, 'cacheRoot' | 'recipe'>): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([recipe, script]))
    .digest('hex')
    .slice(0, 12);
  return join(cacheRoot, `host-image-${recipe.suite}-${digest}`);
}

/** @throws EnsembleError DRIVER_HOST_COMMAND_FAILED, and the signal's reason */
export async function ensureImage(options: ImageOptions): Promise<HostImage> {
  const folder = imageFolder(options);
  const isThere = async () => (await stat(join(folder, 'usr')).catch(() => undefined)) !== undefined;
  if (await isThere()) return { folder, madeMs: undefined };
  await mkdir(options.cacheRoot, { recursive: true });
  const onWait = () => options.onProgress?.('waits for another run that makes the image of machines');
  return await withFileLock(`${folder}.lock`, { signal: options.signal, onWait }, async () => {
    if (await isThere()) return { folder, madeMs: undefined };
    const begun = performance.now();
    options.onProgress?.('makes the image of machines: Debian 12 and cloud-init, some minutes once');
    const work = `${folder}.part`;
    await rm(work, { recursive: true, force: true });
    await make(options.recipe ?? debian12, work, options);
    await ask('mv', ['--no-target-directory', work, folder]);
    return { folder, madeMs: performance.now() - begun };
  });
}

/** In a mount namespace of its own, so that nothing stays mounted whatever ends it. */
const script = `set -eu
folder=$1 suite=$2 packages=$3 later=$4 mirror=$5
debootstrap --variant=minbase --include="$packages" "$suite" "$folder" $mirror
mount --bind "$folder" "$folder"
mount -t proc proc "$folder/proc"
mount -t tmpfs tmpfs "$folder/tmp"
printf '#!/bin/sh\\nexit 101\\n' >"$folder/usr/sbin/policy-rc.d"
chmod 755 "$folder/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
chroot "$folder" apt-get -qq -y --no-install-recommends install $later
chroot "$folder" apt-get clean
rm "$folder/usr/sbin/policy-rc.d"
`;

async function make(recipe: ImageRecipe, folder: string, { signal }: ImageOptions): Promise<void> {
  const words = [folder, recipe.suite, recipe.packages.join(','), recipe.later.join(' '), await mirrorOf(recipe.suite)];
  const alone = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
  await ask('unshare', [...alone, 'sh', '-c', script, 'image', ...words], { timeoutMs: makeMs, signal });
  for (const file of recipe.files) await putFile(folder, file);
  for (const unit of recipe.masked) await link(folder, unit, '/dev/null');
  const wanted = join('sysinit.target.wants', 'host-kernel-settings.service');
  await link(folder, wanted, '/etc/systemd/system/host-kernel-settings.service');
}

async function link(folder: string, name: string, target: string): Promise<void> {
  const path = join(folder, 'etc/systemd/system', name);
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await symlink(target, path);
}

/** Below a root file system: where the file was a link, it is one no more. */
export async function putFile(root: string, { path, mode, text }: ImageFile): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  await writeFile(file, text);
  await chmod(file, mode);
}

/** The first that apt of this machine uses for that release of Debian; empty where it says none, and then debootstrap knows one. */
async function mirrorOf(suite: string): Promise<string> {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...(await readdir(folder).catch(() => [])).map((name) => join(folder, name))];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const found = file.endsWith('.sources') ? ofStanzas(text, suite) : ofLines(text, suite);
    if (found !== undefined) return found;
  }
  return '';
}

function ofStanzas(text: string, suite: string): string | undefined {
  for (const stanza of text.split(/\n\s*\n/)) {
    const suites = /^Suites:(.*)$/m.exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
    const place = /^URIs:\s*(https?:\S+)/m.exec(stanza)?.[1];
    if (suites.includes(suite) && place !== undefined) return place;
  }
  return undefined;
}

function ofLines(text: string, suite: string): string | undefined {
  return new RegExp(`^deb\\s+(?:\\[[^\\]]*\\]\\s+)?(https?:\\S+)\\s+${suite}\\s`, 'm').exec(text)?.[1];
}
