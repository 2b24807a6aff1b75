/** The file that a process's standard output goes to: the last lines, new text as it comes, and the logs of earlier starts. */
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
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
    return count === 0 ? [] : lines.slice(-count);
  } finally {
    await handle.close();
  }
}

/** How often a followed file is looked at. A person reads it, so that a tenth of a second is soon enough. */
const followMs = 100;

/**
 * Text that is appended from now on; goes on in the new file when the log is rotated. The old file stays open until then, so that what was
 * written to it last is not lost, and a character whose bytes come in two reads is whole.
 */
export async function* followLog(file: string, signal: AbortSignal): AsyncIterable<string> {
  let decoder = new TextDecoder();
  let handle = await openIfThere(file);
  let position = handle === undefined ? 0 : (await handle.stat()).size;
  try {
    while (!signal.aborted) {
      // Asked before the read: whoever writes to the old file has done so by then.
      const rotated = await isAnother(file, handle);
      if (handle !== undefined) {
        const { size } = await handle.stat();
        if (size < position) position = 0;
        const bytes = await readFrom(handle, position, size);
        position += bytes.length;
        if (bytes.length > 0) yield decoder.decode(bytes, { stream: true });
      }
      if (rotated) {
        await handle?.close();
        handle = await openIfThere(file);
        position = 0;
        decoder = new TextDecoder();
      } else await delay(followMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await handle?.close();
  }
}

/** Whether the path leads to a file that is not the open one. */
async function isAnother(file: string, handle: FileHandle | undefined): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && found.ino !== (await handle?.stat())?.ino;
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  return await open(file, 'r').catch(() => undefined);
}

async function readFrom(handle: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
  return buffer.subarray(0, bytesRead);
}
