/** The stand-in for Lambda in a local AWS: a function's own archive under Node, and what is said of one that fails, dies or never ends. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionCalls } from '../../drivers/local-aws/functions.ts';

const handler = `export async function handle(event, context) {
  if (event === 'throws') throw new TypeError('no');
  if (event === 'exits') process.exit(3);
  if (event === 'hangs') await new Promise(() => setInterval(() => undefined, 1000));
  return { event, own: process.env.OWN, left: context.getRemainingTimeInMillis() <= 1000 };
}
`;

describe('a function of a local AWS', () => {
  let folder: string;
  let ask: ReturnType<typeof functionCalls>;
  const headers = {};
  const invoke = async (event: string) => {
    const path = '/2015-03-31/functions/f/invocations';
    const answer = await ask({ method: 'POST', path, headers, body: JSON.stringify(event) });
    return { fault: answer?.headers?.['x-amz-function-error'], said: JSON.parse(answer?.body ?? 'null') };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-functions-'));
    await writeFile(join(folder, 'index.mjs'), handler);
    const archive = join(folder, 'archive.zip');
    await promisify(execFile)('python3', ['-m', 'zipfile', '-c', archive, join(folder, 'index.mjs')]);
    const object = () => readFile(archive);
    const seat = async () => ({ command: [], variables: {} });
    ask = functionCalls({ folder: join(folder, 'functions'), object, seat });
    const made = {
      FunctionName: 'f',
      Handler: 'index.handle',
      Timeout: 1,
      Code: { S3Bucket: 'b', S3Key: 'k' },
      Environment: { Variables: { OWN: 'yes' } },
    };
    await ask({ method: 'POST', path: '/2015-03-31/functions', headers, body: JSON.stringify(made) });
  });
  afterAll(async () => {
    await ask({ method: 'DELETE', path: '/2015-03-31/functions/f', headers, body: '' });
    await rm(folder, { recursive: true, force: true });
  });

  it('answers with what its handler gives, which has its variables and knows how long it may take', async () => {
    expect(await invoke('hello')).toEqual({ said: { event: 'hello', own: 'yes', left: true } });
  });

  it('says what was thrown, and serves on', async () => {
    expect(await invoke('throws')).toEqual({
      fault: 'Unhandled',
      said: { errorType: 'TypeError', errorMessage: 'no' },
    });
    expect((await invoke('again')).said).toMatchObject({ event: 'again' });
  });

  it('says that it exited, and begins anew', async () => {
    expect(await invoke('exits')).toMatchObject({ fault: 'Unhandled', said: { errorType: 'Runtime.ExitError' } });
    expect((await invoke('again')).said).toMatchObject({ event: 'again' });
  });

  it('is ended after the time that it may take, and keeps no later call waiting', async () => {
    const [late, next] = await Promise.all([invoke('hangs'), invoke('next')]);
    expect(late).toEqual({
      fault: 'Unhandled',
      said: { errorMessage: expect.stringMatching(/Task timed out after 1\.00 seconds$/) },
    });
    expect(next.said).toMatchObject({ event: 'next' });
  });
});
