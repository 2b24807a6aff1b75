/**
 * Runs node commands as children of the test command, shows or keeps what they print, and ends them when the command is ended. Each child leads a
 * process group of its own, so that what a test started (a JVM) ends with it: vitest runs no afterAll when it is interrupted.
 */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

export interface CommandOptions {
  readonly cwd: string;
  /** `never` keeps what it prints, for the outcome. */
  readonly show: 'always' | 'never';
  /** Called with what is kept, as it comes. */
  readonly onOutput?: (text: string) => void;
}

export interface CommandOutcome {
  /** The exit status, or 1 when a signal ended it. */
  readonly status: number;
  /** Empty when it was shown as it came. */
  readonly output: string;
  readonly seconds: number;
}

/** How long what a test started may take to stop (a broker writes its log) before it is ended by force. */
const graceMs = 20_000;
/** The process groups of the commands that run. */
const running = new Set<number>();

/** `argv` are the arguments of node. Never throws for a command that fails: its status says so. */
export function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandOutcome> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, argv, {
      cwd: options.cwd,
      detached: true,
      stdio: options.show === 'always' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    const group = child.pid;
    if (group !== undefined) running.add(group);
    const chunks: Buffer[] = [];
    const keep = (chunk: Buffer) => {
      chunks.push(chunk);
      options.onOutput?.(chunk.toString('utf8'));
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const end = (status: number, extra = '') => {
      if (group !== undefined) running.delete(group);
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

/** Ends every command that still runs and all that it started in its group: by `signal`, and by force after a while. Resolves when all are gone. */
export async function stopChildren(signal: NodeJS.Signals): Promise<void> {
  await Promise.all([...running].map((group) => stopGroup(group, signal)));
}

async function stopGroup(group: number, signal: NodeJS.Signals): Promise<void> {
  const deadline = performance.now() + graceMs;
  let alive = signalGroup(group, signal);
  // Bounded: in a container without an init, a dead process that nobody waits for counts as one of its group for ever.
  while (alive && performance.now() < deadline + 1_000) {
    await pause(50);
    alive = signalGroup(group, performance.now() < deadline ? 0 : 'SIGKILL');
  }
}

/** False when no process of the group is left. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}
