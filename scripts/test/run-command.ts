/** Runs node commands as children of the test command, shows or keeps what they print, and ends them when the command is ended. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface CommandOutcome {
  /** The exit status, or 1 when a signal ended it. */
  readonly status: number;
  /** Empty when it was shown as it came. */
  readonly output: string;
  readonly seconds: number;
}

/** How long a child may take to stop its own children (JVMs of a test) before it is ended by force. */
const graceMs = 20_000;
const running = new Set<ChildProcess>();

/** `argv` are the arguments of node. Never throws for a command that fails: its status says so. */
export function runCommand(
  argv: readonly string[],
  options: { cwd: string; show: 'always' | 'never' },
): Promise<CommandOutcome> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, argv, {
      cwd: options.cwd,
      stdio: options.show === 'always' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const end = (status: number, extra = '') => {
      running.delete(child);
      resolve({
        status,
        output: `${Buffer.concat(chunks).toString('utf8')}${extra}`,
        seconds: (performance.now() - startedAt) / 1000,
      });
    };
    child.once('error', (error) => end(1, error.message));
    child.once('close', (code) => end(code ?? 1));
  });
}

/** Ends every command that still runs: by `signal`, and by force after a while. Resolves when all are gone. */
export async function stopChildren(signal: NodeJS.Signals): Promise<void> {
  await Promise.all(
    [...running].map(
      (child) =>
        new Promise<void>((resolve) => {
          const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
          child.once('close', () => {
            clearTimeout(force);
            resolve();
          });
          child.kill(signal);
        }),
    ),
  );
}
