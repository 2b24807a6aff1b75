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
}

/** What is kept of what it says on standard error, in characters. */
const keptErrors = 100_000;
/** Lines of its error that are shown. */
const evidenceLines = 40;

/** @throws EnsembleError OPERATIONS_TERRAFORM_ABSENT, OPERATIONS_TERRAFORM_FAILED; the signal's reason */
export async function terraform(
  words: readonly string[],
  { folder, signal, accept = [] }: TerraformOptions,
): Promise<TerraformRun> {
  const program = process.env.TERRAFORM_BINARY_NAME ?? 'terraform';
  const environment = {
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
    // Plans alone are made here: a machine of CI has no archives and needs none.
    [`TF_VAR_${archivesWanted}`]: 'false',
  };
  return await runToEnd([program, ...words], { folder, environment, signal, accept }, (lines) =>
    terraformFailed(words[0] ?? '', folder, lines),
  );
}

/**
 * Writes one environment's stacks, as `cdktf synth` does: the same program, so that what is compared is what would be deployed.
 * @throws EnsembleError OPERATIONS_SYNTHESIS_FAILED
 */
export async function synthesizeStacks(
  environmentFile: string,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<void> {
  const root = installationRoot();
  const words = [process.execPath, join(root, 'bin', 'synth.js')];
  const environment = { CDKTF_OUTDIR: folder, ENSEMBLE_ENVIRONMENT: environmentFile };
  await runToEnd(words, { folder: root, environment, signal, accept: [] }, synthesisFailed);
}

interface ProcessOptions extends Required<TerraformOptions> {
  readonly environment: Readonly<Record<string, string>>;
}

async function runToEnd(
  [program = '', ...words]: readonly string[],
  { folder, environment, signal, accept }: ProcessOptions,
  failed: (lines: readonly string[]) => EnsembleError,
): Promise<TerraformRun> {
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
  child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk));
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
