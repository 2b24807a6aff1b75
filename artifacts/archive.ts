/**
 * One archive a service: an uncompressed tar that is the same, byte for byte, whoever makes it and wherever: files in the order of their names,
 * no owner, one time, one mode. Uncompressed, since jars are compressed already and since compressors differ between versions.
 * The laptop keeps it beside the unpacked jars, and it is what a cloud host downloads: both are named by its SHA-256.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, open, readdir, stat, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { create } from 'tar';

export interface FileRecord {
  /** Relative to the artifact's folder, with `/`: `libs/kafka_2.13-3.9.1.jar`. */
  readonly path: string;
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Every file's time, in the archive and unpacked. Class-data sharing compares it: jars with another time would make its archive useless. */
const fileTime = new Date('2000-01-01T00:00:00Z');

/** SHA-256 of a file's bytes, lower-case hexadecimal. */
export async function hashFile(path: string, algorithm: 'sha256' | 'sha512' = 'sha256'): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

/** The jars in `folder`/libs with sizes and hashes, in the order of their names, by code unit (which no locale changes). */
export async function recordFiles(folder: string): Promise<FileRecord[]> {
  const names = (await readdir(join(folder, 'libs'))).filter((name) => name.endsWith('.jar')).sort();
  const records: FileRecord[] = [];
  for (const name of names) {
    const path = join(folder, 'libs', name);
    records.push({ path: `libs/${name}`, size: (await stat(path)).size, sha256: await hashFile(path) });
  }
  return records;
}

/** Writes the archive of these files of `folder`, makes all of it durable, and says the archive's size and hash. */
export async function makeArchive(folder: string, archive: string, files: readonly FileRecord[]): Promise<FileRecord> {
  for (const file of files) {
    await chmod(join(folder, file.path), 0o644);
    await utimes(join(folder, file.path), fileTime, fileTime);
  }
  const target = join(folder, archive);
  await create(
    { file: target, cwd: folder, portable: true, mtime: fileTime, noDirRecurse: true },
    files.map((file) => file.path),
  );
  for (const path of [...files.map((file) => join(folder, file.path)), target, join(folder, 'libs'), folder])
    await syncToDisk(path);
  return { path: archive, size: (await stat(target)).size, sha256: await hashFile(target) };
}

/**
 * Writes everything below `folder` into a tar: files and links in the order of their paths, no owner, one time, and as mode only whether a file may be
 * run. Folders are not in it: unpacking makes them. `file` lies outside of `folder`.
 */
export async function packFolder(folder: string, file: string): Promise<void> {
  const paths: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mode } = await lstat(path);
    if (entry.isFile()) await chmod(path, (mode & 0o111) === 0 ? 0o644 : 0o755);
    paths.push(relative(folder, path));
  }
  await create({ file, cwd: folder, portable: true, mtime: fileTime, noDirRecurse: true }, paths.sort());
  await syncToDisk(file);
}

/** Without this a power cut after the rename could leave a complete name with empty files. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
