/** The ways to an artifact, with a made-up service of two jars: a stand-in for mvn, a KAFKA_HOME, and a web server in Apache's place. */
import { createHash } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApacheArchive } from '../../artifacts/apache-archive.ts';
import { makeArchive, recordFiles } from '../../artifacts/archive.ts';
import type { LockedArtifact } from '../../artifacts/artifacts-lock.ts';
import { type EnsureArtifactOptions, ensureArtifact, verifyArtifact } from '../../artifacts/ensure-artifact.ts';

let folder: string;
let cache: string;
let home: string;
let locked: LockedArtifact;
let notices: string[];
const closing: (() => Promise<unknown>)[] = [];
/** Nothing listens on port 9 of the loopback address, so this way fails at once. */
const unreachable: ApacheArchive = { url: 'http://127.0.0.1:9/kafka.tgz', sha512: '0'.repeat(128) };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-artifacts-'));
  cache = join(folder, 'cache');
  home = join(folder, 'kafka_2.13-3.9.1');
  notices = [];
  await mkdir(join(home, 'libs'), { recursive: true });
  for (const name of ['kafka_2.13-3.9.1.jar', 'zookeeper-3.8.4.jar'])
    await writeFile(join(home, 'libs', name), `bytes of ${name}`);
  const scratch = join(folder, 'scratch');
  await cp(home, scratch, { recursive: true });
  const files = await recordFiles(scratch);
  const made = await makeArchive(scratch, 'kafka-3.9.1.tar', files);
  locked = { version: '3.9.1', archive: 'kafka-3.9.1.tar', size: made.size, sha256: made.sha256, files };
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});

function ensure(env: NodeJS.ProcessEnv, more: Partial<EnsureArtifactOptions> = {}) {
  const onProgress = (line: string) => notices.push(line);
  return ensureArtifact('kafka', {
    cacheDirectory: cache,
    env,
    locked,
    apacheArchive: unreachable,
    onProgress,
    ...more,
  });
}

/** A PATH whose mvn is this shell script; `$out` is the folder to fill. */
async function mavenThat(script: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const find =
    'for each in "$@"; do case "$each" in -DoutputDirectory=*) out=$(echo "$each" | cut -d= -f2-);; esac; done';
  await writeFile(join(bin, 'mvn'), `#!/bin/sh\nPATH=/bin:/usr/bin\n${find}\necho run >> ${folder}/runs\n${script}\n`);
  await chmod(join(bin, 'mvn'), 0o755);
  return { PATH: bin };
}

const copyAll = () => `cp ${home}/libs/*.jar "$out"`;
const runs = async () => (await readFile(join(folder, 'runs'), 'utf8').catch(() => '')).split('\n').length - 1;
const leftovers = async () => (await readdir(cache)).filter((name) => name.startsWith('.work'));

describe('through Maven', () => {
  test('the jars and their archive are kept, and the second time nothing is fetched', async () => {
    const env = await mavenThat(copyAll());
    const first = await ensure(env);
    expect(first).toMatchObject({ source: 'maven', locked: true, version: '3.9.1', sha256: locked.sha256 });
    expect(first.classpath).toEqual(locked.files.map((file) => join(first.directory, file.path)));
    await verifyArtifact(first, locked);
    expect(await ensure(env)).toEqual({ ...first, source: 'cache' });
    expect(await runs()).toBe(1);
    expect(await leftovers()).toEqual([]);
  });

  test('two runs at once fetch once and both have it', async () => {
    const env = await mavenThat(`sleep 0.2; ${copyAll()}`);
    const both = await Promise.all([ensure(env), ensure(env)]);
    expect(both.map((artifact) => artifact.source).sort()).toEqual(['cache', 'maven']);
    expect(await runs()).toBe(1);
  });

  test('a truncated jar in the cache is found, said and fetched again', async () => {
    const env = await mavenThat(copyAll());
    const { classpath } = await ensure(env);
    await truncate(classpath[0] ?? '', 3);
    const again = await ensure(env);
    expect(again.source).toBe('maven');
    expect(notices.join('\n')).toMatch(/kafka_2\.13-3\.9\.1\.jar has 3 bytes instead of \d+/);
    await verifyArtifact(again, locked);
  });

  test('changed bytes of the same length are found when asked to verify', async () => {
    const artifact = await ensure(await mavenThat(copyAll()));
    const jar = artifact.classpath[1] ?? '';
    await writeFile(jar, (await readFile(jar, 'utf8')).toUpperCase());
    await expect(verifyArtifact(artifact, locked)).rejects.toMatchObject({ code: 'ARTIFACTS_CACHE_DAMAGED' });
  });

  test('a jar that the lock does not name, or other bytes, are not let in', async () => {
    const surplus = await mavenThat(`${copyAll()}; echo extra > "$out"/extra.jar`);
    await expect(ensure(surplus)).rejects.toThrow('gave libs/extra.jar, which artifacts.lock.json does not name');
    const other = await mavenThat(`${copyAll()}; echo changed > "$out"/zookeeper-3.8.4.jar`);
    await expect(ensure(other)).rejects.toThrow(
      'libs/zookeeper-3.8.4.jar is not the one that artifacts.lock.json names',
    );
    expect(await leftovers()).toEqual([]);
  });

  test('a failed run is one error with its last lines, and each other way with its reason', async () => {
    const env = await mavenThat('echo "[ERROR] Could not resolve dependencies: no route"; exit 1');
    await expect(ensure({ ...env, KAFKA_HOME: join(folder, 'nowhere') })).rejects.toMatchObject({
      code: 'ARTIFACTS_NOT_FETCHED',
      message: expect.stringMatching(
        /Maven: Could not resolve dependencies: no route; KAFKA_HOME: .*nowhere.*; the Apache archive: .*127\.0\.0\.1:9.*/,
      ),
      next: expect.stringContaining('KAFKA_HOME'),
      evidence: [expect.stringContaining('no route')],
    });
    expect(await leftovers()).toEqual([]);
  });

  test('an abort ends it with the reason and leaves nothing half-made', async () => {
    const env = await mavenThat('exec sleep 30');
    const abort = new AbortController();
    const running = ensure(env, {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('stopped by a person')),
    });
    await expect(running).rejects.toThrow('stopped by a person');
    expect(await leftovers()).toEqual([]);
  });
});

