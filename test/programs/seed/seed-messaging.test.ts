/** The seed over a store in memory, which answers in later turns of the event loop, so that runs at once do race. Facts: reference, sections 2 and 4. */
import { describe, expect, it } from 'vitest';
import { defaultRoles } from '../../../contracts/messaging-roles.ts';
import { type SeedConfig, seedConfigShape } from '../../../contracts/seed-config.ts';
import { MemoryBackend } from '../../../programs/messaging-api/backend/memory-backend.ts';
import { createMemoryStore } from '../../../programs/messaging-api/store/memory-store.ts';
import type { Store } from '../../../programs/messaging-api/store/store.ts';
import type { Deed } from '../../../programs/seed/deeds.ts';
import { seedMessaging } from '../../../programs/seed/seed-messaging.ts';
import { startApi } from '../messaging-api/api-fixture.ts';

const adminToken = 'a'.repeat(64);
const agentToken = 'b'.repeat(64);
const workerToken = 'c'.repeat(64);

function declared(change: object = {}): SeedConfig {
  return seedConfigShape.parse({
    store_host: 'localhost',
    users: [
      { name: 'admin', email: 'admin@x.org', token: adminToken, service_roles: ['service_admin'] },
      { name: 'agent', token: agentToken, projects: [{ project: 'P', roles: ['publisher', 'consumer'] }] },
    ],
    push_worker: { token: workerToken },
    projects: [
      {
        name: 'P',
        description: 'monitoring',
        topics: [{ name: 'T', kafka_topic: 'monitoring.pms', publishers: ['agent'] }, { name: 'U' }],
        subscriptions: [{ name: 'S', topic: 'T', ackDeadlineSeconds: 30, consumers: ['agent'] }],
      },
    ],
    ...change,
  });
}

async function run(store: Store, config = declared()): Promise<readonly Deed[]> {
  const deeds: Deed[] = [];
  await seedMessaging(config, { store, now: () => new Date('2026-03-01T10:00:00Z'), tell: (deed) => deeds.push(deed) });
  return deeds;
}

/** Everything that the seed may touch, in an order of its own. */
async function contents(store: Store): Promise<object> {
  const { roles, projects, users, topics, subscriptions } = store;
  const found = await Promise.all([roles, projects, users, topics, subscriptions].map((each) => each.find({})));
  return found.map((documents) => documents.map((each) => JSON.stringify(each)).sort());
}

async function kept<T>(found: Promise<T | undefined>): Promise<T> {
  const document = await found;
  if (document === undefined) throw new Error('it is not there');
  return document;
}

