/** A platform for one run: the shipped local environment on a subnet of the benches' own, its state in a temporary folder, and the command run on it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import type { JavaRuntime } from '../drivers/processes/program-command.ts';
import type { Deployment } from '../operations/deployment.ts';
import { javaRuntime } from '../operations/runtimes.ts';
import { installationRoot } from '../platform/installation-root.ts';

export interface BenchPlatform {
  readonly environmentFile: string;
  readonly stateRoot: string;
  ensemble(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** Ends what runs by force and removes the folder. */
  dispose(): Promise<void>;
}

export interface PlatformOptions {
  /** Of each worker; the shipped environment's where absent. Thousands of topics want 512. */
  readonly workerHeapMiB?: number;
  /** With what stands on the brokers: metadata store, API and balancer. */
  readonly api?: boolean;
  /** Workers that may fail; topics get one replica more. The shipped environment's where absent. */
  readonly tolerate?: number;
}

/** `subnet` is the third number of 127.0.x.0/24. */
export async function benchPlatform(
  subnet: 24 | 25 | 26 | 27,
  { workerHeapMiB, api = false, tolerate }: PlatformOptions = {},
): Promise<BenchPlatform> {
  const root = installationRoot();
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-bench-'));
  const environmentFile = join(folder, 'bench.yaml');
  const stateRoot = join(folder, 'state');
  const shipped = await readFile(join(root, 'environments/local.yaml'), 'utf8');
  const text = without(api ? ['push'] : platformFields, shipped)
    .replace(/^tolerate: .*$/m, (line) => (tolerate === undefined ? line : `tolerate: ${tolerate}`))
    .replace(/^name: .*$/m, 'name: bench')
    .replace(/127\.0\.20\.0\/24/, `127.0.${subnet}.0/24`)
    .replace(/^topics: .*$/m, `topics: ${join(root, 'topics/platform.yaml')}`);
  const heap = (whole: string, shippedMiB: string) =>
    whole.replace(shippedMiB, String(Math.max(Number(shippedMiB), workerHeapMiB ?? 0)));
  await writeFile(environmentFile, text.replace(/(?<=kafka:\n\s+)heapMiB: (\d+)/, heap));
  const ensemble: BenchPlatform['ensemble'] = (args, options) =>
    runCommand(
      process.execPath,
      [join(root, 'bin/ensemble.js'), ...args, '--environment', environmentFile, '--state', stateRoot],
      options,
    );
  return {
    environmentFile,
    stateRoot,
    ensemble,
    async dispose() {
      await ensemble(['down', '--purge', '--yes', '--timeout', '0']);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What stands on the brokers: left out, figures are those of the brokers. */
const platformFields = ['metadata', 'api', 'push', 'balancer'];

function without(fields: readonly string[], text: string): string {
  const document = parseDocument(text);
  for (const field of fields) document.delete(field);
  return String(document);
}

/** Java and the jars of a server, as `up` runs it. */
export async function serverRuntime({ environment, secrets }: Deployment, service: string): Promise<JavaRuntime> {
  const { cluster, file } = environment;
  return await javaRuntime(service, { environment: cluster.environment, secrets, directory: dirname(file) });
}

/** A run that fails has no figure: it is repeated, and told, so that the reader may see it. @throws the error of the third in a row */
export async function repeated<T>(run: () => Promise<T>, onFailure: (error: string) => void): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      onFailure(String(error));
      process.stderr.write(`  failed: ${String(error)}\n`);
      if (attempt === 3) throw error;
    }
  }
}

export interface CommandOptions {
  /** Sees standard error as it comes. */
  readonly onLine?: (line: string) => void;
  readonly onStart?: (pid: number) => void;
  /** Exit statuses that are no failure. Default 0 alone. */
  readonly accepted?: readonly number[];
  /** A command that has not ended by then is ended. Default a minute: a warm cluster on a busy machine needs a fifth of it. */
  readonly patienceMs?: number;
}

/** Its standard output. @throws Error with standard error too where it fails */
export async function runCommand(
  file: string,
  args: readonly string[],
  { onLine, onStart, accepted = [0], patienceMs = 60_000 }: CommandOptions = {},
): Promise<string> {
  const child = spawn(file, [...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: patienceMs });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
    for (const line of chunk.toString().trim().split('\n')) onLine?.(line);
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  // `exit`: servers that a shell script leaves behind may hold its output.
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (!accepted.some((each) => each === status))
    throw new Error(`${[file, ...args].join(' ')} ended with ${String(status)}:\n${output}${errors}`);
  return output;
}
