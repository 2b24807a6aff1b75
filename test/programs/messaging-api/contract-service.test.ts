/** What the service says of itself and to browsers, and what it does to whoever asks too often (reference, sections 1, 2 Service, and 7). */
import { expect, test } from 'vitest';
import { RateLimit } from '../../../programs/messaging-api/rate-limit.ts';
import { type Api, publishTexts, refusal, serviceToken, startApi, startWithSubscription } from './api-fixture.ts';

test('any origin may ask, with the headers that the reference names (1)', async () => {
  const { app } = await startApi();
  const origin = 'https://elsewhere.example';
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' };
  const before = await app.inject({ method: 'OPTIONS', url: '/v1/projects', headers: { origin, ...asked } });
  expect(before.statusCode).toBe(200);
  expect(before.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'X-Requested-With, Content-Type, x-api-key',
    'access-control-allow-methods': 'GET, POST, PUT, DELETE',
  });
  expect(before.headers['access-control-allow-credentials']).toBeUndefined();
  const answer = await app.inject({
    method: 'GET',
    url: '/v1/projects',
    headers: { origin, 'x-api-key': serviceToken },
  });
  expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([200, '*']);
  const plain = await app.inject({ method: 'OPTIONS', url: '/v1/projects', headers: { origin } });
  expect(plain.statusCode).toBe(404);
});

test('the status is for all; its details for an admin viewer and the service admin, 403 for an unknown key, 401 for others (2)', async () => {
  const api = await startApi();
  await api.store.roles.insert({ resource: 'status:details', roles: ['admin_viewer'] });
  const viewer = await api.user('viewer', [], ['admin_viewer']);
  const admin = await api.user('admin', [], ['service_admin']);
  const worker = await api.user('worker', [], ['push_worker']);
  const ask = async (key: string, query = '?details=true') => (await api.ask('GET', `status${query}`, { key })).status;
  expect([await ask(viewer), await ask(admin), await ask(serviceToken)]).toEqual([200, 200, 200]);
  expect([await ask('unknown'), await ask(worker), await ask('')]).toEqual([403, 401, 401]);
  expect([await ask('', ''), await ask('unknown', '?details=false')]).toEqual([200, 200]);
});

test('the status warns where push is on and nobody is the push worker (2)', async () => {
  const api = await startApi({ push_enabled: true, push_worker_token: 'worker-token' });
  expect(await api.make('GET', 'status')).toEqual({ status: 'warning', push_servers: [] });
  await api.user('push_worker_0', [], ['push_worker']);
  await api.store.users.change({ name: 'push_worker_0' }, { set: { token: 'worker-token' } });
  expect(await api.make('GET', 'status')).toEqual({ status: 'ok', push_servers: [] });
});

test('the version names its host and release to an admin viewer and the service admin alone (2)', async () => {
  const api = await startApi();
  const keys = async (key: string) => Object.keys((await api.ask('GET', 'version', { key })).body as object).sort();
  const shown = ['architecture', 'build_time', 'compiler', 'golang', 'os'];
  expect([await keys(''), await keys('unknown')]).toEqual([shown, shown]);
  expect(await keys(serviceToken)).toEqual([...shown, 'hostname', 'release'].sort());
});

test('the metrics of a node are percentages, one point each (7)', async () => {
  const api = await startApi();
  const { metrics } = (await api.make('GET', 'metrics')) as { metrics: Record<string, unknown>[] };
  expect(metrics.map(({ metric }) => metric)).toEqual(['ams_node.cpu_usage', 'ams_node.memory_usage']);
  for (const each of metrics)
    expect(each).toMatchObject({ metric_type: 'percentage', value_type: 'float64', resource_type: 'ams_node' });
});

async function withTwoProjects(): Promise<Api> {
  const api = await startWithSubscription();
  await api.make('POST', 'projects/Q', {});
  await publishTexts(api, 'a', 'b');
  api.clock.now += 86_400_000;
  await publishTexts(api, 'c');
  return api;
}

