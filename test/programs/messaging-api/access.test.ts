/** Who may do what: the reference's section 1 (check order) and the role letters of section 2, as a table of role x action. */
import { expect, test } from 'vitest';
import { defaultRoles } from '../../../contracts/messaging-roles.ts';
import { routes } from '../../../programs/messaging-api/app.ts';
import { type Api, publishTexts, refusal, startApi, startWithSubscription } from './api-fixture.ts';

const unauthorized = refusal(401, 'UNAUTHORIZED', 'Unauthorized');
const forbidden = refusal(403, 'FORBIDDEN', 'Access to this resource is forbidden');

function pathOf(template: string): string {
  return `/v1${template}`
    .replace('{project}', 'P')
    .replace('{topic}', 'T')
    .replace('{subscription}', 'S')
    .replace(/\{\w+\}/g, 'x');
}

test('every route but status and version refuses a request without a key (1, outside this)', async () => {
  const api = await startWithSubscription();
  const open: string[] = [];
  for (const { method, path } of routes) {
    const reply = await api.ask(method, pathOf(path), { key: '' });
    if (reply.status === 401) expect(reply).toMatchObject({ type: 'text/plain; charset=utf-8', body: unauthorized });
    else open.push(`${method} ${path}`);
  }
  expect(open).toEqual(['GET /status', 'GET /version']);
});

test('every action of a route is a row of the default roles, and every row has a route', () => {
  const actions = routes.map(({ action }) => action).filter((action) => !['open', 'own-key'].includes(action));
  expect(new Set(actions)).toEqual(new Set(defaultRoles.map(({ resource }) => resource)));
});

test('a role passes the gate of exactly the actions whose row names it (2)', async () => {
  const allRoles = [
    'service_admin',
    'project_admin',
    'publisher',
    'consumer',
    'push_worker',
    'metrics_viewer',
    'argo_api_authn',
    'register_admin',
  ];
  for (const role of allRoles) {
    const api = await startWithSubscription();
    await api.user('x', []);
    const key = await api.user('u', [{ project: 'P', roles: [role] }], [role]);
    const listed = { authorized_users: ['u'] };
    await api.make('POST', 'projects/P/topics/T:modifyAcl', listed);
    await api.make('POST', 'projects/P/subscriptions/S:modifyAcl', listed);
    for (const { method, path, action } of routes) {
      if (action === 'open' || action === 'own-key' || method === 'DELETE') continue;
      const allowed = defaultRoles.some((row) => row.resource === action && row.roles.some((each) => each === role));
      const reply = await api.ask(method, pathOf(path), { key, body: {} });
      const gated = reply.status === 403 && reply.type.startsWith('text/plain');
      expect([role, action, !gated]).toEqual([role, action, allowed]);
    }
  }
});

test('the checks come in the order names, key, project, user, roles (1)', async () => {
  const api = await startApi();
  expect((await api.ask('GET', 'projects/a%20b/topics', { key: '' })).body).toEqual(
    refusal(400, 'INVALID_ARGUMENT', 'Invalid project name'),
  );
  expect((await api.ask('GET', 'projects/no/topics', { key: '' })).status).toBe(401);
  expect((await api.ask('GET', 'projects/no/topics', { key: 'bad' })).body).toEqual(
    refusal(404, 'NOT_FOUND', "project doesn't exist"),
  );
  await api.make('POST', 'projects/P', {});
  expect((await api.ask('GET', 'projects/P/topics', { key: 'bad' })).body).toEqual(unauthorized);
});

test('a member of another project gets 401, one of this project without the role 403 (1)', async () => {
  const api = await startWithSubscription();
  await api.make('POST', 'projects/Q', {});
  const other = await api.user('other', [{ project: 'Q', roles: ['project_admin'] }]);
  const consumer = await api.user('consumer', [{ project: 'P', roles: ['consumer'] }]);
  expect((await api.ask('GET', 'projects/P/topics/T', { key: other })).body).toEqual(unauthorized);
  expect((await api.ask('GET', 'projects/P/topics/T', { key: consumer })).body).toEqual(forbidden);
  expect((await api.ask('GET', 'users', { key: other })).status).toBe(401);
});

test('the key is looked for as auth_option says (1)', async () => {
  const keyed = async (option: string) => {
    const api = await startApi({ auth_option: option });
    const header = (await api.ask('GET', 'projects')).status;
    const query = (await api.ask('GET', 'projects?key=the-service-token', { key: '' })).status;
    return { header, query };
  };
  expect(await keyed('both')).toEqual({ header: 200, query: 200 });
  expect(await keyed('header')).toEqual({ header: 200, query: 401 });
  expect(await keyed('')).toEqual({ header: 401, query: 200 });
});

