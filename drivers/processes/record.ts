/**
 * What is remembered of a started process, in a file beside its log. Written after the start, so a command that is killed in between leaves
 * a process without a record: command-lines.ts finds it by the mark in its command line.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const late = z.union([z.strictObject({ secret: z.string() }), z.strictObject({ fact: z.literal('zone') })]);
const file = z.object({ path: z.string(), text: z.array(z.union([z.string(), late])).readonly() });

const schema = z.object({
  pid: z.int().min(1),
  /** As platform/process-identity says it. */
  startedAt: z.string(),
  /** ISO 8601 */
  since: z.string(),
  /** SHA-256 of the files that it was started with; empty where they are not known. All that an older ensemble wrote down of them. */
  filesDigest: z.string(),
  /** What it has read; absent where that is not known, or an older ensemble started it. */
  reading: z.object({ command: z.string(), files: z.array(file).readonly() }).optional(),
  /** host:port of each listener; unknown of a process that was found without its record. */
  addresses: z.array(z.string()).readonly().optional(),
  /** It was told to stop: its absence is no failure. */
  stopRequested: z.boolean(),
  /** It was told to stop in order to be started again. */
  restarting: z.boolean().optional(),
});

export type ProcessRecord = Readonly<z.output<typeof schema>>;

/** Undefined where there is none, or where a crash of the machine left half a file: the process, if it lives, is found by its mark. */
export async function readRecord(file: string): Promise<ProcessRecord | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export async function writeRecord(file: string, record: ProcessRecord): Promise<void> {
  await writeWhole(file, `${JSON.stringify(record)}\n`, 0o644);
}

/** A reader sees the old file or the new one, never a part. */
export async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${randomUUID()}`;
  try {
    await writeFile(unfinished, text, { mode });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    // A write that fails for want of space does not say where.
    throw error instanceof Error && !('path' in error) ? Object.assign(error, { path: file }) : error;
  }
}
