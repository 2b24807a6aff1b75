/**
 * Finds our processes by a mark in their command lines, for the moment between a start and its record: a command killed there leaves a
 * server that nothing else remembers. The mark is the absolute path of the service's own folder, so that no other program carries it.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const markName = '-Densemble.process=';

export function processMark(folder: string): string {
  return `${markName}${folder}`;
}

/** The service folder that a command line (its words parted by zeros) is marked with. */
export function markIn(commandLine: string): string | undefined {
  return commandLine
    .split('\0')
    .find((word) => word.startsWith(markName))
    ?.slice(markName.length);
}

/** By service folder, the pid that runs it. */
export async function findMarked(): Promise<ReadonlyMap<string, number>> {
  const lines = process.platform === 'linux' ? await fromProc() : await fromPs();
  const found = new Map<string, number>();
  for (const { pid, words } of lines) {
    const mark = words.find((word) => word.startsWith(markName));
    if (mark !== undefined) found.set(mark.slice(markName.length), pid);
  }
  return found;
}

interface CommandLine {
  readonly pid: number;
  readonly words: readonly string[];
}

async function fromProc(): Promise<readonly CommandLine[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  return await Promise.all(
    pids.map(async (pid) => {
      // A process may end while we read; then it has no command line.
      const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(pid), words: text.split('\0') };
    }),
  );
}

async function fromPs(): Promise<readonly CommandLine[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').map((line) => {
    const [pid = '', ...words] = line.trim().split(/\s+/);
    return { pid: Number(pid), words };
  });
}
