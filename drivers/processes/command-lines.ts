/**
 * Finds our processes by a mark, for the moment between a start and its record: a command killed there leaves a server that nothing else remembers.
 * The mark is the absolute path of the service's own folder, so that no other program carries it. It stands in the process's environment, and for Java
 * in its command line too, where a listing shows it to a person.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const markName = '-Densemble.process=';
const variable = 'ENSEMBLE_PROCESS';

export function processMark(folder: string): string {
  return `${markName}${folder}`;
}

export function markEnvironment(folder: string): Readonly<Record<string, string>> {
  return { [variable]: folder };
}

/** The service folder that a process is marked with; undefined for one that is none of ours, or ended. Linux. */
export async function markOf(pid: number): Promise<string | undefined> {
  // A process may end while we read, or belong to another user; then it has none.
  const words = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return markIn(words.split('\0'));
}

function markIn(words: readonly string[]): string | undefined {
  for (const start of [markName, `${variable}=`]) {
    const found = words.find((word) => word.startsWith(start));
    if (found !== undefined) return found.slice(start.length);
  }
  return undefined;
}

interface Marked {
  readonly pid: number;
  readonly parent: number;
  readonly folder: string;
}

/** By service folder, the pid that runs it. A server's own children carry its mark too: the eldest is the one that was started. */
export async function findMarked(): Promise<ReadonlyMap<string, number>> {
  const marked = process.platform === 'linux' ? await fromProc() : await fromPs();
  const folders = new Map(marked.map(({ pid, folder }) => [pid, folder]));
  return new Map(
    marked.filter(({ parent, folder }) => folders.get(parent) !== folder).map(({ pid, folder }) => [folder, pid]),
  );
}

async function fromProc(): Promise<readonly Marked[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid): Promise<readonly Marked[]> => {
      const folder = await markOf(pid);
      if (folder === undefined) return [];
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      // The name stands in parentheses and may hold any character; state and parent follow it (proc(5)).
      const [, parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [{ pid, parent: Number(parent), folder }];
    }),
  );
  return found.flat();
}

/** Elsewhere (macOS): -E adds the environment of our own processes to their command lines. Not tried. */
async function fromPs(): Promise<readonly Marked[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axwwE', '-o', 'pid=,ppid=,command='], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split('\n').flatMap((line) => {
    const [pid = '', parent = '', ...words] = line.trim().split(/\s+/);
    const folder = markIn(words);
    return folder === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), folder }];
  });
}