describe('through KAFKA_HOME', () => {
  test("gives the locked archive if it has the lock's very files among others", async () => {
    await writeFile(join(home, 'libs', 'connect-api-3.9.1.jar'), 'more');
    const artifact = await ensure({ KAFKA_HOME: home });
    expect(artifact).toMatchObject({ source: 'kafka-home', locked: true, sha256: locked.sha256 });
    await verifyArtifact(artifact, locked);
  });

  test('is used as it is, and said so, if a file differs', async () => {
    await writeFile(join(home, 'libs', 'zookeeper-3.8.4.jar'), 'patched');
    const artifact = await ensure({ KAFKA_HOME: home });
    expect(artifact).toMatchObject({ source: 'kafka-home', locked: false, directory: join(home, 'libs') });
    expect(notices.join('\n')).toMatch(/as it is.*zookeeper-3\.8\.4\.jar has other bytes/);
  });

  test('is refused if it is a Kafka without ZooKeeper', async () => {
    await rm(join(home, 'libs', 'zookeeper-3.8.4.jar'));
    await expect(ensure({ KAFKA_HOME: home })).rejects.toThrow('holds no Kafka that runs with ZooKeeper');
  });
});

describe("through Apache's archive", () => {
  async function serve(cut = false): Promise<ApacheArchive> {
    const file = join(folder, 'apache.tgz');
    await create({ file, cwd: folder, gzip: true }, ['kafka_2.13-3.9.1']);
    const bytes = await readFile(file);
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      if (!cut) response.end(bytes);
      else response.write(bytes.subarray(0, 20), () => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return {
      url: `http://127.0.0.1:${port}/kafka.tgz`,
      sha512: createHash('sha512').update(bytes).digest('hex').toUpperCase(),
    };
  }

  test('it is downloaded, checked, unpacked and made into the locked archive', async () => {
    const artifact = await ensure({}, { apacheArchive: await serve() });
    expect(artifact).toMatchObject({ source: 'apache-archive', locked: true });
    await verifyArtifact(artifact, locked);
    expect(await leftovers()).toEqual([]);
  });

  test('one with other bytes than Apache published is not unpacked', async () => {
    const archive = await serve();
    const wrong = { ...archive, sha512: '1'.repeat(128) };
    await expect(ensure({}, { apacheArchive: wrong })).rejects.toThrow(/SHA-512 .* instead of 1111.*not unpacked/);
    expect((await readdir(cache)).filter((name) => name.startsWith('apache'))).toEqual([]);
  });

  test('one that is cut short does not count as fetched', async () => {
    await expect(ensure({}, { apacheArchive: await serve(true) })).rejects.toMatchObject({
      code: 'ARTIFACTS_NOT_FETCHED',
    });
    expect(await leftovers()).toEqual([]);
  });
});

test('work folders of processes that died are swept, those of the living stay', async () => {
  const dead = join(cache, `.work~2147483646~${Buffer.from('x').toString('base64url')}~1`);
  await mkdir(dead, { recursive: true });
  await copyFile(join(home, 'libs/zookeeper-3.8.4.jar'), join(dead, 'half.jar'));
  await ensure({ KAFKA_HOME: home });
  expect(await leftovers()).toEqual([]);
});
