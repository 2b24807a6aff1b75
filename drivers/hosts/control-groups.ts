/**
 * Control groups of machines: which processes are a machine's, how much memory they take, and how they are frozen or ended together. A process leaves
 * its group only by root's will, so that whatever is in a group of ours is ours, and no pid is remembered. Both layouts of Linux: one tree (cgroup2), and
 * a tree a controller (cgroup(7)).
 */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

interface Tree {
  readonly mount: string;
  /** `unified`, or the controllers of it. */
  readonly controllers: readonly string[];
}

/** Every tree of control groups that is mounted here. */
async function trees(): Promise<readonly Tree[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return lines.flatMap(([, mount = '', type, options = '']) => {
    if (type === 'cgroup2') return [{ mount, controllers: ['unified'] }];
    if (type !== 'cgroup') return [];
    return [{ mount, controllers: options.split(',') }];
  });
}

/** Folders that a process joins by writing its number into their cgroup.procs. Made where they are not there. */
export async function makeGroup(group: string): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const { mount, controllers } of await trees()) {
    let folder = mount;
    for (const part of group.split('/')) {
      const above = folder;
      folder = join(folder, part);
      await mkdir(folder, { recursive: true });
      // A new group of this controller has neither, and takes no process then.
      if (!controllers.includes('cpuset')) continue;
      for (const file of ['cpuset.cpus', 'cpuset.mems'])
        await writeFile(join(folder, file), await readFile(join(above, file), 'utf8'));
    }
    folders.push(folder);
  }
  return folders;
}

/** Pids of all processes in the group and below it. */
export async function processesIn(group: string): Promise<readonly number[]> {
  const found = new Set<number>();
  for (const { mount } of await trees())
    for (const folder of await foldersBelow(join(mount, group)))
      for (const pid of (await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n'))
        if (pid !== '') found.add(Number(pid));
  return [...found];
}

const pollMs = 30;

/** Ends everything in the group, at once, also where it is frozen; returns when nothing is left. False where something was left after that time. */
export async function endGroup(group: string, timeoutMs = 60_000): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const pids = await processesIn(group);
    if (pids.length === 0) return true;
    for (const pid of pids) signal(pid);
    await freeze(group, false);
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** Stops every process where it is, or lets them go on. */
export async function freeze(group: string, frozen: boolean): Promise<void> {
  for (const { mount, controllers } of await trees()) {
    if (controllers.includes('freezer'))
      await writeFile(join(mount, group, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED').catch(unlessAbsent);
    if (controllers.includes('unified') && !(await isSplit()))
      await writeFile(join(mount, group, 'cgroup.freeze'), frozen ? '1' : '0').catch(unlessAbsent);
  }
}

export async function isFrozen(group: string): Promise<boolean> {
  for (const { mount } of await trees()) {
    const said = await readFile(join(mount, group, 'freezer.state'), 'utf8').catch(() => '');
    const unified = await readFile(join(mount, group, 'cgroup.freeze'), 'utf8').catch(() => '');
    if (said.trim() === 'FROZEN' || said.trim() === 'FREEZING' || unified.trim() === '1') return true;
  }
  return false;
}

/** What a machine has of memory, as far as the kernel lets it be limited. */
export async function limitMemory(group: string, memoryMiB: number): Promise<void> {
  const bytes = String(memoryMiB * 1024 * 1024);
  for (const { mount, controllers } of await trees()) {
    const file = controllers.includes('memory') ? 'memory.limit_in_bytes' : 'memory.max';
    if (controllers.includes('memory') || controllers.includes('unified'))
      await writeFile(join(mount, group, file), bytes).catch(() => undefined);
  }
}

/** Of one process that is in no group: 1,024 of cgroup v1's cpu.shares, 100 of cgroup v2's cpu.weight (10,000 at most). */
const weights = { shares: 1_024, weight: 100, mostWeight: 10_000 };

/** As much of the processors as so many processes: without it all that is in the group counts as one, and starves on a busy machine. */
export async function weigh(group: string, processes: number): Promise<void> {
  for (const { mount, controllers } of await trees()) {
    const weight = Math.min(weights.weight * processes, weights.mostWeight);
    const told = controllers.includes('cpu')
      ? ['cpu.shares', weights.shares * processes]
      : controllers.includes('unified')
        ? ['cpu.weight', weight]
        : undefined;
    if (told !== undefined)
      await writeFile(join(mount, group, String(told[0])), String(told[1])).catch(() => undefined);
  }
}

/** In MiB, without the page cache, which the kernel takes back when it needs it; undefined where nothing counts it. */
export async function memoryOf(group: string): Promise<number | undefined> {
  for (const { mount } of await trees()) {
    const stat = await readFile(join(mount, group, 'memory.stat'), 'utf8').catch(() => '');
    const found = /^(?:total_rss|anon) (\d+)$/m.exec(stat)?.[1];
    if (found !== undefined) return Math.round(Number(found) / 1024 / 1024);
  }
  return undefined;
}

/** Removes the group and those below it; nothing may run in them. */
export async function removeGroup(group: string): Promise<void> {
  for (const { mount } of await trees())
    for (const folder of [...(await foldersBelow(join(mount, group)))].reverse())
      await rmdir(folder).catch(unlessAbsent);
}

/** Where a group of that name still is. */
export async function groupFolders(group: string): Promise<readonly string[]> {
  const all = await Promise.all((await trees()).map(({ mount }) => foldersBelow(join(mount, group))));
  return all.flat();
}

async function foldersBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => foldersBelow(join(folder, name)));
  return [folder, ...(await Promise.all(below)).flat()];
}

async function isSplit(): Promise<boolean> {
  return (await trees()).some(({ controllers }) => controllers.includes('freezer'));
}

function unlessAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
