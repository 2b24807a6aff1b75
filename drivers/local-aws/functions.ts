/**
 * STAND-IN for Lambda: moto keeps a function and what it was made of, and runs it in Docker alone, in no network of ours. Here a function's own archive runs
 * under plain `node`, at a place that its caller names (a seat inside the machines' network), with the function's variables; warm, one event after the other.
 * What Lambda would report as the function's error is reported so (AWS Lambda, "Node.js function errors"; API reference, "Invoke").
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { ShimAnswer, ShimRequest } from './shim.ts';

export interface FunctionsPlace {
  /** For what functions are made of; below it. */
  readonly folder: string;
  /** An object of the local AWS. */
  readonly object: (bucket: string, key: string) => Promise<Buffer>;
  /** Asked before a function starts: what its command line begins with, and variables that it has beside its own. */
  readonly seat: () => Promise<{ readonly command: readonly string[]; readonly variables: NodeJS.ProcessEnv }>;
}

const madeShape = z.looseObject({
  FunctionName: z.string(),
  Handler: z.string(),
  Timeout: z.number().default(3),
  Code: z.looseObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Environment: z.looseObject({ Variables: z.record(z.string(), z.string()) }).optional(),
});

type Made = z.output<typeof madeShape>;

interface Said {
  readonly payload: string;
  readonly error?: string;
}

/** Plain JavaScript, as Lambda's own runtime is. */
const runtime = `const [, , file, name, timeoutMs] = process.argv;
const { [name]: handler } = await import(file);
process.on('message', async ({ event, request }) => {
  const endsMs = Date.now() + Number(timeoutMs);
  const context = { awsRequestId: request, getRemainingTimeInMillis: () => endsMs - Date.now() };
  try {
    const answer = await handler(JSON.parse(event), context);
    process.send({ payload: JSON.stringify(answer ?? null) });
  } catch (error) {
    process.send({ payload: JSON.stringify({ errorType: error.name, errorMessage: error.message }), error: 'Unhandled' });
  }
});
`;

/** Undefined for every call that is moto's; those that make and change a function are heard, and passed on. */
export function functionCalls(place: FunctionsPlace): (asked: ShimRequest) => Promise<ShimAnswer | undefined> {
  const made = new Map<string, Made>();
  const running = new Map<string, ChildProcess>();
  let last: Promise<unknown> = Promise.resolve();
  let requests = 0;

  async function start(found: Made): Promise<ChildProcess> {
    const before = running.get(found.FunctionName);
    if (before?.connected === true) return before;
    const folder = join(place.folder, found.FunctionName);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const archive = join(folder, 'archive.zip');
    await writeFile(archive, await place.object(found.Code.S3Bucket, found.Code.S3Key));
    // moto is written in Python, which reads such archives by itself.
    await promisify(execFile)('python3', ['-m', 'zipfile', '-e', archive, folder]);
    await writeFile(join(folder, 'runtime.mjs'), runtime);
    const { command, variables } = await place.seat();
    const [file = '', name = ''] = found.Handler.split('.');
    const own = [join(folder, 'runtime.mjs'), join(folder, `${file}.mjs`), name, String(found.Timeout * 1000)];
    const [program = process.execPath, ...args] = [...command, process.execPath, ...own];
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: process.env.PATH, ...variables, ...found.Environment?.Variables },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.on('error', () => undefined);
    running.set(found.FunctionName, child);
    return child;
  }

  async function invoke(found: Made, event: string): Promise<Said> {
    const child = await start(found);
    requests += 1;
    return await new Promise<Said>((resolve) => {
      const request = `request-${requests}`;
      const fault = (payload: object) => answered({ payload: JSON.stringify(payload), error: 'Unhandled' });
      const ended = () =>
        fault({ errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${request} Error: Runtime exited` });
      const late = setTimeout(() => {
        fault({ errorMessage: `${request} Task timed out after ${found.Timeout.toFixed(2)} seconds` });
        child.kill('SIGKILL');
        running.delete(found.FunctionName);
      }, found.Timeout * 1000);
      const heard = (said: unknown) => answered(said as Said);
      function answered(said: Said): void {
        clearTimeout(late);
        child.off('exit', ended).off('error', ended).off('message', heard);
        resolve(said);
      }
      child.once('exit', ended).once('error', ended).once('message', heard);
      child.send({ event, request }, () => undefined);
    });
  }

  function hear({ method, path, body }: ShimRequest): void {
    if (method === 'POST' && /^\/2015-03-31\/functions\/?$/.test(path)) {
      const parsed = madeShape.safeParse(JSON.parse(body));
      if (parsed.success) made.set(parsed.data.FunctionName, parsed.data);
      return;
    }
    const [, name = '', of] = /^\/2015-03-31\/functions\/([^/?]+)(?:\/(code|configuration))?$/.exec(path) ?? [];
    const found = made.get(nameOf(name));
    if (found === undefined || (method !== 'PUT' && method !== 'DELETE')) return;
    running.get(found.FunctionName)?.kill('SIGKILL');
    running.delete(found.FunctionName);
    if (method === 'DELETE') made.delete(found.FunctionName);
    else {
      const next = JSON.parse(body) as object;
      made.set(found.FunctionName, madeShape.parse(of === 'code' ? { ...found, Code: next } : { ...found, ...next }));
    }
  }

  return async (asked) => {
    if (!asked.path.startsWith('/2015-03-31/functions')) return undefined;
    const [, name] = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?|$)/.exec(asked.path) ?? [];
    if (name === undefined || asked.method !== 'POST') {
      hear(asked);
      return undefined;
    }
    const found = made.get(nameOf(name));
    if (found === undefined) return undefined;
    const said = last.then(() => invoke(found, asked.body));
    last = said.catch(() => undefined);
    const { payload, error } = await said;
    const headers = error === undefined ? {} : { 'x-amz-function-error': error };
    return { status: 200, body: payload, type: 'application/json', headers };
  };
}

/** Of a name, or of an ARN, which ends with it. */
function nameOf(name: string): string {
  return decodeURIComponent(name).split(':').at(-1) ?? '';
}
