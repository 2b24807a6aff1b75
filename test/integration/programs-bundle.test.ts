/** Our programs as one file each: the same bytes from the same sources wherever they lie, and nothing needed beside them but node. */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureProgram, type ProgramBundle, programs } from '../../artifacts/program-bundle.ts';
import { connectMongo } from '../../clients/mongo/connection.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { requires } from '../requirements.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

/** Twice the largest of today: what doubles a bundle is something that should not have come along. */
const largestBytes = 12e6;

/** A checkout elsewhere with the same sources, and the same packages by a link, as a work tree may have them. */
function checkOut(folder: string): string {
  const root = installationRoot();
  for (const name of [
    'programs',
    'contracts',
    'clients',
    'platform',
    'topics',
    'documents',
    'package.json',
    'tsconfig.json',
  ])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** A call of a function as its runtime makes it, and the exit status of what came back. */
function calling(file: string): string {
  return `import { handler } from './${file}';
const { ok } = await handler({}, { getRemainingTimeInMillis: () => 900_000 });
process.exitCode = ok ? 0 : 1;
`;
}

function run(
  file: string,
  args: readonly string[],
  cwd: string,
): Promise<{ status: number | undefined; output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [file, ...args],
      { cwd, env: { PATH: process.env.PATH }, timeout: 20_000 },
      (error, out, err) => resolve({ status: error === null ? 0 : Number(error.code), output: `${out}${err}` }),
    );
  });
}

let scratch: string;
let cacheDirectory: string;
const newScratch = () => {
  scratch = mkdtempSync(join(tmpdir(), 'ensemble-programs-'));
  cacheDirectory = join(scratch, 'cache');
};
const dropScratch = () => rmSync(scratch, { recursive: true, force: true });

describe.each(programs)('the program %s', (name) => {
  let bundle: ProgramBundle;
  let text: string;
  beforeAll(async () => {
    newScratch();
    bundle = await ensureProgram(name, { cacheDirectory });
    text = readFileSync(bundle.file, 'utf8');
  }, 120_000);
  afterAll(dropScratch);

  it('has the same bytes from a checkout in another folder, and names neither', async () => {
    const elsewhere = checkOut(join(scratch, 'at', 'another', 'depth'));
    const other = await ensureProgram(name, { root: elsewhere, cacheDirectory: join(scratch, 'cache of its own') });
    expect(other.sha256).toBe(bundle.sha256);
    const map = readFileSync(`${bundle.file}.map`, 'utf8');
    for (const place of [installationRoot(), elsewhere, homedir(), tmpdir()].filter((each) => each.length > 1))
      expect([place, text.includes(`${place}/`) || map.includes(`${place}/`)]).toEqual([place, false]);
  });

  it('starts alone in an empty folder, and says what is wrong with its configuration', async () => {
    // A function is called, and told by its environment what others read from a file.
    const isFunction = name === 'topics-applier';
    const folder = join(scratch, 'an empty folder');
    mkdirSync(folder);
    const alone = join(folder, basename(bundle.file));
    copyFileSync(bundle.file, alone);
    writeFileSync(join(folder, 'config.json'), '{"no_such_key": 1}');
    const args = name === 'messaging-api' ? ['--config-dir', '.'] : ['--config', 'config.json'];
    const caller = join(folder, 'call.mjs');
    writeFileSync(caller, calling(basename(alone)));
    const { status, output } = await run(isFunction ? caller : alone, isFunction ? [] : args, folder);
    expect({ status, output }).toEqual({
      status: 1,
      output: expect.stringMatching(isFunction ? /TOPICS_APPLIER_MISCONFIGURED/ : /^[A-Z_]+: .*config\.json.*\n$/),
    });
  });

  it('is of a size that a node downloads in a moment', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(largestBytes);
  });
});

