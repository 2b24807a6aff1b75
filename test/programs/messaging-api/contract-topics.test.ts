/** Routes of topics, subscriptions and schemas that the other tests pass by (reference, section 2). */
import { expect, test } from 'vitest';
import { type Api, publishTexts, pullMessages, refusal, startApi, startWithSubscription } from './api-fixture.ts';

const notFound = (what: string) => refusal(404, 'NOT_FOUND', `${what} doesn't exist`);
const forbidden = refusal(403, 'FORBIDDEN', 'Access to this resource is forbidden');

async function member(api: Api, name: string, ...roles: readonly string[]): Promise<string> {
  return api.user(name, [{ project: 'P', roles }]);
}

test('a topic or subscription that is not there is a 404 for every verb (2)', async () => {
  const api = await startWithSubscription();
  const topic = [
    'GET no',
    'DELETE no',
    'GET no:acl',
    'GET no:metrics',
    'GET no/subscriptions',
    'POST no:publish',
    'POST no:detachSchema',
  ];
  const subscription = [
    'GET no',
    'DELETE no',
    'GET no:acl',
    'GET no:metrics',
    'GET no:offsets',
    'POST no:pull',
    'POST no:acknowledge',
    'POST no:modifyOffset',
    'POST no:modifyAckDeadline',
    'POST no:modifyPushConfig',
    'POST no:verifyPushEndpoint',
    'GET no:timeToOffset',
  ];
  for (const [kind, what, asks] of [
    ['topics', 'Topic', topic],
    ['subscriptions', 'Subscription', subscription],
  ] as const)
    for (const ask of asks) {
      const [method, path] = ask.split(' ') as ['GET' | 'POST' | 'DELETE', string];
      const reply = await api.ask(method, `projects/P/${kind}/${path}`, { body: {} });
      expect([ask, reply.body]).toEqual([ask, notFound(what)]);
    }
});

test('a publisher sees the topics, a consumer the subscriptions, whose lists name him; an admin sees all (2, list)', async () => {
  const api = await startWithSubscription();
  await api.make('PUT', 'projects/P/topics/T2');
  await api.make('PUT', 'projects/P/subscriptions/S2', { topic: 'projects/P/topics/T2' });
  const keys = {
    p: await member(api, 'p', 'publisher'),
    c: await member(api, 'c', 'consumer'),
    pa: await member(api, 'pa', 'publisher', 'project_admin'),
  };
  await api.make('POST', 'projects/P/topics/T:modifyAcl', { authorized_users: ['p'] });
  await api.make('POST', 'projects/P/subscriptions/S2:modifyAcl', { authorized_users: ['c'] });
  const listed = async (path: string, key: string) => {
    const {
      topics = [],
      subscriptions = [],
      totalSize,
    } = (await api.ask('GET', `projects/P/${path}`, { key })).body as {
      topics?: { name: string }[];
      subscriptions?: { name: string }[];
      totalSize: number;
    };
    return [...topics, ...subscriptions].map(({ name }) => name.split('/').at(-1)).concat(String(totalSize));
  };
  expect(await listed('topics', keys.p)).toEqual(['T', '1']);
  expect(await listed('subscriptions', keys.c)).toEqual(['S2', '1']);
  expect(await listed('topics', keys.pa)).toEqual(['T2', 'T', '2']);
});

test('a topic lists its subscriptions; deleted, it takes its messages and leaves them (2)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a');
  await api.make('PUT', 'projects/P/subscriptions/S2', { topic: 'projects/P/topics/T' });
  const names = ['/projects/P/subscriptions/S2', '/projects/P/subscriptions/S'];
  expect(await api.make('GET', 'projects/P/topics/T/subscriptions')).toEqual({ subscriptions: names });
  const removed = await api.ask('DELETE', 'projects/P/topics/T');
  expect([removed.status, removed.text, removed.type]).toEqual([200, '', 'application/json; charset=utf-8']);
  expect(api.backend.logs.size).toBe(0);
  expect(await api.make('GET', 'projects/P/subscriptions')).toMatchObject({ totalSize: 2 });
});

test('a topic is deleted also where Kafka does not do it: that is logged only (2)', async () => {
  const api = await startWithSubscription();
  api.backend.failure = new Error('no controller');
  expect((await api.ask('DELETE', 'projects/P/topics/T')).status).toBe(200);
  expect(api.warnings.join()).toContain('no controller');
});

