/**
 * A process of ours that is handed what it needs through a pipe, and nothing by its command line or its environment, where others could read it. That the pipe
 * ends tells it that whoever asked for it is gone: it is asked to end then, and heals what it broke.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';

const variable = 'ENSEMBLE_HANDED';
const pipe = 3;

export interface HandedOutcome {
  readonly status: number;
  /** Of its standard output; empty where that is this process's own. */
  readonly output: string;
}

export interface HandedOptions {
  /** A program and what it is given. */
  readonly command: readonly string[];
  /** Asks it to end once, as Ctrl-C would; it is waited for all the same. */
  readonly signal: AbortSignal;
  /** Hears each line of its standard error, and its output is kept; where absent both are this process's own. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export async function runHanded(handed: unknown, { command, signal, onLine }: HandedOptions): Promise<HandedOutcome> {
  const [program = '', ...args] = command;
  const own = onLine === undefined;
  const child = spawn(program, args, {
    // A group of its own: Ctrl-C of a terminal reaches it through us alone, and once.
    detached: true,
    stdio: ['ignore', own ? 'inherit' : 'pipe', own ? 'inherit' : 'pipe', 'pipe'],
    env: { ...process.env, [variable]: String(pipe) },
  });
  const ended = once(child, 'close');
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine?.(line);
  });
  const interrupt = () => void child.kill('SIGINT');
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  const line = child.stdio[pipe];
  if (line instanceof Socket) {
    line.on('error', () => undefined); // it ended before it had read: its status says so
    line.resume(); // nothing comes back; unread, its end would not be seen
    line.write(`${JSON.stringify(handed)}\n`);
  }
  try {
    const [status] = await ended;
    return { status: typeof status === 'number' ? status : 1, output };
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/** What this process was handed, where it was started by runHanded. Once nobody holds the other end, it gets a SIGTERM. */
export async function handedHere(): Promise<unknown> {
  const descriptor = process.env[variable];
  if (descriptor === undefined) return undefined;
  delete process.env[variable];
  // Not as a file: a read that waits would keep this process from its end.
  const stream = new Socket({ fd: Number(descriptor) }).setEncoding('utf8');
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    let isRead = false;
    stream.on('data', (more: string) => {
      text += more;
      if (isRead || !text.includes('\n')) return;
      isRead = true;
      resolve(text);
    });
    stream.on('error', reject);
    stream.on('close', () => {
      if (isRead) process.kill(process.pid, 'SIGTERM');
      else reject(new Error('nothing was handed to this process'));
    });
  });
  return JSON.parse(line);
}
