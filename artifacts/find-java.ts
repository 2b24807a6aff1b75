/** Which Java runs ZooKeeper and Kafka: JAVA_HOME's, else the one on the PATH, else one in this system's usual places. I/O throughout. */
import { spawn } from 'node:child_process';
import { access, constants, readdir, readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { javaTooNew, javaTooOld, noJava } from './errors.ts';
import { findOnPath } from './maven.ts';

export interface Java {
  /** Absolute, without links. */
  readonly home: string;
  readonly executable: string;
  /** As it says it, with its build: `17.0.15+6-Debian-1deb12u1`. */
  readonly version: string;
  readonly major: number;
}

/** Ensemble's tests run on 17; Kafka 3.9 documents 8, 11, 17 and 21. */
const oldestMajor = 17;
/** JEP 486: from 24 on the security manager cannot be enabled and Subject.getSubject throws, which Kafka 3.9's and ZooKeeper 3.8's SASL code calls. */
const newestMajor = 23;

/** Folders that hold Java homes, each as its installer lays them: Debian and Fedora, macOS, SDKMAN, Homebrew. */
const usualPlaces: readonly string[] = [
  '/usr/lib/jvm/*',
  '/Library/Java/JavaVirtualMachines/*/Contents/Home',
  join(homedir(), '.sdkman/candidates/java/*'),
  '/opt/homebrew/opt/openjdk@17',
  '/usr/local/opt/openjdk@17',
];

/** The first Java that fits. Throws ARTIFACTS_NO_JAVA, or ARTIFACTS_JAVA_TOO_OLD or _TOO_NEW for the first if none fits. */
export async function findJava(
  env: NodeJS.ProcessEnv = process.env,
  places: readonly string[] = usualPlaces,
): Promise<Java> {
  let unfit: Java | undefined;
  for await (const executable of candidates(env, places)) {
    const java = await examine(executable);
    if (java === undefined) continue;
    if (java.major >= oldestMajor && java.major <= newestMajor) return java;
    unfit ??= java;
  }
  if (unfit === undefined) throw noJava(places);
  throw unfit.major < oldestMajor ? javaTooOld(unfit.home, unfit.version) : javaTooNew(unfit.home, unfit.version);
}

async function* candidates(env: NodeJS.ProcessEnv, places: readonly string[]): AsyncGenerator<string> {
  if (env.JAVA_HOME) yield join(env.JAVA_HOME, 'bin', 'java');
  const onPath = await findOnPath('java', env);
  if (onPath !== undefined) yield onPath;
  for (const place of places) {
    const [folder = place, below] = place.split('/*');
    if (below === undefined) yield join(place, 'bin', 'java');
    else
      for (const name of (await readdir(folder).catch(() => [])).sort()) yield join(folder, name, below, 'bin', 'java');
  }
}

async function examine(executable: string): Promise<Java | undefined> {
  const real = await realpath(executable).catch(() => undefined);
  if (
    real === undefined ||
    !(await access(real, constants.X_OK).then(
      () => true,
      () => false,
    ))
  )
    return undefined;
  // The release file tells at once; starting a JVM to ask costs a tenth of a second, and is for stubs such as macOS's /usr/bin/java.
  const home = dirname(dirname(real));
  const release = await readFile(join(home, 'release'), 'utf8').catch(() => '');
  const version = parseRelease(release);
  if (version !== undefined) return javaOf(home, real, version);
  return parseSettings(real, await askItself(real));
}

/** The version in a Java home's release file: the full one where it says it. @internal */
export function parseRelease(text: string): string | undefined {
  return /^JAVA_RUNTIME_VERSION="([^"]+)"/m.exec(text)?.[1] ?? /^JAVA_VERSION="([^"]+)"/m.exec(text)?.[1];
}

/** What `java -XshowSettings:properties -version` says of home and version. @internal */
export function parseSettings(executable: string, output: string): Java | undefined {
  const home = /^\s*java\.home = (.+)$/m.exec(output)?.[1];
  const version = /^\s*java\.runtime\.version = (.+)$/m.exec(output)?.[1];
  return home === undefined || version === undefined ? undefined : javaOf(home, executable, version);
}

function javaOf(home: string, executable: string, version: string): Java | undefined {
  const [, first, second] = /^(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  // Before 9 the major version was the second number: 1.8.0_402.
  const major = Number(first === '1' ? second : first);
  return Number.isInteger(major) ? { home, executable, version, major } : undefined;
}

function askItself(executable: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(executable, ['-XshowSettings:properties', '-version'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 10_000,
    });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', () => resolve(''));
    child.once('close', () => resolve(output));
  });
}
