/** Runs a program as a person does, and gives back everything that it printed. */
import { spawn } from 'node:child_process';

export interface RunResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Called with the running command's pid. */
  readonly onStart?: (pid: number) => void;
  readonly input?: string;
  /** Typed once `after` was printed; the standard input stays open for it. */
  readonly answer?: { readonly after: string; readonly text: string };
  /** Called with what it prints, as it comes. */
  readonly onText?: (text: string) => void;
  /** Goes away as `head -1` does, once anything was printed. */
  readonly leaveEarly?: boolean;
}

export async function runProgram(
  program: string,
  args: readonly string[],
  { env, onStart, input, answer, onText, leaveEarly }: RunOptions = {},
): Promise<RunResult> {
  const child = spawn(program, [...args], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A program that was killed takes no input any more.
  child.stdin.on('error', () => {});
  if (answer === undefined) child.stdin.end(input ?? '');
  let stdout = '';
  let stderr = '';
  let answered = false;
  const hear = (text: string) => {
    onText?.(text);
    if (answer === undefined || answered || !`${stdout}${stderr}`.includes(answer.after)) return;
    answered = true;
    child.stdin.write(answer.text);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    hear(chunk.toString());
    if (leaveEarly) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    hear(chunk.toString());
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}