test('who publishes must be on the access list, even as an admin; an admin alone need not (2, publish)', async () => {
  const api = await startWithSubscription();
  const publish = async (key: string) =>
    (await api.ask('POST', 'projects/P/topics/T:publish', { key, body: {} })).status;
  const both = await api.user('both', [{ project: 'P', roles: ['publisher', 'project_admin'] }]);
  const admin = await api.user('admin', [{ project: 'P', roles: ['project_admin'] }]);
  expect([await publish(both), await publish(admin)]).toEqual([403, 200]);
  await api.make('POST', 'projects/P/topics/T:modifyAcl', { authorized_users: ['both'] });
  expect(await publish(both)).toBe(200);
});

test('the profile and the usage report need a key of a user: the service token gets 401 (1)', async () => {
  const api = await startApi();
  const key = await api.user('u', []);
  for (const path of ['users/profile', 'users/usageReport']) {
    expect((await api.ask('GET', path)).status).toBe(401);
    expect((await api.ask('GET', path, { key })).status).toBe(200);
  }
});

test('an admin of a project gives no role of the service within it, and sees no token of a member', async () => {
  const api = await startWithSubscription();
  const key = await api.user('admin', [{ project: 'P', roles: ['project_admin'] }]);
  const add = (roles: readonly string[]) =>
    api.ask('POST', 'projects/P/members/n', { key, body: { email: 'n@x', projects: [{ project: 'P', roles }] } });
  expect((await add(['service_admin'])).body).toEqual(refusal(400, 'INVALID_ARGUMENT', 'invalid role: service_admin'));
  const made = await add(['consumer']);
  expect([made.status, made.text.includes('"token"')]).toEqual([200, false]);
  expect((await api.ask('GET', 'projects/P/members?details=true', { key })).text).not.toContain('"token"');
});

test('names, routes and redirects are as upstream answers them (1)', async () => {
  const api: Api = await startWithSubscription();
  const notFound = { status: 404, type: 'text/plain; charset=utf-8', text: '404 page not found\n' };
  expect(await api.ask('GET', 'projects/P/topics/')).toMatchObject(notFound);
  expect(await api.ask('DELETE', 'projects')).toMatchObject(notFound);
  expect(await api.ask('POST', 'projects/P/topics/T:nothing')).toMatchObject(notFound);
  expect(await api.ask('GET', '/elsewhere')).toMatchObject(notFound);
  expect((await api.ask('GET', 'projects/P/topics/T:nothing')).body).toEqual(
    refusal(400, 'INVALID_ARGUMENT', 'Invalid topic name'),
  );
  expect((await api.ask('GET', '/v1//projects')).status).toBe(301);
});

test('a body that is too large, malformed, or of a wrong type is refused without a stack', async () => {
  const api = await startWithSubscription({ ensemble: { limits: { bodyBytes: 2048 } } });
  const publish = (raw: string) => api.ask('POST', 'projects/P/topics/T:publish', { raw });
  expect((await publish(`{"messages":[{"data":"${'A'.repeat(4096)}"}]}`)).status).toBe(413);
  for (const raw of [
    '',
    '{',
    '[]',
    '"x"',
    '{"messages":{}}',
    '{"messages":[1]}',
    '{"messages":[{"attributes":{"a":1}}]}',
  ]) {
    const reply = await publish(raw);
    expect([raw, reply.body]).toEqual([raw, refusal(400, 'INVALID_ARGUMENT', 'Invalid Message Arguments')]);
  }
});

test('what goes wrong inside is told in two words, logged, and never shows where', async () => {
  const api = await startWithSubscription();
  api.backend.failure = new Error('secret place');
  const backend = await api.ask('POST', 'projects/P/topics/T:publish', { body: { messages: [{ data: 'aA==' }] } });
  expect(backend.body).toEqual(refusal(500, 'INTERNAL_SERVER_ERROR', 'Backend Error'));
  api.store.topics.first = () => Promise.reject(new Error('secret place'));
  const store = await api.ask('GET', 'projects/P/topics/T');
  expect(store.body).toEqual(refusal(500, 'INTERNAL_SERVER_ERROR', 'Internal error while querying datastore'));
  expect([backend.text, store.text].join()).not.toMatch(/secret|at /);
  expect(api.warnings.join()).toContain('secret place');
});

test('readiness asks the store and the back-end; status does not', async () => {
  const api = await startApi();
  expect((await api.ask('GET', '/ready', { key: '' })).status).toBe(200);
  api.backend.failure = new Error('down');
  expect((await api.ask('GET', '/ready', { key: '' })).status).toBe(503);
  expect((await api.ask('GET', 'status', { key: '' })).body).toEqual({ status: 'ok', push_functionality: 'disabled' });
});

test('a user beyond his requests a second gets 429, and another user does not', async () => {
  const api = await startWithSubscription({ ensemble: { limits: { requestsPerSecond: 1000 } } });
  await publishTexts(api, 'a');
  const slow = await startApi({ ensemble: { limits: { requestsPerSecond: 1 } } });
  const statuses = await Promise.all([1, 2, 3, 4].map(async () => (await slow.ask('GET', 'projects')).status));
  expect(statuses).toContain(429);
  expect((await slow.ask('GET', 'projects', { key: 'another' })).status).toBe(401);
});
