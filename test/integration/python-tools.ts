/**
 * Tools in Python that tests use: upstream's own client (argo-ams-library), and schemathesis, which makes requests of an OpenAPI document. Each lies in a virtual
 * environment in the cache, made once from a committed list with versions and hashes (python/*.txt). Tests ask `requires('python')` first.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheRootOf } from '../../artifacts/cache.ts';
import { withFileLock } from '../../platform/file-lock.ts';

export type PythonTool = 'argo-ams-library' | 'schemathesis';

export interface PythonTools {
  /** The environment's interpreter, absolute: `execFile(python, [script])` finds the tool's modules. */
  readonly python: string;
  /** Where the tool's own commands are. */
  readonly bin: string;
}

export interface PythonToolsOptions {
  readonly cacheDirectory?: string | undefined;
  /** Instead of the committed list: for this module's own tests. */
  readonly requirements?: string | undefined;
}

/** A package may come over a slow line; whoever waits for another run waits as long. */
const limitMs = 180_000;

/** Throws an Error with pip's last lines where the packages cannot be had or are not those of the list. */
export async function pythonTools(tool: PythonTool, options: PythonToolsOptions = {}): Promise<PythonTools> {
  const requirements = options.requirements ?? join(import.meta.dirname, 'python', `${tool}.txt`);
  const { stdout: interpreter } = await run('python3', ['-c', 'import sys; print(sys.executable, sys.version)']);
  const content = createHash('sha256')
    .update(interpreter)
    .update(await readFile(requirements));
  const cacheRoot = cacheRootOf(options.cacheDirectory, process.env);
  // Scripts of a virtual environment name its place, so it is made where it stays, and marked when it is whole.
  const folder = join(cacheRoot, `python-${tool}-${content.digest('hex').slice(0, 12)}`);
  const whole = join(folder, 'whole');
  const isWhole = async () => (await stat(whole).catch(() => undefined)) !== undefined;
  const tools = { python: join(folder, 'bin', 'python'), bin: join(folder, 'bin') };
  if (await isWhole()) return tools;
  await mkdir(cacheRoot, { recursive: true });
  return await withFileLock(
    join(cacheRoot, `python-${tool}.lock`),
    { signal: AbortSignal.timeout(limitMs) },
    async () => {
      if (await isWhole()) return tools;
      await rm(folder, { recursive: true, force: true });
      await run('python3', ['-m', 'venv', folder]);
      const exactly = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '--requirement', requirements];
      const quietly = ['--quiet', '--no-input', '--disable-pip-version-check'];
      await run(tools.python, ['-m', 'pip', 'install', ...quietly, ...exactly]);
      await writeFile(whole, '');
      return tools;
    },
  );
}

async function run(command: string, args: readonly string[]): Promise<{ readonly stdout: string }> {
  try {
    return await promisify(execFile)(command, args, { timeout: limitMs });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    const lines = output.trim().split('\n').slice(-12).join('\n');
    throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed: ${lines || String(error)}`, { cause: error });
  }
}
