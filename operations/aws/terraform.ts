/**
 * What makes stacks and what plans them, as processes: they need no terminal, ask nothing, and what they say comes back as text. Terraform is found on the
 * PATH, or by cdktf's own variable.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { archivesWanted } from '../../contracts/aws-names.ts';
import type { EnsembleError } from '../../contracts/error.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { synthesisFailed, terraformAbsent, terraformFailed } from './errors.ts';

export interface TerraformRun {
  /** 0, or one that `accept` names. */
  readonly exitCode: number;
  readonly output: string;
}

export interface TerraformOptions {
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Exit statuses that are answers, beside 0. */
  readonly accept?: readonly number[];
  /** What is planned may be applied: archives must lie on this machine. A comparison needs none, on a machine of CI for instance. */
  readonly applies?: boolean;
  /** Hears each line of its output. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** What is kept of what it says on standard error, in characters. */
const keptErrors = 100_000;
/** Lines of its error that are shown. */
const evidenceLines = 40;

/** @throws EnsembleError OPERATIONS_TERRAFORM_ABSENT, OPERATIONS_TERRAFORM_FAILED; the signal's reason */
export async function terraform(
  words: readonly string[],
  { folder, signal, accept = [], applies = false, onLine }: TerraformOptions,
): Promise<TerraformRun> {
  const program = process.env.TERRAFORM_BINARY_NAME ?? 'terraform';
  const environment = {
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
    [`TF_VAR_${archivesWanted}`]: String(applies),
  };
  return await runToEnd([program, ...words], { folder, environment, signal, accept, onLine }, (lines) =>
    terraformFailed(words[0] ?? '', folder, lines),
  );
}

/**
 * Writes one environment's stacks, as `cdktf synth` does: the same program, so that what is compared is what would be deployed.
 * @param projectFolder that archives lie in (`ensemble artifacts build`); the installation's own by default
 * @throws EnsembleError OPERATIONS_SYNTHESIS_FAILED
 */
export async function synthesizeStacks(
  environmentFile: string,
  {
    folder,
    signal,
    projectFolder = installationRoot(),
  }: { readonly folder: string; readonly signal: AbortSignal; readonly projectFolder?: string },
): Promise<void> {
  const words = [process.execPath, join(installationRoot(), 'bin', 'synth.js')];
  const environment = { CDKTF_OUTDIR: folder, ENSEMBLE_ENVIRONMENT: environmentFile };
  await runToEnd(words, { folder: projectFolder, environment, signal, accept: [], onLine: undefined }, synthesisFailed);
}

interface ProcessOptions extends Omit<Required<TerraformOptions>, 'applies'> {
  readonly environment: Readonly<Record<string, string>>;
}

async function runToEnd(
  [program = '', ...words]: readonly string[],
  { folder, environment, signal, accept, onLine }: ProcessOptions,
  failed: (lines: readonly string[]) => EnsembleError,
): Promise<TerraformRun> {
  signal.throwIfAborted();
  const child = spawn(program, words, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  // It gives back what it holds on an interrupt; a second one would leave its lock.
  const interrupt = () => child.kill('SIGINT');
  signal.addEventListener('abort', interrupt, { once: true });
  const chunks: Buffer[] = [];
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    // A line that is cut in two is heard as two: they are for a person who watches.
    if (onLine !== undefined) for (const line of linesOf(chunk.toString('utf8'))) onLine(line);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(-keptErrors);
  });
  try {
    const [exitCode]: readonly unknown[] = await once(child, 'close').catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? terraformAbsent(program, error) : error;
    });
    signal.throwIfAborted();
    const output = Buffer.concat(chunks).toString('utf8');
    if (exitCode !== 0 && !accept.some((status) => status === exitCode)) {
      const said = linesOf(errors.trim() === '' ? output : errors);
      throw failed(said.slice(0, evidenceLines));
    }
    return { exitCode: Number(exitCode), output };
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/** Without the frame that Terraform draws around an error. */
function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/^[│╷╵]\s?/, '').trimEnd())
    .filter((line) => line !== '');
}
