/**
 * Upstream's programs, for `program: upstream`: no registry carries them, so an environment names where a binary or its archive lies, and its SHA-256.
 * Nothing is unpacked before the bytes are those; what was unpacked stays in the cache. I/O throughout.
 */
import { chmod, copyFile, open, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extract } from 'tar';
import { withFileLock } from '../platform/file-lock.ts';
import { hashFile } from './archive.ts';
import { cacheRootOf, newWorkFolder, publish } from './cache.ts';
import { type DownloadOptions, download } from './download.ts';
import { upstreamNotExecutable, upstreamNotFetched, upstreamWrongBytes } from './errors.ts';

/** As the model's UpstreamProgram says it. */
export interface UpstreamArtifact {
  /** What the binary is called: `argo-messaging`. */
  readonly program: string;
  /** A path, or an address: `file:`, `http:`, `https:`. */
  readonly source: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Where the environment names it, for whoever must mend it: `program: { upstream: … }` if absent. */
  readonly namedBy?: string | undefined;
}

export interface EnsureUpstreamOptions extends DownloadOptions {
  /** A relative path starts here: the working directory if absent. */
  readonly relativeTo?: string | undefined;
  /** Instead of ENSEMBLE_CACHE and the user's cache folder. */
  readonly cacheDirectory?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** What the entry's own file says of its executable, so that a damaged one is found. */
interface Entry {
  readonly executable: string;
  readonly sha256: string;
}
const entryFile = 'entry.json';

/**
 * The path of the executable. Throws ARTIFACTS_UPSTREAM_NOT_FETCHED, ARTIFACTS_UPSTREAM_WRONG_BYTES, ARTIFACTS_UPSTREAM_NOT_EXECUTABLE, or the abort's
 * reason; nothing is left behind then.
 */
export async function ensureUpstream(artifact: UpstreamArtifact, options: EnsureUpstreamOptions = {}): Promise<string> {
  const { program, sha256 } = artifact;
  const cacheRoot = cacheRootOf(options.cacheDirectory, options.env ?? process.env);
  const entry = join(cacheRoot, `upstream-${program}-${sha256.slice(0, 12)}`);
  const before = await executableOf(entry);
  if (before !== undefined) return before;

  const wait = {
    signal: options.signal,
    onWait: () => options.onProgress?.(`waiting for another run that fetches ${program}`),
  };
  return withFileLock(join(cacheRoot, `upstream-${program}.lock`), wait, async () => {
    const meanwhile = await executableOf(entry);
    if (meanwhile !== undefined) return meanwhile;
    const work = await newWorkFolder(cacheRoot);
    try {
      const fetched = join(work.path, 'fetched');
      await fetchUpstream(fetched, artifact, options);
      const found = await hashFile(fetched);
      if (found !== sha256) throw wrongBytesOf(artifact, found);
      const executable = await unpackUpstream(work.path, fetched, artifact);
      const record: Entry = { executable, sha256: await hashFile(join(work.path, executable)) };
      await writeFile(join(work.path, entryFile), JSON.stringify(record));
      await publish(work, entry, async () => (await executableOf(entry)) !== undefined);
      return join(entry, executable);
    } finally {
      await work.remove();
    }
  });
}

/** Undefined where the entry is absent or not what it was. */
async function executableOf(entry: string): Promise<string | undefined> {
  try {
    const { executable, sha256 }: Entry = JSON.parse(await readFile(join(entry, entryFile), 'utf8'));
    const path = join(entry, executable);
    return (await hashFile(path)) === sha256 ? path : undefined;
  } catch {
    return undefined;
  }
}

export function wrongBytesOf({ program, source, sha256, namedBy }: UpstreamArtifact, found: string): Error {
  return upstreamWrongBytes(program, shown(source), sha256, found, namedBy);
}

/** Downloads or copies what the environment names into `file`; its bytes are not yet to be trusted. Throws ARTIFACTS_UPSTREAM_NOT_FETCHED. */
export async function fetchUpstream(
  file: string,
  artifact: UpstreamArtifact,
  options: EnsureUpstreamOptions,
): Promise<void> {
  const { program, source, namedBy } = artifact;
  try {
    if (/^https?:/i.test(source)) {
      // fetch refuses it too, and would quote it.
      if (new URL(source).username !== '') throw new Error('an address with a user or a password in it is not fetched');
      options.onProgress?.(`downloading ${shown(source)}`);
      await download(source, file, options);
    } else {
      const path = /^file:/i.test(source) ? fileURLToPath(source) : resolve(options.relativeTo ?? '.', source);
      await copyFile(path, file);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    const reason = error instanceof Error && 'code' in error ? String(error.code) : (error as Error).message;
    throw upstreamNotFetched(program, shown(source), reason, error, namedBy);
  }
}

/** The name of the executable in `folder`, after unpacking where `fetched` is an archive. Throws ARTIFACTS_UPSTREAM_NOT_EXECUTABLE. */
export async function unpackUpstream(
  folder: string,
  fetched: string,
  { program, source }: UpstreamArtifact,
  processor: string = process.arch,
): Promise<string> {
  const kind = await kindOf(fetched);
  const refuse = (why: string) => upstreamNotExecutable(program, shown(source), why);
  if (kind === 'zip') throw refuse('it is a zip archive, which is not unpacked: give the binary or a .tar.gz');
  if (kind === 'archive') {
    const names: { readonly path: string; readonly mayRun: boolean }[] = [];
    await extract({
      file: fetched,
      cwd: folder,
      strict: true,
      // Links could lead out of the folder, and no program needs any.
      filter: (_path, entry) => !('type' in entry) || entry.type === 'File' || entry.type === 'Directory',
      onReadEntry: (entry) => {
        if (entry.type === 'File') names.push({ path: entry.path, mayRun: ((entry.mode ?? 0) & 0o111) !== 0 });
      },
    }).catch((cause: unknown) => {
      throw refuse(`it could not be unpacked (${cause instanceof Error ? cause.message : cause})`);
    });
    await rm(fetched);
    const called = names.filter(({ path }) => basename(path) === program);
    const runnable = names.filter(({ mayRun }) => mayRun);
    const [only, second] = called.length > 0 ? called : runnable;
    if (only === undefined || second !== undefined) {
      const list = names.map(({ path }) => path).slice(0, 8);
      throw refuse(`its archive holds no single file ${program} (it has ${list.join(', ') || 'none'})`);
    }
    return checkExecutable(folder, only.path, processor, refuse);
  }
  await copyFile(fetched, join(folder, program));
  await rm(fetched);
  return checkExecutable(folder, program, processor, refuse);
}

async function checkExecutable(
  folder: string,
  name: string,
  processor: string,
  refuse: (why: string) => Error,
): Promise<string> {
  const path = join(folder, name);
  const start = await startOf(path);
  const isElf = start.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
  const isScript = start.subarray(0, 2).equals(Buffer.from('#!'));
  const isMachO = ['cffaedfe', 'cafebabe'].includes(start.subarray(0, 4).toString('hex'));
  if (!isElf && !isScript && !isMachO) throw refuse(`${name} is no program that a system could run`);
  // ELF header, e_machine, little-endian (System V ABI): the usual mistake is the other processor's binary.
  const machine = { 62: 'x64', 183: 'arm64' }[start.length > 19 ? start.readUInt16LE(18) : 0];
  if (isElf && machine !== undefined && machine !== processor)
    throw refuse(`${name} is for ${machine} processors, and what it is to run on is ${processor}`);
  await chmod(path, 0o755);
  return name;
}

/** By its first bytes, since an address need not end in a file's name. */
async function kindOf(file: string): Promise<'archive' | 'zip' | 'file'> {
  const start = await startOf(file);
  if (start.subarray(0, 2).toString('hex') === '1f8b' || start.subarray(257, 262).toString() === 'ustar')
    return 'archive';
  return start.subarray(0, 4).toString('latin1') === 'PK\x03\x04' ? 'zip' : 'file';
}

async function startOf(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(512);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Without what an address may hold of secrets: a user with a password, a signature in the query. */
function shown(source: string): string {
  if (!/^https?:/i.test(source) || !URL.canParse(source)) return source;
  const { origin, pathname } = new URL(source);
  return `${origin}${pathname}`;
}
