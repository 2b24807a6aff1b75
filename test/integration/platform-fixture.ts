/**
 * A platform of its own for a test: an environment file in a temporary folder, on a subnet that no other test uses, and the installed command run
 * as a person runs it. What a test leaves running is ended by `dispose`, by the pids that the platform itself reports.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../../platform/installation-root.ts';
import { type RunOptions, type RunResult, runProgram } from './run-program.ts';

interface CommandFixture {
  readonly folder: string;
  readonly environmentFile: string;
  /** `ensemble ARGS` with this environment and its state. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** `ensemble ARGS --json`, its standard output parsed. */
  json<T>(args: readonly string[]): Promise<T>;
  /** Ends everything and removes the folder. */
  dispose(): Promise<void>;
}

export interface PlatformFixture extends CommandFixture {
  write(change: EnvironmentChange): Promise<void>;
  writeTopics(text: string): Promise<void>;
}

/** environments/local.yaml as it is shipped, on a subnet of its own. */
export interface LocalPlatform extends CommandFixture {
  /** `127.0.56`: the first three numbers of every address. */
  readonly network: string;
  readonly stateRoot: string;
  /** Writes the environment file anew, from its text as it is now. */
  change(edit: (text: string) => string): Promise<void>;
}

export interface EnvironmentChange {
  readonly masters?: number;
  readonly workers?: number;
  readonly kafkaHeapMiB?: number;
  readonly network?: string;
  readonly kafkaSettings?: string;
}

/** `subnet` is the third number of 127.0.x.0/24; each test file takes its own, from 30 on. */
export async function platformFixture(subnet: number, change: EnvironmentChange = {}): Promise<PlatformFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
  const environmentFile = join(folder, 'test.yaml');
  const write = (changed: EnvironmentChange) => writeFile(environmentFile, environmentText(subnet, changed));
  const writeTopics = (text: string) => writeFile(join(folder, 'topics.yaml'), text);
  await write(change);
  await writeTopics('topics:\n  - monitoring.pms:3:2\n  - system.feature\n');
  return { ...commandFixture(folder, environmentFile), write, writeTopics };
}

export async function localPlatform(subnet: number): Promise<LocalPlatform> {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
  const [environmentFile, network] = [join(folder, 'local.yaml'), `127.0.${subnet}`];
  const change: LocalPlatform['change'] = async (edit) =>
    await writeFile(environmentFile, edit(await readFile(environmentFile, 'utf8')));
  const shipped = await readFile(join(installationRoot(), 'environments', 'local.yaml'), 'utf8');
  const manifest = join(installationRoot(), 'topics', 'platform.yaml');
  await writeFile(
    environmentFile,
    shipped.replaceAll('127.0.20', network).replace('../topics/platform.yaml', manifest),
  );
  return { ...commandFixture(folder, environmentFile), network, stateRoot: join(folder, 'state'), change };
}

function commandFixture(folder: string, environmentFile: string): CommandFixture {
  const run: CommandFixture['run'] = (args, options) =>
    runEnsemble([...args, '--environment', environmentFile, '--state', join(folder, 'state')], options);
  return {
    folder,
    environmentFile,
    run,
    async json<T>(args: readonly string[]) {
      const { status, stdout, stderr } = await run([...args, '--json']);
      if (stdout === '') throw new Error(`ensemble ${args.join(' ')} printed no JSON (status ${status}): ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    async dispose() {
      const { status, stdout, stderr } = await run(['down', '--purge', '--yes', '--timeout', '0']);
      if (status !== 0 && !/NEVER_BROUGHT_UP/.test(stderr))
        throw new Error(`the test's platform could not be taken down: ${stdout}${stderr}`);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Small heaps, and what the shipped local profile changes. */
function environmentText(
  subnet: number,
  { masters = 1, workers = 2, kafkaHeapMiB = 256, network, kafkaSettings }: EnvironmentChange,
): string {
  return `name: test
target: local
zones: [zone-a, zone-b, zone-c]
spread: ${Math.min(3, masters, workers)}
tolerate: 1
masters: { count: ${masters}, machine: { memoryMiB: 512, cpus: 1 }, volumeGiB: 1 }
workers: { count: ${workers}, machine: { memoryMiB: 1024, cpus: 1 }, volumeGiB: 1 }
network:
  subnet: 127.0.${subnet}.0/24
${network ?? ''}
topics: topics.yaml
kafka:
  settings: {${kafkaSettings ?? ''}}
profile:
  zookeeper: { heapMiB: 64, jvmFlags: [-XX:+UseSerialGC, -XX:TieredStopAtLevel=1] }
  kafka:
    heapMiB: ${kafkaHeapMiB}
    jvmFlags: [-XX:+UseSerialGC, -XX:TieredStopAtLevel=1]
    internalTopicPartitions: 1
    initialRebalanceDelayMs: 0
`;
}

function runEnsemble(args: readonly string[], options?: RunOptions): Promise<RunResult> {
  return runProgram(process.execPath, [join(installationRoot(), 'bin', 'ensemble.js'), ...args], options);
}

/** Asks until it is so. Throws with `what` after `timeoutMs`. */
export async function eventually(
  what: string,
  timeoutMs: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
