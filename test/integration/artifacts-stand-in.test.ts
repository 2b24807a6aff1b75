/**
 * What MongoDB's stand-in can and cannot (decision 0023): the promises that the platform's programs build on, tried on the real thing. Where one of
 * these ends, say it in the decision too.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { cacheRootOf } from '../../artifacts/cache.ts';
import { classDataFlags, ensureClassData } from '../../artifacts/class-data.ts';
import { type Artifact, ensureArtifact, verifyArtifact } from '../../artifacts/ensure-artifact.ts';
import { findJava, type Java } from '../../artifacts/find-java.ts';
import { compileLauncher, launcherFile } from '../../artifacts/stand-in-launcher.ts';
import { connectMongo, type MongoConnection } from '../../clients/mongo/connection.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { requires } from '../requirements.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

const { describe } = requires('java', 'maven');
const connect = (storeHost: string) => connectMongo({ storeHost, database: 'tried', warn: () => undefined });
interface Counter {
  readonly _id: string;
  readonly value: number;
}

describe('a stand-in that runs', () => {
  let standIn: StandIn;
  let store: MongoConnection;
  beforeAll(async () => {
    standIn = await startStandIn();
    store = await connect(standIn.storeHost);
  });
  afterAll(async () => {
    await store.close();
    await standIn.stop();
  });

  it('greets as a single server of wire version 8, and knows no hello', async () => {
    const greeting = await store.database.admin().command({ isMaster: 1 });
    expect(greeting).toMatchObject({ ismaster: true, maxWireVersion: 8 });
    expect(greeting).not.toHaveProperty('setName');
    await expect(store.database.admin().command({ hello: 1 })).rejects.toThrow("no such command: 'hello'");
  });

  it('compares and sets, so that of many writers none overwrites another', async () => {
    const counters = store.database.collection<Counter>('counters');
    await counters.insertOne({ _id: 'one', value: 0 });
    const add = async () => {
      let attempts = 0;
      for (let done = 0; done < 25; attempts++) {
        const { value = -1 } = (await counters.findOne({ _id: 'one' })) ?? {};
        const { modifiedCount } = await counters.updateOne({ _id: 'one', value }, { $set: { value: value + 1 } });
        done += modifiedCount;
        if (attempts > 10_000) throw new Error('never had its turn');
      }
    };
    await Promise.all(Array.from({ length: 8 }, add));
    expect(await counters.findOne({ _id: 'one' })).toEqual({ _id: 'one', value: 200 });
  });

  it('finds and changes in one step, and says what was there', async () => {
    const counters = store.database.collection<Counter>('found');
    await counters.insertOne({ _id: 'one', value: 1 });
    expect(await counters.findOneAndUpdate({ _id: 'one', value: 0 }, { $set: { value: 9 } })).toBeNull();
    expect(await counters.findOneAndUpdate({ _id: 'one', value: 1 }, { $inc: { value: 1 } })).toMatchObject({
      value: 1,
    });
  });

  it('keeps an index unique, over two fields too, and says 11000', async () => {
    const topics = store.database.collection('topics');
    await topics.createIndex({ project: 1, name: 1 }, { unique: true });
    await topics.insertOne({ project: 'a', name: 'x' });
    await topics.insertOne({ project: 'b', name: 'x' });
    await expect(topics.insertOne({ project: 'a', name: 'x' })).rejects.toMatchObject({ code: 11_000 });
    expect(await topics.countDocuments()).toBe(2);
  });

  it('makes one document of upserts that race', async () => {
    const raced = store.database.collection<Counter>('raced');
    await Promise.all(
      Array.from({ length: 50 }, () => raced.updateOne({ _id: 'one' }, { $inc: { value: 1 } }, { upsert: true })),
    );
    expect(await raced.find().toArray()).toEqual([{ _id: 'one', value: 50 }]);
  });

  it('has no server time in updates, no transactions and no replica set: nothing may rest on them', async () => {
    const clocked = store.database.collection<{ readonly _id: string; readonly at?: unknown }>('clocked');
    await clocked.insertOne({ _id: 'one' });
    const changed = await clocked
      .updateOne({ _id: 'one' }, [{ $set: { at: '$$NOW' } }])
      .then(() => clocked.findOne({ _id: 'one' }))
      .catch(() => null);
    expect(changed?.at instanceof Date).toBe(false);
    await expect(store.database.admin().command({ replSetGetStatus: 1 })).rejects.toThrow();
    await expect(store.database.admin().command({ commitTransaction: 1 })).rejects.toThrow();
  });
});

describe('the data of a stand-in', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-stand-in-data-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are there after a graceful end, with the index that keeps names unique', async () => {
    const first = await startStandIn({ folder });
    const writer = await connect(first.storeHost);
    await writer.database.collection('named').createIndex({ name: 1 }, { unique: true });
    await writer.database.collection('named').insertOne({ name: 'x' });
    await writer.close();
    await first.stop();

    const second = await startStandIn({ folder });
    const reader = await connect(second.storeHost);
    const named = reader.database.collection('named');
    expect(await named.find({}, { projection: { _id: 0 } }).toArray()).toEqual([{ name: 'x' }]);
    await expect(named.insertOne({ name: 'x' })).rejects.toMatchObject({ code: 11_000 });
    await reader.close();
    await second.stop();
  });

  it('hold every acknowledged write after it is killed, time after time', async () => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const standIn = await startStandIn({ folder });
      const store = await connect(standIn.storeHost);
      const written = store.database.collection<{ _id: string; name: string }>('written');
      if (round === 0) await written.createIndex({ name: 1 }, { unique: true });
      const there = new Set((await written.find().toArray()).map(({ _id }) => _id));
      expect([...acknowledged].filter((id) => !there.has(id))).toEqual([]);
      const enough = acknowledged.size + 300;
      let killed: Promise<void> | undefined;
      const write = async (writer: number) => {
        for (let turn = 0; killed === undefined && turn < 1000; turn++) {
          const id = `${round}-${writer}-${turn}`;
          await written.insertOne({ _id: id, name: id });
          acknowledged.add(id);
          if (acknowledged.size >= enough) killed ??= standIn.kill();
        }
      };
      await Promise.allSettled(Array.from({ length: 8 }, (_, writer) => write(writer)));
      await killed;
      await store.close();
    }
    const last = await startStandIn({ folder });
    const store = await connect(last.storeHost);
    const written = store.database.collection<{ _id: string; name: string }>('written');
    const documents = await written.find().toArray();
    expect(documents.length).toBeGreaterThanOrEqual(acknowledged.size);
    // The index and the documents belong together: each document is refused a second time.
    const [some] = documents;
    await expect(written.insertOne({ _id: 'other', name: some?.name ?? '' })).rejects.toMatchObject({ code: 11_000 });
    await store.close();
    await last.stop();
  });

  it('do not grow with every change: what is no longer needed is written over', async () => {
    const standIn = await startStandIn({ folder });
    const store = await connect(standIn.storeHost);
    const counters = store.database.collection<Counter>('counters');
    await counters.insertOne({ _id: 'one', value: 0 });
    const change = async () => {
      for (let turn = 0; turn < 750; turn++) await counters.updateOne({ _id: 'one' }, { $inc: { value: 1 } });
    };
    await Promise.all(Array.from({ length: 8 }, change));
    await store.close();
    await standIn.stop();
    const [file] = await readdir(folder);
    // Each change writes about 8 kB: 6,000 of them make 48 MB where nothing is used again.
    expect((await stat(join(folder, file ?? ''))).size).toBeLessThan(24e6);
  });
});

describe('the launcher', () => {
  let java: Java;
  let artifact: Artifact;
  let folder: string;
  beforeAll(async () => {
    java = await findJava();
    artifact = await ensureArtifact('mongodb-stand-in');
    folder = await mkdtemp(join(tmpdir(), 'ensemble-stand-in-launcher-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const launch = (...main: string[]) =>
    spawnSync(java.executable, ['-cp', artifact.classpath.join(delimiter), 'StandIn', ...main], {
      encoding: 'utf8',
      timeout: 20_000,
    });

  it('is in the artifact that the lock names', async () => {
    await verifyArtifact(artifact);
    expect(artifact.classpath.at(-1)).toMatch(/stand-in\.jar$/);
  });

  requires('java', 'javac', 'maven').it('is committed as its source compiles', async () => {
    const cacheRoot = cacheRootOf(undefined, process.env);
    const compiled = await compileLauncher(cacheRoot, java, { env: process.env });
    expect(await readFile(join(installationRoot(), launcherFile), 'utf8')).toBe(compiled);
  });

  it('says in one line, with status 1, what it needs', () => {
    expect(launch('127.0.0.1', '0')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/say HOST PORT FILE.*\n$/),
    });
    const gone = join(folder, 'gone', 'store.h2');
    expect(launch('127.0.0.1', '0', gone)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/there is no folder .*gone.*\n$/),
    });
  });

  it('refuses a port that is taken, and says which', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = String(typeof address === 'object' ? address?.port : '');
    const { status, stderr } = launch('127.0.0.1', port, join(folder, 'taken.h2'));
    await new Promise((resolve) => server.close(resolve));
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(new RegExp(`^mongodb-stand-in: cannot listen on 127\\.0\\.0\\.1:${port}: .*\n$`)),
    });
  });

  it('refuses a file that another stand-in has open', async () => {
    const running = await startStandIn({ folder });
    const { status, stderr } = launch('127.0.0.1', '0', join(folder, 'store.h2'));
    await running.stop();
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/store\.h2 is in use by another process/),
    });
  });

  it('starts from a class-data archive', async () => {
    const archive = await ensureClassData({ java, artifact, cacheDirectory: folder });
    expect(archive).toBeDefined();
    const flags = [
      ...classDataFlags(archive),
      '-Xlog:class+load',
      '-cp',
      artifact.classpath.join(delimiter),
      'StandIn',
    ];
    const { stdout } = spawnSync(java.executable, flags, { encoding: 'utf8', timeout: 20_000 });
    expect(stdout).toMatch(/StandIn source: shared objects file \(top\)/);
  });
});
