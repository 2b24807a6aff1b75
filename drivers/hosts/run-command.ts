/** Programs of this machine, run to their end: arguments as they are, no shell, bounded, and their words where they fail. */
import { spawn } from 'node:child_process';
import { hostCommandFailed } from './errors.ts';

export interface Outcome {
  /** Null where a signal ended it. */
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

const defaultTimeoutMs = 60_000;
const keptCharacters = 200_000;
const evidenceLines = 20;

/** Its end, however it ended. Throws where it cannot be started, and the signal's reason. */
export async function outcomeOf(
  program: string,
  args: readonly string[],
  { input, timeoutMs = defaultTimeoutMs, environment = process.env, signal }: CommandOptions = {},
): Promise<Outcome> {
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment });
    const limit = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const abort = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', abort, { once: true });
    const texts = { output: '', errors: '' };
    const keep = (name: 'output' | 'errors') => (text: string) => {
      texts[name] = `${texts[name]}${text}`.slice(-keptCharacters);
    };
    child.stdout.setEncoding('utf8').on('data', keep('output'));
    child.stderr.setEncoding('utf8').on('data', keep('errors'));
    child.on('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.on('close', (status) => {
      clearTimeout(limit);
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve({ status, ...texts });
    });
    child.stdin.on('error', () => undefined).end(input ?? '');
  });
}

/** What it printed, trimmed. @throws EnsembleError DRIVER_HOST_COMMAND_FAILED */
export async function ask(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { status, output, errors } = await outcomeOf(program, args, options).catch((error: Error) => {
    options.signal?.throwIfAborted();
    throw hostCommandFailed(program, 'no start', [error.message]);
  });
  if (status !== 0) {
    const lines = `${output}\n${errors}`.split('\n').filter((line) => line.trim() !== '');
    throw hostCommandFailed([program, ...args].join(' ').slice(0, 300), status, lines.slice(-evidenceLines));
  }
  return output.trim();
}