describe('a fresh database', () => {
  it('gets every role, project, user, topic and subscription that is declared', async () => {
    const store = createMemoryStore();
    const deeds = await run(store);
    expect(await store.roles.count({})).toBe(defaultRoles.length);
    expect(deeds.filter((each) => each.what !== 'role').map(({ did, what, name }) => `${did} ${what} ${name}`)).toEqual(
      [
        'made project P',
        'made user admin',
        'made user agent',
        'made user push_worker_0',
        'made topic P/T',
        'changed acl P/T',
        'made topic P/U',
        'made subscription P/S',
        'changed acl P/S',
      ],
    );
  });

  it('starts a subscription at the beginning of the log', async () => {
    const store = createMemoryStore();
    await run(store);
    expect(await store.subscriptions.first({ name: 'S' })).toMatchObject({ offset: -1, topic: 'T', ack: 30 });
  });

  it('serves the API: its users are taken, with their roles and lists', async () => {
    const store = createMemoryStore();
    await run(store);
    const api = await startApi({ push_enabled: true, push_worker_token: workerToken }, { store });
    expect((await api.ask('GET', 'users', { key: adminToken })).status).toBe(200);
    expect((await api.ask('GET', 'users', { key: agentToken })).status).toBe(401);
    expect((await api.ask('GET', 'projects/P/subscriptions/S', { key: agentToken })).status).toBe(200);
    expect((await api.ask('GET', `users:byToken/${workerToken}`, { key: workerToken })).status).toBe(200);
    expect((await api.ask('GET', 'status')).body).toMatchObject({ status: 'ok' });
    expect((await api.ask('GET', 'projects/P/topics/T:acl', { key: adminToken })).body).toEqual({
      authorized_users: ['agent'],
    });
  });

  it('delivers what other producers wrote into the mapped topic before, from every partition', async () => {
    const store = createMemoryStore();
    const backend = new MemoryBackend();
    backend.grow('monitoring.pms', 3);
    for (const partition of [0, 1, 2]) {
      const value = Buffer.from(`written to ${partition}`);
      await backend.publish({ topic: 'monitoring.pms', partition }, [{ value, headers: {} }]);
    }
    await run(store);
    const api = await startApi({}, { store, backend });
    const body = { maxMessages: '10', returnImmediately: 'true' };
    const pulled = await api.ask('POST', 'projects/P/subscriptions/S:pull', { key: agentToken, body });
    const { receivedMessages } = pulled.body as { receivedMessages: { message: { data: string } }[] };
    const texts = receivedMessages.map(({ message }) => Buffer.from(message.data, 'base64').toString());
    expect(texts.sort()).toEqual(['written to 0', 'written to 1', 'written to 2']);
  });

  it('has documents with the fields that the API itself would write', async () => {
    const [seeded, made] = [createMemoryStore(), createMemoryStore()];
    await run(seeded);
    const api = await startApi({}, { store: made });
    await api.make('POST', 'projects/P', {});
    await api.make('PUT', 'projects/P/topics/U');
    await api.make('PUT', 'projects/P/subscriptions/S', { topic: 'projects/P/topics/U' });
    await api.user('admin', []);
    const fieldsOf = async (store: Store) => {
      const found = await Promise.all([
        store.projects.first({ name: 'P' }),
        store.topics.first({ name: 'U' }),
        store.subscriptions.first({ name: 'S' }),
        store.users.first({ name: 'admin' }),
      ]);
      return found.map((document) => Object.keys(document ?? {}).sort());
    };
    expect(await fieldsOf(seeded)).toEqual(await fieldsOf(made));
  });
});

describe('a second run', () => {
  it('changes nothing and says nothing', async () => {
    const store = createMemoryStore();
    await run(store);
    const before = await contents(store);
    expect(await run(store)).toEqual([]);
    expect(await contents(store)).toEqual(before);
  });

  it('leaves alone what people changed through the API', async () => {
    const store = createMemoryStore();
    await run(store);
    const { uuid } = await kept(store.projects.first({ name: 'P' }));
    const other = { project_uuid: 'elsewhere', roles: ['consumer'] };
    const agent = await kept(store.users.first({ name: 'agent' }));
    await store.roles.change({ resource: 'topics:create' }, { set: { roles: ['service_admin'] } });
    await store.projects.change({ name: 'P' }, { set: { description: 'by hand' } });
    await store.users.change(
      { name: 'agent' },
      { set: { email: 'new@x.org', projects: [...(agent.projects ?? []), other], service_roles: ['metrics_viewer'] } },
    );
    await store.topics.change({ name: 'T' }, { addToLists: { acl: 'somebody' }, set: { schema_uuid: 'a schema' } });
    await store.subscriptions.change({ name: 'S' }, { set: { offset: 17, ack: 99, push_type: 'mattermost' } });
    await store.topics.insert({ ...(await kept(store.topics.first({ name: 'U' }))), name: 'by-hand' });
    const before = await contents(store);
    expect(await run(store)).toEqual([]);
    expect(await contents(store)).toEqual(before);
    expect(await store.users.first({ name: 'agent' })).toMatchObject({ projects: [{ project_uuid: uuid }, other] });
  });

  it('gives back what a declared user or list lacks, and keeps the rest', async () => {
    const store = createMemoryStore();
    await run(store);
    const { uuid } = await kept(store.projects.first({ name: 'P' }));
    await store.users.change(
      { name: 'agent' },
      { set: { projects: [{ project_uuid: uuid, roles: ['project_admin'] }] } },
    );
    await store.users.change({ name: 'admin' }, { set: { service_roles: null } });
    await store.topics.change({ name: 'T' }, { set: { acl: null } });
    expect(await run(store)).toEqual([
      { did: 'changed', what: 'user', name: 'admin', detail: 'service roles' },
      { did: 'changed', what: 'membership', name: 'agent', detail: 'P' },
      { did: 'changed', what: 'acl', name: 'P/T' },
    ]);
    const agent = await kept(store.users.first({ name: 'agent' }));
    expect(agent.projects).toEqual([{ project_uuid: uuid, roles: ['project_admin', 'publisher', 'consumer'] }]);
    expect((await kept(store.topics.first({ name: 'T' }))).acl).toEqual([agent.uuid]);
  });

  it('sets a membership of a user whose list of projects is null, as upstream leaves it', async () => {
    const store = createMemoryStore();
    await run(store);
    await store.users.change({ name: 'agent' }, { set: { projects: null } });
    await run(store);
    expect((await kept(store.users.first({ name: 'agent' }))).projects).toMatchObject([
      { roles: ['publisher', 'consumer'] },
    ]);
  });

  it('sets what the environment owns: tokens, and the Kafka topic behind a topic', async () => {
    const store = createMemoryStore();
    await run(store);
    const [admin] = declared().users;
    const [project] = declared().projects;
    const deeds = await run(
      store,
      declared({
        users: [{ ...admin, token: 'd'.repeat(64) }, declared().users[1]],
        projects: [{ ...project, topics: [{ name: 'T', kafka_topic: 'monitoring.alerts' }, { name: 'U' }] }],
      }),
    );
    expect(deeds).toEqual([
      { did: 'changed', what: 'user', name: 'admin', detail: 'token' },
      { did: 'changed', what: 'topic', name: 'P/T', detail: 'kafka_topic monitoring.alerts, not monitoring.pms' },
    ]);
    expect(JSON.stringify(deeds)).not.toContain('dddd');
  });

  it('says where a topic is mapped that the file does not map, or a subscription reads another topic', async () => {
    const store = createMemoryStore();
    await run(store);
    const [project] = declared().projects;
    const deeds = await run(
      store,
      declared({
        projects: [{ ...project, topics: [{ name: 'T' }, { name: 'U' }], subscriptions: [{ name: 'S', topic: 'U' }] }],
      }),
    );
    expect(deeds.map(({ did, what, name }) => `${did} ${what} ${name}`)).toEqual([
      'differs topic P/T',
      'differs subscription P/S',
    ]);
  });

  it('refuses a token that another user has', async () => {
    const store = createMemoryStore();
    await run(store);
    const users = [{ ...declared().users[0], name: 'root' }];
    await expect(run(store, declared({ users, projects: [] }))).rejects.toMatchObject({ code: 'SEED_TOKEN_TAKEN' });
  });
});

