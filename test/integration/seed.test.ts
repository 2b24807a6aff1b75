/** The seed as a process on MongoDB's stand-in: again, at once, after a kill, and on a database that upstream's shape was written into by hand. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectMongo, type MongoConnection } from '../../clients/mongo/connection.ts';
import { defaultRoles } from '../../contracts/messaging-roles.ts';
import { connectMongoStore } from '../../programs/messaging-api/store/mongo-store.ts';
import { startApi } from '../programs/messaging-api/api-fixture.ts';
import { requires } from '../requirements.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

const adminToken = 'a'.repeat(64);
const agentToken = 'b'.repeat(64);
const operatorToken = 'c'.repeat(64);
const runLimitMs = 60_000;

requires('java', 'maven').describe('the seed on a store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-seed-'));
  let standIn: StandIn;
  const open: MongoConnection[] = [];

  beforeAll(async () => {
    standIn = await startStandIn();
  });
  afterAll(async () => {
    await Promise.all(open.map((each) => each.close()));
    await standIn?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const connect = async (database: string) => {
    const connection = await connectMongo({ storeHost: standIn.storeHost, database, warn: () => {} });
    open.push(connection);
    return connection.database;
  };

  function configOf(name: string): string {
    const file = join(folder, `${name}.json`);
    const users = Array.from({ length: 100 }, (_, at) => ({ name: `u${at}`, token: `${at}`.padStart(64, '0') }));
    const config = {
      store_host: standIn.storeHost,
      store_db: name,
      users: [
        { name: 'admin', token: adminToken, service_roles: ['service_admin'] },
        { name: 'agent', token: agentToken, projects: [{ project: 'P', roles: ['publisher', 'consumer'] }] },
        { name: 'operator', token: operatorToken, service_roles: ['service_admin'] },
        ...users,
      ],
      projects: [
        {
          name: 'P',
          topics: [{ name: 'T', kafka_topic: 'monitoring.pms', publishers: ['agent'] }],
          subscriptions: [{ name: 'S', topic: 'T', consumers: ['agent'] }],
        },
      ],
      auth: {
        store_db: `${name}_auth`,
        service_types: [
          {
            name: 'ams',
            hosts: ['localhost'],
            methods: [{ host: 'localhost', port: 443, headers: { 'x-api-key': adminToken } }],
            bindings: [{ name: 'operator', host: 'localhost', auth_identifier: 'CN=operator', user: 'operator' }],
          },
        ],
      },
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** Runs it to its end, or until `enough` of its lines were printed, when it is killed. */
  function run(file: string, enough = Number.POSITIVE_INFINITY): Promise<{ status: number | null; lines: string[] }> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', 'programs/seed/main.ts', '--config', file]);
      const limit = setTimeout(() => child.kill('SIGKILL'), runLimitMs);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          if (output.split('\n').length > enough) child.kill('SIGKILL');
        });
      child.once('error', reject);
      child.once('close', (status) => {
        clearTimeout(limit);
        resolve({ status, lines: output.split('\n').filter((line) => line !== '') });
      });
    });
  }

  async function contents(name: string): Promise<object> {
    const found: Record<string, unknown> = {};
    for (const database of [await connect(name), await connect(`${name}_auth`)])
      for (const { name: collection } of await database.listCollections().toArray())
        found[collection] = await database.collection(collection).find({}).sort({ _id: 1 }).toArray();
    return found;
  }

  async function names(database: string, collection: string): Promise<readonly string[]> {
    const found = await (await connect(database)).collection(collection).find({}).toArray();
    return found.map((each) => String(each.name)).sort();
  }

  it('gives the same database the second time, tells what it did as JSON lines and no token', async () => {
    const file = configOf('twice');
    const first = await run(file);
    expect(first.status, first.lines.join('\n')).toBe(0);
    expect(first.lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ did: 'made', what: 'subscription', name: 'P/S' }),
    );
    const before = await contents('twice');
    const second = await run(file);
    expect(second.status).toBe(0);
    expect(second.lines).toHaveLength(1);
    expect(await contents('twice')).toEqual(before);
    for (const token of [adminToken, agentToken, operatorToken])
      expect([...first.lines, ...second.lines].join()).not.toContain(token);
  });

  it('is taken by the messaging API on the same store, whose users may then do what they were given', async () => {
    const store = await connectMongoStore({ host: standIn.storeHost, database: 'twice', warn: () => {} });
    try {
      const api = await startApi({}, { store });
      expect((await api.ask('GET', 'users', { key: adminToken })).body).toMatchObject({ totalSize: 103 });
      const shown = await api.ask('GET', 'projects/P/subscriptions/S', { key: agentToken });
      expect(shown.body).toMatchObject({ topic: '/projects/P/topics/T', ackDeadlineSeconds: 10 });
      expect((await api.ask('PUT', 'projects/P/topics/V', { key: agentToken })).status).toBe(403);
      expect((await api.ask('PUT', 'projects/P/topics/V', { key: adminToken })).status).toBe(200);
    } finally {
      await store.close();
    }
  });

  it('makes one of everything when two run at once', async () => {
    const file = configOf('at_once');
    const runs = await Promise.all([run(file), run(file)]);
    expect(runs.map((each) => each.status)).toEqual([0, 0]);
    const [both, alone] = await Promise.all(
      ['at_once', 'twice'].map(async (name) => [
        await names(name, 'users'),
        await names(name, 'subscriptions'),
        await names(`${name}_auth`, 'bindings'),
        (await (await connect(name)).collection('roles').countDocuments({})) === defaultRoles.length,
      ]),
    );
    expect(both).toEqual(alone);
  });

  it('finishes what a run that was killed half-way left', async () => {
    const file = configOf('killed');
    const killed = await run(file, 70);
    expect(killed.status).toBeNull();
    expect((await names('killed', 'users')).length).toBeLessThan(103);
    expect((await run(file)).status).toBe(0);
    expect(await names('killed', 'users')).toEqual(await names('twice', 'users'));
    expect((await run(file)).lines).toHaveLength(1);
  });

  it('completes a database that was made by hand in the shape of upstream, with null lists and a name that stands twice', async () => {
    const database = await connect('by_hand');
    const at = new Date('2024-01-01T00:00:00Z');
    const project = { uuid: 'p-1', name: 'P', created_on: at, modified_on: at, created_by: '', description: 'old' };
    await database.collection('projects').insertMany([project, { ...project, uuid: 'q-1', name: 'Q' }]);
    const user = {
      uuid: 'u-1',
      name: 'agent',
      token: 'old',
      email: 'agent@x.org',
      projects: null,
      service_roles: null,
    };
    await database.collection('users').insertMany([
      { ...user, created_on: at, modified_on: at, created_by: '' },
      { ...user, uuid: 'u-2', name: 'twin', created_on: at, modified_on: at },
      { ...user, uuid: 'u-3', name: 'twin', created_on: at, modified_on: at },
    ]);
    await database.collection('topics').insertOne({ project_uuid: 'p-1', name: 'T', acl: null, msg_num: 7 });
    const { status, lines } = await run(configOf('by_hand'));
    expect(status, lines.join('\n')).toBe(0);
    expect(lines.join('\n')).toContain('users keeps no unique name');
    expect(await database.collection('projects').findOne({ name: 'P' })).toMatchObject({
      uuid: 'p-1',
      description: 'old',
    });
    const agent = await database.collection('users').findOne({ name: 'agent' });
    expect(agent).toMatchObject({
      uuid: 'u-1',
      token: agentToken,
      email: 'agent@x.org',
      projects: [{ project_uuid: 'p-1', roles: ['publisher', 'consumer'] }],
    });
    expect(await database.collection('topics').findOne({ name: 'T' })).toMatchObject({
      acl: ['u-1'],
      msg_num: 7,
      kafka_topic: 'monitoring.pms',
    });
    expect(await database.collection('users').countDocuments({ name: 'twin' })).toBe(2);
    expect((await run(configOf('by_hand'))).lines.filter((line) => line.includes('"did"'))).toEqual([]);
  });

  it('says in one line what is wrong with its file, and ends with status 1', async () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, JSON.stringify({ store_host: 'localhost', users: [{ name: 'a b', token: operatorToken }] }));
    const { status, lines } = await run(file);
    expect(status).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^PROGRAM_CONFIG_INVALID: .*wrong\.json.*users\.0\.name/);
    expect(lines[0]).not.toContain(operatorToken);
  });
});
