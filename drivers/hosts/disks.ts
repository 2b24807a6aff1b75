/** Volumes: files behind loop devices, which outlive the machines that they are in. A device is found by its file, never remembered. */
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { ask } from './run-command.ts';

/** The device of a file, made where it has none. The file is made with that size, all of it holes, where it is not there. */
export async function attachDisk(file: string, sizeGiB: number): Promise<string> {
  if ((await stat(file).catch(() => undefined)) === undefined) {
    await writeFile(file, '');
    await truncate(file, sizeGiB * 1024 ** 3);
  }
  const found = (await disksBelow(file)).find((disk) => disk.file === file);
  if (found !== undefined) return found.device;
  // Direct: records would lie in this machine's memory twice.
  const args = ['--find', '--show', '--nooverlap'];
  return await ask('losetup', [...args, '--direct-io=on', file]).catch(() => ask('losetup', [...args, file]));
}

export async function detachDisk(device: string): Promise<void> {
  await ask('losetup', ['--detach', device]);
}

export interface Disk {
  readonly device: string;
  readonly file: string;
}

/** Devices whose files begin with that path. */
export async function disksBelow(path: string): Promise<readonly Disk[]> {
  const names = (await readdir('/sys/block')).filter((name) => name.startsWith('loop'));
  const found = await Promise.all(
    names.map(async (name) => {
      const said = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => undefined);
      return { device: `/dev/${name}`, file: (said ?? '').trim().replace(/ \(deleted\)$/, '') };
    }),
  );
  return found.filter(({ file }) => file.startsWith(path));
}