describe('runs that meet', () => {
  it('end with one of everything, and the same as one run alone', async () => {
    const store = createMemoryStore();
    await Promise.all([run(store), run(store), run(store), run(store)]);
    const before = await contents(store);
    expect(await run(store)).toEqual([]);
    expect(await contents(store)).toEqual(before);
    for (const [name, count] of [
      ['projects', 1],
      ['users', 3],
      ['topics', 2],
      ['subscriptions', 1],
    ] as const)
      expect(await store[name].count({}), name).toBe(count);
    const { uuid } = await kept(store.users.first({ name: 'agent' }));
    expect(await store.topics.first({ name: 'T' })).toMatchObject({ acl: [uuid] });
  });

  it('lose no change of a user that another makes at the same time', async () => {
    const store = createMemoryStore();
    await run(store);
    await store.users.change({ name: 'agent' }, { set: { projects: [] } });
    const [admin, agent] = declared().users;
    const withRole = (role: string) =>
      declared({
        users: [admin, { ...agent, projects: [{ project: 'P', roles: [role] }] }],
        projects: declared().projects,
      });
    await Promise.all([run(store, withRole('publisher')), run(store, withRole('consumer'))]);
    const { projects } = await kept(store.users.first({ name: 'agent' }));
    expect(projects?.flatMap(({ roles }) => roles ?? []).sort()).toEqual(['consumer', 'publisher']);
  });

  it('finish what a run that died at any step left', async () => {
    const whole = createMemoryStore();
    const steps = (await run(whole)).length;
    for (let last = 0; last < steps; last += 1) {
      const store = createMemoryStore();
      let told = 0;
      const dies = () => {
        if (told++ === last) throw new Error('killed');
      };
      await expect(seedMessaging(declared(), { store, now: () => new Date(), tell: dies })).rejects.toThrow('killed');
      await run(store);
      expect(await run(store)).toEqual([]);
      expect(await store.subscriptions.count({})).toBe(1);
    }
  });
});