requires('java', 'maven').describe('a program that runs from its file alone', () => {
  let standIn: StandIn;
  beforeAll(async () => {
    newScratch();
    standIn = await startStandIn();
  });
  afterAll(async () => {
    await standIn.stop();
    dropScratch();
  });

  it('reaches the metadata store with the driver that was bundled, twice with the same end', async () => {
    const { file } = await ensureProgram('seed', { cacheDirectory });
    copyFileSync(file, join(scratch, 'alone.mjs'));
    const users = [{ name: 'admin', token: 'a'.repeat(64), service_roles: ['service_admin'] }];
    const config = { store_host: standIn.storeHost, store_db: 'bundled', users };
    writeFileSync(join(scratch, 'seed.json'), JSON.stringify(config));
    for (let turn = 0; turn < 2; turn++) {
      const { status, output } = await run(join(scratch, 'alone.mjs'), ['--config', 'seed.json'], scratch);
      expect([status, output]).toEqual([0, expect.not.stringContaining('a'.repeat(64))]);
    }
    const store = await connectMongo({ storeHost: standIn.storeHost, database: 'bundled', warn: () => undefined });
    expect(await store.database.collection('users').countDocuments({ name: 'admin' })).toBe(1);
    await store.close();
  });
});

describe('the cache of programs', () => {
  let root: string;
  beforeEach(() => {
    newScratch();
    root = join(scratch, 'checkout');
    mkdirSync(join(root, 'programs', 'seed'), { recursive: true });
    symlinkSync(join(installationRoot(), 'node_modules'), join(root, 'node_modules'));
    writeFileSync(join(root, 'programs', 'seed', 'main.ts'), "import { hi } from './hi.ts';\nconsole.log(hi);\n");
    writeFileSync(join(root, 'programs', 'seed', 'hi.ts'), "export const hi: string = 'hi';\n");
  });
  afterEach(dropScratch);
  const ensure = () => ensureProgram('seed', { root, cacheDirectory });
  const entries = () => readdirSync(join(cacheDirectory, 'programs')).filter((name) => name.startsWith('seed-'));

  it('gives a program made before without its compiler, and another one when a source changed', async () => {
    const source = join(root, 'programs', 'seed', 'hi.ts');
    const longAgo = new Date('2020-01-01T00:00:00Z');
    utimesSync(source, longAgo, longAgo);
    const first = await ensure();
    expect(await run(first.file, [], scratch)).toEqual({ status: 0, output: 'hi\n' });
    // Of the same size and time, but a compiler would stumble over it.
    const good = readFileSync(source, 'utf8');
    writeFileSync(source, good.replaceAll(/\S/g, '('));
    utimesSync(source, longAgo, longAgo);
    expect(await ensure()).toEqual(first);
    writeFileSync(source, `${good}console.log('and more');\n`);
    const second = await ensure();
    expect(second.sha256).not.toBe(first.sha256);
    expect(await run(second.file, [], scratch)).toEqual({ status: 0, output: 'and more\nhi\n' });
    expect(entries()).toHaveLength(2);
  });

  it('serves runs at once with one whole program', async () => {
    const all = await Promise.all([ensure(), ensure(), ensure()]);
    expect(new Set(all.map(({ file }) => file)).size).toBe(1);
    expect(entries()).toHaveLength(1);
    expect(readdirSync(join(cacheDirectory, 'programs')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('makes a damaged program anew', async () => {
    const { file, sha256 } = await ensure();
    writeFileSync(file, 'half');
    expect((await ensure()).sha256).toBe(sha256);
    expect(await run(file, [], scratch)).toEqual({ status: 0, output: 'hi\n' });
    expect(readdirSync(dirname(file)).sort()).toEqual(['seed.mjs', 'seed.mjs.map']);
  });

  it('says which program an installation lacks, and which source does not compile', async () => {
    await expect(ensureProgram('auth', { root, cacheDirectory })).rejects.toMatchObject({
      code: 'ARTIFACTS_PROGRAM_ABSENT',
      message: expect.stringContaining('programs/auth/main.ts'),
    });
    writeFileSync(join(root, 'programs', 'seed', 'hi.ts'), 'export const hi = ;\n');
    await expect(ensure()).rejects.toThrow(/programs\/seed\/hi\.ts:1/);
    expect(existsSync(join(cacheDirectory, 'programs', 'seed-'))).toBe(false);
  });
});
