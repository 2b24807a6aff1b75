/** Projects, users, members, registrations, topics, subscriptions, schemas, push configuration, metrics: the reference's sections 1, 2, 5 and 7. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { publishTexts, pullMessages, refusal, startApi, startWithSubscription } from './api-fixture.ts';

const created = '2026-03-01T10:00:00Z';

test('a topic is shown with its full name, and made once (2, Topics)', async () => {
  const api = await startWithSubscription();
  const shown = { name: '/projects/P/topics/T', created_on: created };
  expect(await api.make('GET', 'projects/P/topics/T')).toEqual(shown);
  const again = await api.ask('PUT', 'projects/P/topics/T');
  expect(again).toMatchObject({ status: 409, type: 'application/json; charset=utf-8' });
  expect(again.body).toEqual(refusal(409, 'ALREADY_EXISTS', 'Topic already exists'));
  expect(again.text).toContain('\n   "error"');
  expect((await api.ask('GET', 'projects/P/topics/no')).body).toEqual(refusal(404, 'NOT_FOUND', "Topic doesn't exist"));
});

test('of creates at once one wins (FAULT put right, 3)', async () => {
  const api = await startWithSubscription();
  const make = () => api.ask('PUT', 'projects/P/topics/race');
  const statuses = (await Promise.all([make(), make(), make(), make()])).map(({ status }) => status).sort();
  expect(statuses).toEqual([200, 409, 409, 409]);
});

test('a pull subscription shows every key of an empty push configuration (2, Subscriptions)', async () => {
  const api = await startWithSubscription();
  expect(await api.make('GET', 'projects/P/subscriptions/S')).toEqual({
    name: '/projects/P/subscriptions/S',
    topic: '/projects/P/topics/T',
    pushConfig: {
      type: '',
      pushEndpoint: '',
      maxMessages: 0,
      authorizationHeader: {},
      retryPolicy: {},
      verificationHash: '',
      verified: false,
      mattermostUrl: '',
      mattermostUsername: '',
      mattermostChannel: '',
      base64Decode: false,
    },
    ackDeadlineSeconds: 10,
    createdOn: created,
  });
});

test('the topic of a new subscription is named in full and looked for in the project of the path (FAULT put right, 2)', async () => {
  const api = await startWithSubscription();
  await api.make('POST', 'projects/Q', {});
  await api.make('PUT', 'projects/Q/topics/T');
  const make = (topic: string) => api.ask('PUT', 'projects/P/subscriptions/N', { body: { topic } });
  for (const topic of ['/projects/P/topics/T', 'T', '', 'a/P/b/T'])
    expect((await make(topic)).body).toEqual(refusal(400, 'INVALID_ARGUMENT', 'Invalid Topic name'));
  for (const topic of ['projects/P/topics/no', 'projects/Q/topics/T'])
    expect((await make(topic)).body).toEqual(refusal(404, 'NOT_FOUND', "Topic doesn't exist"));
  expect((await make('projects/P/topics/T')).status).toBe(200);
});

test('pages hold every item once, newest first, whatever their size (1, Paging)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.integer({ min: -1, max: 14 }), async (count, pageSize) => {
      const api = await startApi();
      await api.make('POST', 'projects/P', {});
      for (let index = 0; index < count; index += 1) await api.make('PUT', `projects/P/topics/t${index}`);
      const seen: string[] = [];
      let token = '';
      for (let pages = 0; pages === 0 || token !== ''; pages += 1) {
        const page = await api.make(
          'GET',
          `projects/P/topics?pageSize=${pageSize}&pageToken=${encodeURIComponent(token)}`,
        );
        const { topics, nextPageToken, totalSize } = page as {
          topics: { name: string }[];
          nextPageToken: string;
          totalSize: number;
        };
        expect(totalSize).toBe(count);
        if (pageSize > 0) expect(topics.length).toBeLessThanOrEqual(pageSize);
        seen.push(...topics.map(({ name }) => name));
        token = nextPageToken;
      }
      const expected = Array.from({ length: count }, (_each, index) => `/projects/P/topics/t${count - 1 - index}`);
      expect(seen).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test('a page size or token that is none is refused (1)', async () => {
  const api = await startWithSubscription();
  const ask = async (query: string) => (await api.ask('GET', `projects/P/topics?${query}`)).body;
  expect(await ask('pageSize=x')).toEqual(refusal(400, 'INVALID_ARGUMENT', 'Invalid page size'));
  expect(await ask('pageToken=%24ne')).toEqual(refusal(400, 'INVALID_ARGUMENT', 'Invalid page token'));
});

test('access lists take members only, and of a topic that is there (FAULT put right, 2)', async () => {
  const api = await startWithSubscription();
  await api.user('in', [{ project: 'P', roles: ['consumer'] }]);
  await api.user('out', []);
  for (const one of ['topics/T', 'subscriptions/S']) {
    const modify = (body: unknown, name = one) => api.ask('POST', `projects/P/${name}:modifyAcl`, { body });
    expect(await modify({ authorized_users: ['in'] })).toMatchObject({ status: 200, text: '' });
    expect(await api.make('GET', `projects/P/${one}:acl`)).toEqual({ authorized_users: ['in'] });
    expect((await modify({ authorized_users: ['out', 'no'] })).body).toEqual(
      refusal(404, 'NOT_FOUND', 'User(s): out, no do not exist'),
    );
    expect((await modify({})).status).toBe(400);
    expect((await modify({ authorized_users: [] }, `${one}x`)).status).toBe(404);
  }
});

test('an unknown user is a 404 for every verb, never the first stored one (FAULT put right, 2)', async () => {
  const api = await startApi();
  const token = await api.user('first', []);
  for (const [method, path] of [
    ['DELETE', 'users/no'],
    ['POST', 'users/no:refreshToken'],
    ['PUT', 'users/no'],
  ] as const) {
    const reply = await api.ask(method, path, { body: {} });
    expect(reply.body).toEqual(refusal(404, 'NOT_FOUND', "User doesn't exist"));
    expect(reply.text).not.toContain(token);
  }
});

test('a user is made with a token of 64 digits, renamed, given a new token, and gone (2, Users)', async () => {
  const api = await startApi();
  await api.make('POST', 'projects/P', {});
  const token = await api.user('u', [{ project: 'P', roles: ['consumer'] }]);
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(await api.make('GET', `users:byToken/${token}`)).toMatchObject({
    name: 'u',
    projects: [{ project: 'P', roles: ['consumer'], topics: [], subscriptions: [] }],
  });
  expect((await api.ask('POST', 'users/u', { body: {} })).status).toBe(409);
  await api.make('PUT', 'users/u', { name: 'v' });
  await api.make('POST', 'users/v:refreshToken');
  expect((await api.ask('GET', 'users/profile', { key: token })).status).toBe(401);
  await api.make('DELETE', 'users/v');
  expect((await api.ask('GET', 'users/v')).status).toBe(404);
});

test('unknown roles and projects of a user are named in the refusal (1, 2)', async () => {
  const api = await startApi();
  await api.make('POST', 'projects/P', {});
  const make = async (body: object) => (await api.ask('POST', 'users/u', { body })).body;
  const bad = (message: string) => refusal(400, 'INVALID_ARGUMENT', message);
  expect(await make({ service_roles: ['boss'] })).toEqual(bad('invalid role: boss'));
  expect(await make({ projects: [{ project: 'Q', roles: [] }] })).toEqual(bad('invalid project: Q'));
  const twice = { projects: [{ project: 'P' }, { project: 'P' }] };
  expect(await make(twice)).toEqual(bad('duplicate reference of project P'));
});

test('members join, change roles and leave (2, Projects)', async () => {
  const api = await startWithSubscription();
  await api.user('u', []);
  const put = () =>
    api.ask('PUT', 'projects/P/members/u', { body: { projects: [{ project: 'P', roles: ['publisher'] }] } });
  expect((await put()).body).toEqual(
    refusal(403, 'FORBIDDEN', 'Access to this resource is forbidden. User is not a member of the project'),
  );
  await api.make('POST', 'projects/P/members/u:add', { roles: ['consumer'] });
  expect((await api.ask('POST', 'projects/P/members/u:add', { body: { roles: [] } })).body).toEqual(
    refusal(409, 'CONFLICT', 'User is already a member of the project'),
  );
  expect((await put()).body).toMatchObject({ projects: [{ project: 'P', roles: ['publisher'] }] });
  expect((await api.ask('POST', 'projects/P/members/u:remove')).text).toBe('{}');
  expect((await api.ask('GET', 'projects/P/members/u')).status).toBe(404);
});

test('a project is made, shown, renamed and removed with its topics (2, Projects)', async () => {
  const api = await startWithSubscription();
  expect((await api.ask('POST', 'projects/P', { body: {} })).body).toEqual(
    refusal(409, 'ALREADY_EXISTS', 'Project already exists'),
  );
  await api.make('PUT', 'projects/P', { name: 'R', description: 'd' });
  expect(await api.make('GET', 'projects/R')).toEqual({
    name: 'R',
    created_on: created,
    modified_on: created,
    description: 'd',
  });
  await api.make('DELETE', 'projects/R');
  expect(await api.make('GET', 'projects')).toEqual({});
  expect(await api.store.topics.count({})).toBe(0);
});

test('a registration is accepted once, and makes its user (2, Registrations)', async () => {
  const api = await startApi();
  const made = (await api.make('POST', 'registrations', { name: 'r', email: 'r@x.org' })) as {
    uuid: string;
    status: string;
  };
  expect(made.status).toBe('pending');
  const accept = () => api.ask('POST', `registrations/${made.uuid}:accept`);
  const statuses = (await Promise.all([accept(), accept()])).map(({ status }) => status).sort();
  expect(statuses).toEqual([200, 404]);
  expect(await api.make('GET', 'users/r')).toMatchObject({ email: 'r@x.org' });
  expect(await api.make('GET', 'registrations?status=accepted')).toMatchObject({ user_registrations: [{ name: 'r' }] });
  expect(await api.make('GET', 'registrations?status=pending')).toEqual({ user_registrations: [] });
});

test('messages are held against the schema of the topic, all before any is written (2, publish and Schemas)', async () => {
  const api = await startWithSubscription();
  const schema = { type: 'object', required: ['id', 'at'], properties: { id: { type: 'integer' } } };
  await api.make('POST', 'projects/P/schemas/X', { type: 'json', schema });
  expect((await api.ask('POST', 'projects/P/topics/T:attachSchema', { body: { schema: 'X' } })).body).toEqual(
    refusal(400, 'INVALID_ARGUMENT', 'wrong schema name declaration'),
  );
  await api.make('POST', 'projects/P/topics/T:attachSchema', { schema: 'projects/P/schemas/X' });
  expect(await api.make('GET', 'projects/P/topics/T')).toMatchObject({ schema: 'projects/P/schemas/X' });
  const good = Buffer.from('{"id":1,"at":2}').toString('base64');
  const publish = async (data: string) => {
    const reply = await api.ask('POST', 'projects/P/topics/T:publish', {
      body: { messages: [{ data: good }, { data }] },
    });
    return reply.status === 200 ? 'ok' : (reply.body as { error: { message: string } }).error.message;
  };
  expect(await publish('###')).toMatch(/^Message 1 is not in valid base64 enocding,/);
  expect(await publish(Buffer.from('{').toString('base64'))).toMatch(/^Message 1 data is not valid JSON format,/);
  expect(await publish(Buffer.from('{"id":1}').toString('base64'))).toMatch(/^Message 1 data is not valid,/);
  expect(await publish(Buffer.from('{"id":"x"}').toString('base64'))).toMatch(/^Message 1 data is not valid\.1\).*2\)/);
  expect(api.backend.publishes).toBe(0);
  expect(await publish(good)).toBe('ok');
  await api.make('DELETE', 'projects/P/schemas/X');
  expect(await publish('###')).toBe('ok');
});

test('avro messages are read by their schema; a schema of neither kind, or that is none, is refused (2, Schemas)', async () => {
  const api = await startWithSubscription();
  const schema = { type: 'record', name: 'R', fields: [{ name: 'n', type: 'int' }] };
  await api.make('POST', 'projects/P/schemas/A', { type: 'avro', schema });
  const validate = (data: string) => api.ask('POST', 'projects/P/schemas/A:validate', { body: { data } });
  expect((await validate('Ag==')).body).toEqual({ message: 'Message validated successfully' });
  expect((await validate('AgIC')).status).toBe(400);
  const make = async (body: object) => (await api.ask('POST', 'projects/P/schemas/B', { body })).status;
  expect([
    await make({ type: 'xml' }),
    await make({ type: 'json', schema: { type: 'x' } }),
    await make({ type: 'avro', schema: { type: 'x' } }),
  ]).toEqual([400, 400, 400]);
});

test('push: refused while it is off, stored and verified where it is on (2, 5)', async () => {
  const pushConfig = { type: 'http_endpoint', pushEndpoint: 'https://example.org:8443/path' };
  const off = await startWithSubscription();
  const refused = await off.ask('POST', 'projects/P/subscriptions/S:modifyPushConfig', { body: { pushConfig } });
  expect(refused.body).toEqual(refusal(409, 'CONFLICT', 'Push functionality is currently disabled'));

  let answer = { status: 200, body: 'wrong' };
  const asked: string[] = [];
  const fetchText = async (url: string) => {
    asked.push(url);
    return answer;
  };
  const config = { push_enabled: true, push_worker_token: 'worker-token' };
  const api = await startWithSubscription(config, { fetchText });
  await api.user('push_worker_0', [], ['push_worker']);
  await api.store.users.change({ name: 'push_worker_0' }, { set: { token: 'worker-token' } });
  const modify = (changed: object) =>
    api.ask('POST', 'projects/P/subscriptions/S:modifyPushConfig', {
      body: { pushConfig: { ...pushConfig, ...changed } },
    });
  expect((await modify({ pushEndpoint: 'http://example.org' })).status).toBe(400);
  expect((await modify({ type: 'smtp' })).body).toEqual(
    refusal(400, 'INVALID_ARGUMENT', "Push configuration type can only be of 'http_endpoint' or 'mattermost'"),
  );
  // Section 8: the client library leaves the type out.
  expect((await modify({ type: '', retryPolicy: { type: 'slowstart' } })).status).toBe(200);
  expect(await api.make('GET', 'projects/P/subscriptions/S')).toMatchObject({
    pushConfig: { type: 'http_endpoint', retryPolicy: { type: 'slowstart', period: 0 } },
  });
  expect((await modify({ base64Decode: true })).status).toBe(200);
  const shown = (await api.make('GET', 'projects/P/subscriptions/S')) as { pushConfig: { verificationHash: string } };
  expect(shown.pushConfig).toMatchObject({
    maxMessages: 1,
    authorizationHeader: { type: 'autogen' },
    retryPolicy: { type: 'linear', period: 3000 },
    verified: false,
    base64Decode: true,
  });
  const verify = () => api.ask('POST', 'projects/P/subscriptions/S:verifyPushEndpoint');
  expect((await verify()).body).toEqual(
    refusal(401, 'UNAUTHORIZED', 'Endpoint verification failed.Wrong verification hash'),
  );
  answer = { status: 200, body: shown.pushConfig.verificationHash };
  expect((await verify()).status).toBe(200);
  expect(asked[0]).toBe('https://example.org:8443/ams_verification_hash');
  const acl = await api.make('GET', 'projects/P/subscriptions/S:acl');
  expect(acl).toEqual({ authorized_users: ['push_worker_0'] });
  expect(await api.make('GET', 'projects/P/subscriptions/S')).toMatchObject({
    pushConfig: { verified: true, base64Decode: true },
    pushStatus: 'Push server is currently unavailable',
  });
});

test('what was published and pulled is counted, by day too (3, 7)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'abc', 'def');
  await publishTexts(api, 'ghi');
  await pullMessages(api);
  const value = async (path: string, name: string) => {
    const { metrics } = (await api.make('GET', path)) as {
      metrics: { metric: string; timeseries: { value: number }[] }[];
    };
    return metrics.find(({ metric }) => metric === name)?.timeseries[0]?.value;
  };
  expect(await value('projects/P/topics/T:metrics', 'topic.number_of_messages')).toBe(3);
  expect(await value('projects/P/topics/T:metrics', 'topic.number_of_bytes')).toBe(12);
  expect(await value('projects/P/topics/T:metrics', 'topic.number_of_daily_messages')).toBe(3);
  expect(await value('projects/P/subscriptions/S:metrics', 'subscription.number_of_messages')).toBe(3);
  expect(await value('projects/P:metrics', 'project.number_of_daily_messages')).toBe(3);
  expect(await api.make('GET', 'metrics/va_metrics?projects=P')).toMatchObject({
    projects_metrics: { projects: [{ project: 'P', message_count: 3 }], total_message_count: 3 },
  });
  expect((await api.ask('GET', 'metrics?format=prometheus')).text).toContain('ams_published_messages_total 3\n');
});
