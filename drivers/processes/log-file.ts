/** The file that a process's standard output goes to: the last lines, new text as it comes, and the logs of earlier starts. */
import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Logs of earlier starts that are kept, as `console.log.1` (the youngest) and so on. */
const keptLogs = 4;

export async function rotateLog(file: string): Promise<void> {
  await rm(`${file}.${keptLogs}`, { force: true });
  for (let age = keptLogs - 1; age >= 0; age -= 1) {
    await rename(age === 0 ? file : `${file}.${age}`, `${file}.${age + 1}`).catch(ignoreMissing);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Enough for some hundred long lines, whatever the file has grown to. */
const tailBytes = 256 * 1024;

/** Oldest first; empty where there is no log. */
export async function lastLines(file: string, count: number): Promise<readonly string[]> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return [];
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  } finally {
    await handle.close();
  }
}

/** How often a followed file is looked at. A person reads it, so that a tenth of a second is soon enough. */
const followMs = 100;

/** Text that is appended from now on; goes on in the new file when the log is rotated. */
export async function* followLog(file: string, signal: AbortSignal): AsyncIterable<string> {
  let { position, inode } = await stat(file).then(
    (found) => ({ position: found.size, inode: found.ino }),
    () => ({ position: 0, inode: 0 }),
  );
  while (!signal.aborted) {
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined) {
      if (found.ino !== inode || found.size < position) position = 0;
      inode = found.ino;
      if (found.size > position) {
        const text = await readFrom(file, position, found.size);
        position = found.size;
        yield text;
      }
    }
    await delay(followMs, undefined, { signal }).catch(() => undefined);
  }
}

async function readFrom(file: string, start: number, end: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}