test('a subscription begins with its deadline, 10 s where none is given, and takes 0 to 600 later (2)', async () => {
  const api = await startWithSubscription();
  const body = { topic: 'projects/P/topics/T', ackDeadlineSeconds: 300 };
  expect(await api.make('PUT', 'projects/P/subscriptions/N', body)).toMatchObject({ ackDeadlineSeconds: 300 });
  expect((await api.ask('PUT', 'projects/P/subscriptions/N', { body })).body).toEqual(
    refusal(409, 'ALREADY_EXISTS', 'Subscription already exists'),
  );
  const modify = (ackDeadlineSeconds: unknown) =>
    api.ask('POST', 'projects/P/subscriptions/N:modifyAckDeadline', { body: { ackDeadlineSeconds } });
  const bad = 'Invalid ackDeadlineSeconds(needs value between 0 and 600) Arguments';
  for (const wrong of [-1, 601, '10', 1.5])
    expect((await modify(wrong)).body).toEqual(refusal(400, 'INVALID_ARGUMENT', bad));
  expect(await modify(600)).toMatchObject({ status: 200, text: '' });
  expect(await api.make('GET', 'projects/P/subscriptions/N')).toMatchObject({ ackDeadlineSeconds: 600 });
});

test('creating a subscription refuses in the order body, topic’s name, topic, push, name (2)', async () => {
  const api = await startWithSubscription();
  const push = { pushConfig: { type: 'http_endpoint' } };
  const make = async (body: unknown) =>
    ((await api.ask('PUT', 'projects/P/subscriptions/S', { body })).body as { error: { message: string } }).error
      .message;
  expect([
    await make({ topic: 1, ...push }),
    await make({ topic: 'T', ...push }),
    await make({ topic: 'projects/P/topics/no', ...push }),
    await make({ topic: 'projects/P/topics/T', ...push }),
    await make({ topic: 'projects/P/topics/T' }),
  ]).toEqual([
    'Invalid Subscription Arguments',
    'Invalid Topic name',
    "Topic doesn't exist",
    'Push functionality is currently disabled',
    'Subscription already exists',
  ]);
});

test('a push subscription is pulled by the push worker and the service admin alone (2, pull)', async () => {
  const pushConfig = { type: 'http_endpoint', pushEndpoint: 'https://example.org' };
  const api = await startWithSubscription({ push_enabled: true, push_worker_token: 'worker-token' });
  await api.user('push_worker_0', [], ['push_worker']);
  await api.store.users.change({ name: 'push_worker_0' }, { set: { token: 'worker-token' } });
  await api.make('POST', 'projects/P/subscriptions/S:modifyPushConfig', { pushConfig });
  const pull = (key: string) => api.ask('POST', 'projects/P/subscriptions/S:pull', { key, body: {} });
  const admin = await member(api, 'admin', 'project_admin');
  expect((await pull(admin)).body).toEqual(forbidden);
  expect((await pull('worker-token')).status).toBe(200);
  const off = await startApi({}, { store: api.store, backend: api.backend });
  const refused = await off.ask('POST', 'projects/P/subscriptions/S:pull', { key: 'worker-token', body: {} });
  expect(refused.body).toEqual(refusal(409, 'CONFLICT', 'Push functionality is currently disabled'));
});

test('a consumer pulls where the list names him, and acknowledges and moves any subscription of the project (2)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a');
  const key = await member(api, 'c', 'consumer');
  const pull = () => api.ask('POST', 'projects/P/subscriptions/S:pull', { key, body: {} });
  expect((await pull()).body).toEqual(forbidden);
  await pullMessages(api);
  const ackIds = ['projects/P/subscriptions/S:0'];
  expect((await api.ask('POST', 'projects/P/subscriptions/S:acknowledge', { key, body: { ackIds } })).status).toBe(200);
  expect((await api.ask('POST', 'projects/P/subscriptions/S:modifyOffset', { key, body: { offset: 0 } })).status).toBe(
    200,
  );
  await api.make('POST', 'projects/P/subscriptions/S:modifyAcl', { authorized_users: ['c'] });
  expect((await pull()).status).toBe(200);
  const open = await startApi({ per_resource_auth: 'false' }, { store: api.store, backend: api.backend });
  await api.make('POST', 'projects/P/subscriptions/S:modifyAcl', { authorized_users: [] });
  expect((await open.ask('POST', 'projects/P/subscriptions/S:pull', { key, body: {} })).status).toBe(200);
});

