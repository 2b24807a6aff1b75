/**
 * Programs that the system brings: HAProxy, and MongoDB's mongod. By environment variable, on the PATH, in the usual places; mongod also where
 * mongodb-memory-server keeps those it has downloaded (decision 0023). One that is absent is an answer, not a fault: the platform does without. I/O throughout.
 */
import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export type NativeProgramName = 'haproxy' | 'mongod';

export type ProgramSearch =
  | { readonly kind: 'found'; readonly executable: string; readonly version: string }
  | {
      readonly kind: 'absent';
      /** A sentence without its full stop: nothing is there, it is too old, it does not run. */
      readonly reason: string;
      /** What a person may do. */
      readonly remedy: string;
    };

interface Kind {
  readonly called: string;
  readonly variable: string;
  /** Folders with the program in them; `*` stands for any name. */
  readonly places: readonly string[];
  /** What it is asked, and where its answer has the version. */
  readonly question: string;
  readonly version: RegExp;
  readonly oldest: readonly [major: number, minor: number];
  readonly remedy: string;
}

const kinds: Readonly<Record<NativeProgramName, Kind>> = {
  haproxy: {
    called: 'HAProxy',
    variable: 'ENSEMBLE_HAPROXY',
    // Debian's PATH of a person lacks /usr/sbin.
    places: ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin', '/opt/haproxy*/sbin'],
    question: '-v',
    version: /^HA-?Proxy version (\S+)/m,
    // haproxy.cfg keeps to the words of this line; older ones had reached their end by 2024 (haproxy.org).
    oldest: [2, 4],
    remedy: 'apt-get install haproxy (Debian, Ubuntu), brew install haproxy (macOS), or set ENSEMBLE_HAPROXY to one',
  },
  mongod: {
    called: 'MongoDB',
    variable: 'ENSEMBLE_MONGOD',
    places: ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/opt/mongodb*/bin'],
    question: '--version',
    version: /^db version v(\S+)/m,
    // What the upstream API asks for.
    oldest: [6, 0],
    remedy:
      'install MongoDB 6.0 or later (www.mongodb.com/docs/manual/installation), or set ENSEMBLE_MONGOD to its mongod',
  },
};

export interface FindProgramOptions {
  /** PATH, ENSEMBLE_HAPROXY, ENSEMBLE_MONGOD and MONGOMS_DOWNLOAD_DIR are read from it; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Instead of the usual places: for tests. */
  readonly places?: readonly string[] | undefined;
  /** Instead of the user's home: for tests. */
  readonly home?: string | undefined;
}

/** The first that is new enough. What a variable names is taken or refused, and nothing else is looked at. */
export async function findProgram(name: NativeProgramName, options: FindProgramOptions = {}): Promise<ProgramSearch> {
  const kind = kinds[name];
  const env = options.env ?? process.env;
  const named = env[kind.variable];
  if (named) {
    const found = await examine(kind, named);
    return typeof found === 'string' ? absent(kind, `${kind.variable} names ${named}, ${found}`) : found;
  }

  const onPath = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const usual = await foldersOf(options.places ?? kind.places);
  const candidates = [...onPath, ...usual].map((folder) => join(folder, name));
  if (name === 'mongod') candidates.push(...(await downloadedBefore(env, options.home ?? homedir())));
  let refused: string | undefined;
  for (const candidate of new Set(candidates)) {
    if (!(await mayRun(candidate))) continue;
    const found = await examine(kind, candidate);
    if (typeof found !== 'string') return found;
    refused ??= `${candidate} is there, ${found}`;
  }
  return absent(kind, refused ?? `no ${name} is on the PATH or in the usual places`);
}

function absent(kind: Kind, reason: string): ProgramSearch {
  return { kind: 'absent', reason, remedy: kind.remedy };
}

/** What it says of itself; else a half sentence that says what is wrong. */
async function examine(kind: Kind, executable: string): Promise<Extract<ProgramSearch, { kind: 'found' }> | string> {
  let output: string;
  try {
    output = (await promisify(execFile)(executable, [kind.question], { timeout: 10_000 })).stdout;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    return code === 'ENOENT' ? 'where nothing is' : `but it does not run (${String(code)})`;
  }
  const [, version] = kind.version.exec(output) ?? [];
  if (version === undefined) return `but it does not say that it is ${kind.called}`;
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = kind.oldest;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))
    return `but ${kind.called} ${version} is too old: ${oldestMajor}.${oldestMinor} is the oldest that serves`;
  return { kind: 'found', executable, version };
}

/**
 * Newest first. Names: `mongod-x64-debian-12-7.0.14` since mongodb-memory-server 8, before it a folder for each version.
 * Source: its documentation, "Config Options", DOWNLOAD_DIR.
 */
async function downloadedBefore(env: NodeJS.ProcessEnv, home: string): Promise<string[]> {
  const folder = env.MONGOMS_DOWNLOAD_DIR || join(home, '.cache', 'mongodb-binaries');
  const names = await readdir(folder).catch(() => []);
  const newestFirst = new Intl.Collator('en', { numeric: true });
  const versionOf = (name: string) => name.slice(name.lastIndexOf('-') + 1);
  return names
    .filter((name) => /(^|-)\d+\.\d+\.\d+$/.test(name))
    .sort((a, b) => newestFirst.compare(versionOf(b), versionOf(a)))
    .map((name) => (name.startsWith('mongod-') ? join(folder, name) : join(folder, name, 'mongod')));
}

/** Each place with its `*` replaced by what is there, in the order of names. */
async function foldersOf(places: readonly string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const place of places) {
    const [, above, start, below] = /^(.*)\/([^/*]*)\*(.*)$/.exec(place) ?? [];
    if (above === undefined) folders.push(place);
    else {
      const names = (await readdir(above).catch(() => [])).filter((name) => name.startsWith(start ?? '')).sort();
      folders.push(...names.map((name) => join(above, `${name}${below}`)));
    }
  }
  return folders;
}

async function mayRun(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
