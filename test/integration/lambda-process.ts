/**
 * STAND-IN for Lambda's runtime: the bundled file under plain `node` in a process of its own, with the function's environment variables and no other, one
 * event at a time, warm until it is killed. How long the function may live is the test's to say. What Lambda would report as the function's error is
 * reported so: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Invocation } from '../programs/topics-applier/aws-endpoint.ts';

/** Plain JavaScript, as Lambda's own runtime is no TypeScript either. */
const runtime = `import { handler } from './index.mjs';
process.on('message', async ({ event, remainingMs }) => {
  const endsMs = Date.now() + remainingMs;
  const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => endsMs - Date.now() };
  try {
    process.send({ payload: JSON.stringify(await handler(JSON.parse(event), context)) });
  } catch (error) {
    process.send({ payload: JSON.stringify({ errorType: error.name, errorMessage: error.message }), error: 'Unhandled' });
  }
});
`;

interface Said {
  readonly payload: string;
  readonly error?: string;
}

export class LambdaProcess {
  /** Of every event so far. */
  readonly events: string[] = [];
  /** What the function wrote to its log. */
  log = '';
  /** How long each call may live. */
  remainingMs = 900_000;
  readonly #entry: string;
  readonly #variables: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  private constructor(entry: string, variables: NodeJS.ProcessEnv) {
    this.#entry = entry;
    this.#variables = variables;
  }

  /** `program` is the bundle's text, unpacked as `index.mjs` as the function's archive has it. */
  static async prepare(folder: string, program: string, variables: NodeJS.ProcessEnv): Promise<LambdaProcess> {
    await writeFile(join(folder, 'index.mjs'), program);
    await writeFile(join(folder, 'runtime.mjs'), runtime);
    return new LambdaProcess(join(folder, 'runtime.mjs'), variables);
  }

  readonly invoke: Invocation = async (_name, event) => {
    this.events.push(event);
    const child = this.#running();
    return await new Promise<Said>((resolve) => {
      const ended = () => {
        const errorMessage = 'RequestId: test Error: Runtime exited with error: signal: killed';
        resolve({ payload: JSON.stringify({ errorType: 'Runtime.ExitError', errorMessage }), error: 'Unhandled' });
      };
      child.once('exit', ended);
      child.once('message', (said) => {
        child.off('exit', ended);
        resolve(said as Said);
      });
      child.send({ event, remainingMs: this.remainingMs });
    });
  };

  /** As Lambda does with a function that ran out of time: nothing of it goes on, and the next call starts cold. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  #running(): ChildProcess {
    if (this.#child?.connected === true) return this.#child;
    const child = fork(this.#entry, [], {
      cwd: dirname(this.#entry),
      env: { PATH: process.env.PATH, ...this.#variables },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    this.#child = child;
    return child;
  }
}