test('figures of a topic and a subscription are for whom their lists name (7)', async () => {
  const api = await startWithSubscription();
  const publisher = await member(api, 'p', 'publisher');
  const consumer = await member(api, 'c', 'consumer');
  expect((await api.ask('GET', 'projects/P/topics/T:metrics', { key: publisher })).body).toEqual(forbidden);
  expect((await api.ask('GET', 'projects/P/subscriptions/S:metrics', { key: consumer })).body).toEqual(forbidden);
  const { metrics } = (await api.make('GET', 'projects/P/topics/T:metrics')) as { metrics: { metric: string }[] };
  expect(metrics.map(({ metric }) => metric)).toEqual([
    'topic.number_of_subscriptions',
    'topic.number_of_messages',
    'topic.number_of_bytes',
    'topic.number_of_daily_messages',
    'topic.publishing_rate',
  ]);
});

test('a project’s figures count per user of its lists (7)', async () => {
  const api = await startWithSubscription();
  await member(api, 'p', 'publisher');
  await api.make('POST', 'projects/P/topics/T:modifyAcl', { authorized_users: ['p'] });
  const { metrics } = (await api.make('GET', 'projects/P:metrics')) as { metrics: Record<string, unknown>[] };
  expect(metrics.map(({ metric, resource_name }) => [metric, resource_name])).toEqual([
    ['project.number_of_topics', 'P'],
    ['project.number_of_subscriptions', 'P'],
    ['project.user.number_of_topics', 'P.p'],
    ['project.number_of_daily_messages', 'P'],
  ]);
});

test('a schema is made once, shown, listed, changed, renamed, and gone from its topics (2, Schemas)', async () => {
  const api = await startWithSubscription();
  const made = await api.make('POST', 'projects/P/schemas/X', { type: 'JSON', schema: { type: 'object' } });
  expect(made).toMatchObject({ name: 'projects/P/schemas/X', type: 'json', schema: { type: 'object' } });
  expect((await api.ask('POST', 'projects/P/schemas/X', { body: { type: 'json' } })).body).toEqual(
    refusal(409, 'ALREADY_EXISTS', 'Schema already exists'),
  );
  expect(await api.make('GET', 'projects/P/schemas/X')).toEqual(made);
  await api.make('PUT', 'projects/P/topics/N', { schema: 'projects/P/schemas/X' });
  const changed = await api.make('PUT', 'projects/P/schemas/X', {
    name: 'projects/P/schemas/Y',
    schema: { type: 'string' },
  });
  expect(changed).toEqual({ ...(made as object), name: 'projects/P/schemas/Y', schema: { type: 'string' } });
  expect(await api.make('GET', 'projects/P/schemas')).toEqual({ schemas: [changed] });
  expect(await api.make('GET', 'projects/P/topics/N')).toMatchObject({ schema: 'projects/P/schemas/Y' });
  expect(await api.make('POST', 'projects/P/schemas/Y:validate', 'text')).toEqual({
    message: 'Message validated successfully',
  });
  expect((await api.ask('POST', 'projects/P/schemas/Y:validate', { body: 1 })).status).toBe(400);
  expect((await api.ask('POST', 'projects/P/schemas/Y:validate', { raw: '{' })).body).toEqual(
    refusal(400, 'INVALID_ARGUMENT', 'Invalid Schema Payload Arguments'),
  );
  expect(await api.ask('DELETE', 'projects/P/schemas/Y')).toMatchObject({ status: 200, text: '' });
  expect(await api.make('GET', 'projects/P/topics/N')).not.toHaveProperty('schema');
  expect((await api.ask('GET', 'projects/P/schemas/Y')).body).toEqual(notFound('Schema'));
  const absent = { schema: 'projects/P/schemas/no' };
  expect((await api.ask('PUT', 'projects/P/topics/N2', { body: absent })).body).toEqual(notFound('Schema'));
});

test('a schema is detached by its verb, and by attaching none (2)', async () => {
  const api = await startWithSubscription();
  await api.make('POST', 'projects/P/schemas/X', { type: 'json', schema: {} });
  for (const [verb, body] of [
    ['detachSchema', undefined],
    ['attachSchema', {}],
  ] as const) {
    await api.make('POST', 'projects/P/topics/T:attachSchema', { schema: 'projects/P/schemas/X' });
    await api.make('POST', `projects/P/topics/T:${verb}`, body);
    expect(await api.make('GET', 'projects/P/topics/T')).not.toHaveProperty('schema');
  }
});
