/** Upstream's programs, as an environment names them: from a path or an address, checked before they are used. A small script stands in for the binary. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureUpstream } from '../../artifacts/upstream.ts';

const program = 'argo-messaging';
const script = '#!/bin/sh\necho "upstream $1"\n';
const hash = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
let folder: string;
let cacheDirectory: string;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-upstream-'));
  cacheDirectory = join(folder, 'cache');
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});

const ensure = (source: string, sha256: string) =>
  ensureUpstream({ program, source, sha256 }, { cacheDirectory, relativeTo: folder });
const run = (file: string) => execFileSync(file, ['runs'], { encoding: 'utf8' });
/** Locks aside: those are empty folders of tickets. */
const cached = async () => (await readdir(cacheDirectory).catch(() => [])).filter((name) => !name.endsWith('.lock'));

async function serve(bytes: Buffer | string, status = 200): Promise<{ address: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(status).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const found = server.address();
  return { address: `http://127.0.0.1:${typeof found === 'object' ? found?.port : ''}`, requests };
}

async function archive(
  files: Readonly<Record<string, string>>,
  options: { readonly mode?: number } = {},
): Promise<Buffer> {
  const content = join(folder, 'content');
  await mkdir(content, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(content, name, '..'), { recursive: true });
    await writeFile(join(content, name), text, { mode: options.mode ?? 0o755 });
  }
  await create({ file: join(folder, 'made.tar.gz'), cwd: content, gzip: true }, Object.keys(files));
  return await readFile(join(folder, 'made.tar.gz'));
}

describe('a binary', () => {
  it.each([
    ['a path', (file: string) => file],
    ['a path that starts at the environment file’s folder', () => 'binary'],
    ['a file: address', (file: string) => pathToFileURL(file).href],
  ])('comes from %s, and runs', async (_kind, sourceOf) => {
    await writeFile(join(folder, 'binary'), script);
    const executable = await ensure(sourceOf(join(folder, 'binary')), hash(script));
    expect(run(executable)).toBe('upstream runs\n');
  });

  it('comes from a web server once, and out of the cache when that is gone', async () => {
    const { address, requests } = await serve(script);
    const source = `${address}/argo-messaging?signature=secret`;
    const [first, second] = await Promise.all([ensure(source, hash(script)), ensure(source, hash(script))]);
    expect(second).toBe(first);
    for (const close of closing.splice(0)) await close();
    expect(run(await ensure(source, hash(script)))).toBe('upstream runs\n');
    expect(requests).toHaveLength(1);
    expect(await cached()).toEqual([`upstream-argo-messaging-${hash(script).slice(0, 12)}`]);
  });

  it('that was damaged in the cache is fetched again', async () => {
    const { address, requests } = await serve(script);
    const executable = await ensure(address, hash(script));
    await writeFile(executable, 'half');
    expect(run(await ensure(address, hash(script)))).toBe('upstream runs\n');
    expect(requests).toHaveLength(2);
  });
});

describe('an archive', () => {
  it('gives the file with the program’s name, wherever it lies in it', async () => {
    const bytes = await archive({ 'v1.2/argo-messaging': script, 'v1.2/README': 'read me', 'other.sh': '#!/bin/sh\n' });
    await writeFile(join(folder, 'release.tar.gz'), bytes);
    const executable = await ensure('release.tar.gz', hash(bytes));
    expect(executable).toMatch(/v1\.2\/argo-messaging$/);
    expect(run(executable)).toBe('upstream runs\n');
  });

  it('gives its only executable where none has the name, and makes one executable that lost its mode', async () => {
    const named = await archive({ argo: script });
    const { address } = await serve(named);
    expect(run(await ensure(address, hash(named)))).toBe('upstream runs\n');
    const modeless = await archive({ 'argo-messaging': script }, { mode: 0o644 });
    await writeFile(join(folder, 'modeless'), modeless);
    expect(run(await ensure('modeless', hash(modeless)))).toBe('upstream runs\n');
  });

  it('with links in it puts none of them on the disk', async () => {
    await mkdir(join(folder, 'content'));
    await symlink('/etc', join(folder, 'content', 'out'));
    await writeFile(join(folder, 'content', 'argo-messaging'), script);
    await create({ file: join(folder, 'links.tgz'), cwd: join(folder, 'content'), gzip: true }, [
      'out',
      'argo-messaging',
    ]);
    const executable = await ensure('links.tgz', hash(await readFile(join(folder, 'links.tgz'))));
    expect((await readdir(join(executable, '..'))).sort()).toEqual(['argo-messaging', 'entry.json']);
  });
});

describe('what is refused leaves nothing behind', () => {
  afterEach(async () => expect(await cached()).toEqual([]));

  it('other bytes than the environment names', async () => {
    const { address } = await serve(`${script}curl evil\n`);
    await expect(ensure(`${address}/x?signature=secret`, hash(script))).rejects.toMatchObject({
      code: 'ARTIFACTS_UPSTREAM_WRONG_BYTES',
      message: expect.stringMatching(new RegExp(`${address}/x holds .*instead of ${hash(script)}`)),
    });
  });

  it.each([
    [
      'a server that nobody runs',
      () => 'http://127.0.0.1:9/argo-messaging?signature=secret',
      /from http:\/\/127\.0\.0\.1:9\/argo-messaging: .*/,
    ],
    ['a path where nothing is', () => 'nothing/here', /from nothing\/here: ENOENT/],
    ['an address with a password', () => 'http://me:secret@127.0.0.1:9/x', /a user or a password/],
  ])('%s', async (_what, source, message) => {
    const failure = await ensure(source(), hash(script)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'ARTIFACTS_UPSTREAM_NOT_FETCHED', message: expect.stringMatching(message) });
    expect(JSON.stringify([failure, String(failure)])).not.toContain('secret');
  });

  it('a server that answers 404', async () => {
    const { address } = await serve('not here', 404);
    await expect(ensure(address, hash('not here'))).rejects.toThrow(/the server answered 404/);
  });

  it.each([
    ['a page in the place of a program', '<html>sign in</html>', /argo-messaging is no program/],
    ['a zip archive', 'PK\x03\x04rest', /a zip archive, which is not unpacked/],
    [
      'a binary for another processor',
      elfFor(process.arch === 'x64' ? 0xb7 : 0x3e),
      /for (arm64|x64) processors, and what it is to run on is (arm64|x64)/,
    ],
    ['a cut archive', Buffer.from('1f8b0800000000000003ff', 'hex'), /could not be unpacked/],
  ])('%s', async (_what, bytes, message) => {
    await writeFile(join(folder, 'wrong'), bytes);
    await expect(ensure('wrong', hash(bytes))).rejects.toMatchObject({
      code: 'ARTIFACTS_UPSTREAM_NOT_EXECUTABLE',
      message: expect.stringMatching(message),
    });
  });

  it('an archive in which nobody could tell the program', async () => {
    const bytes = await archive({ one: script, two: script });
    await writeFile(join(folder, 'two.tgz'), bytes);
    await expect(ensure('two.tgz', hash(bytes))).rejects.toThrow(/no single file argo-messaging \(it has one, two\)/);
  });
});

/** The first bytes of a program for Linux: what matters here is which processor it is for. */
function elfFor(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  return header;
}