test('va_metrics counts messages by project and time, of projects with messages only (7)', async () => {
  const api = await withTwoProjects();
  await api.user('u', [{ project: 'P', roles: ['consumer'] }]);
  const row = { project: 'P', topics_count: 1, subscriptions_count: 1, users_count: 1 };
  expect(await api.make('GET', 'metrics/va_metrics?start_date=2026-03-01&end_date=2026-03-02')).toEqual({
    projects_metrics: {
      projects: [{ ...row, message_count: 3, average_daily_messages: 1.5 }],
      total_message_count: 3,
      average_daily_messages: 1.5,
    },
    total_users_count: 1,
    total_topics_count: 1,
    total_subscriptions_count: 1,
  });
  expect(await api.make('GET', 'metrics/va_metrics?start_date=2026-03-02&projects=P')).toMatchObject({
    projects_metrics: { total_message_count: 1 },
  });
  expect(await api.make('GET', 'metrics/va_metrics?end_date=2026-02-01')).toMatchObject({
    projects_metrics: { projects: [], total_message_count: 0 },
  });
  const ask = async (query: string) => (await api.ask('GET', `metrics/va_metrics?${query}`)).body;
  expect(await ask('projects=P,no')).toEqual(refusal(404, 'NOT_FOUND', "Project no doesn't exist"));
  expect(await ask('start_date=yesterday')).toMatchObject({ error: { code: 400 } });
});

test('the usage report is about the projects whose admin the user is (2)', async () => {
  const api = await withTwoProjects();
  const roles = { admin: ['project_admin'], consumer: ['consumer'] };
  const report = async (name: keyof typeof roles) => {
    const key = await api.user(name, [{ project: 'P', roles: roles[name] }]);
    return (await api.ask('GET', 'users/usageReport?start_date=2026-03-01&end_date=2026-03-02', { key })).body;
  };
  expect(await report('admin')).toMatchObject({
    va_metrics: { projects_metrics: { projects: [{ project: 'P', message_count: 3 }] }, total_users_count: 1 },
    operational_metrics: { metrics: [] },
  });
  expect(await report('consumer')).toMatchObject({ va_metrics: { projects_metrics: { projects: [] } } });
});

test('a rate is a user’s: two seconds’ worth at once, then one for each second’s part that passed', () => {
  const rates = new RateLimit(10);
  const allowed = (who: string, atMs: number) =>
    Array.from({ length: 30 }, () => rates.allows(who, atMs)).filter(Boolean).length;
  expect([allowed('a', 0), allowed('b', 0), allowed('a', 0), allowed('a', 500), allowed('a', 60_000)]).toEqual([
    20, 20, 0, 5, 20,
  ]);
  expect(new RateLimit(0).allows('a', 0)).toBe(true);
});

test('a key in the header and in the query is the same user’s; whoever needs no key is not counted', async () => {
  const api = await startApi({ ensemble: { limits: { requestsPerSecond: 1 } } });
  const key = await api.user('u', []);
  const ways = [
    { path: 'users/profile', key },
    { path: `users/profile?key=${key}`, key: '' },
  ];
  const statuses: number[] = [];
  for (let asks = 0; asks < 200 && !statuses.includes(429); asks += 1) {
    const way = ways[asks % 2] ?? { path: '', key: '' };
    statuses.push((await api.ask('GET', way.path, { key: way.key })).status);
  }
  expect([statuses[0], statuses.at(-1)]).toEqual([200, 429]);
  for (let asks = 0; asks < 5; asks += 1) expect((await api.ask('GET', 'status', { key: '' })).status).toBe(200);
});

test('of renames at once to one name one wins, and the others get a 409', async () => {
  const api = await startApi();
  for (const name of ['a', 'b', 'c', 'd']) await api.make('POST', `projects/${name}`, {});
  await api.make('POST', 'projects/P', {});
  for (const name of ['a', 'b', 'c', 'd']) {
    await api.user(name, []);
    await api.make('POST', `projects/P/schemas/${name}`, { type: 'json', schema: {} });
  }
  const race = async (path: string, name: string) => {
    const asked = ['a', 'b', 'c', 'd'].map((each) => api.ask('PUT', `${path}/${each}`, { body: { name } }));
    return (await Promise.all(asked)).map(({ status }) => status).sort();
  };
  expect(await race('projects', 'one')).toEqual([200, 409, 409, 409]);
  expect(await race('users', 'one')).toEqual([200, 409, 409, 409]);
  expect(await race('projects/P/schemas', 'projects/P/schemas/one')).toEqual([200, 409, 409, 409]);
});

test('looking at the metrics again and again adds no document (FAULT put right, 7)', async () => {
  const api = await startApi();
  for (let look = 0; look < 3; look += 1) await api.make('GET', 'metrics');
  expect(await api.store.nodeMetrics.count({})).toBe(1);
});
