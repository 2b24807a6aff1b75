/** Routes of projects, members, users and registrations that the other tests pass by (reference, section 2). */
import { expect, test } from 'vitest';
import { type Api, publishTexts, refusal, serviceToken, startApi, startWithSubscription } from './api-fixture.ts';

interface User {
  readonly name: string;
  readonly token?: string;
  readonly projects?: readonly { readonly project: string; readonly roles: readonly string[] }[];
  readonly service_roles: readonly string[];
}

async function users(api: Api, path: string, key = serviceToken): Promise<readonly User[]> {
  return ((await api.ask('GET', path, { key })).body as { users: readonly User[] }).users;
}

test('a project keeps who made it, and its description; JSON is needed (2)', async () => {
  const api = await startApi();
  const key = await api.user('boss', [], ['service_admin']);
  const made = await api.ask('POST', 'projects/P', { key, body: { description: 'plants' } });
  expect(made.body).toMatchObject({ name: 'P', created_by: 'boss', description: 'plants' });
  expect((await api.ask('POST', 'projects/Q')).body).toEqual(
    refusal(400, 'INVALID_ARGUMENT', 'Invalid Project Arguments'),
  );
  api.clock.now += 60_000;
  expect(await api.make('PUT', 'projects/P', { description: 'more plants' })).toMatchObject({
    name: 'P',
    created_on: '2026-03-01T10:00:00Z',
    modified_on: '2026-03-01T10:01:00Z',
  });
  await api.make('POST', 'projects/Q', {});
  expect((await api.ask('PUT', 'projects/Q', { body: { name: 'P' } })).body).toEqual(
    refusal(400, 'INVALID_ARGUMENT', 'invalid project name change, name already exists'),
  );
  expect(((await api.make('GET', 'projects')) as { projects: object[] }).projects).toHaveLength(2);
});

test('a removed project leaves schemas, users’ entries and Kafka’s topics (kept on purpose, 2)', async () => {
  const api = await startWithSubscription();
  await api.user('u', [{ project: 'P', roles: ['consumer'] }]);
  await api.make('POST', 'projects/P/schemas/X', { type: 'json', schema: {} });
  await publishTexts(api, 'a');
  await api.make('DELETE', 'projects/P');
  const { topics, subscriptions, dailyCounts, schemas } = api.store;
  const left = await Promise.all([topics, subscriptions, dailyCounts, schemas].map((each) => each.count({})));
  expect([left, api.backend.logs.size]).toEqual([[0, 0, 0, 1], 1]);
  expect((await api.store.users.first({ name: 'u' }))?.projects).toHaveLength(1);
  expect(await api.make('GET', 'users/u')).not.toHaveProperty('projects');
});

test('members are listed by page, with projects where details are asked for; an admin sees no token and this project only (2)', async () => {
  const api = await startWithSubscription();
  await api.make('POST', 'projects/Q', {});
  const both = [
    { project: 'P', roles: ['consumer'] },
    { project: 'Q', roles: ['publisher'] },
  ];
  await api.user('m', both, ['metrics_viewer']);
  const key = await api.user('admin', [{ project: 'P', roles: ['project_admin'] }]);
  expect((await users(api, 'projects/P/members')).map(({ name, projects }) => [name, projects])).toEqual([
    ['admin', undefined],
    ['m', undefined],
  ]);
  const [admin, shown] = await users(api, 'projects/P/members?details=true', key);
  expect([admin?.name, shown?.token, shown?.service_roles]).toEqual(['admin', undefined, []]);
  expect(shown?.projects).toMatchObject([{ project: 'P', roles: ['consumer'] }]);
  expect((await users(api, 'projects/P/members?pageSize=1', key)).map(({ name }) => name)).toEqual(['admin']);
  const one = (await api.make('GET', 'projects/P/members/m')) as User;
  expect([one.token?.length, one.service_roles, one.projects?.length]).toEqual([64, ['metrics_viewer'], 2]);
});

test('a member is made in this project alone: all else of the body is dropped (2, createUser)', async () => {
  const api = await startWithSubscription();
  const body = {
    email: 'n@x.org',
    first_name: 'N',
    service_roles: ['service_admin'],
    projects: [
      { project: 'Q', roles: ['consumer'] },
      { project: 'P', roles: ['publisher'] },
    ],
  };
  const made = await api.make('POST', 'projects/P/members/n', body);
  expect(made).toMatchObject({
    name: 'n',
    email: 'n@x.org',
    service_roles: [],
    projects: [{ project: 'P', roles: ['publisher'] }],
  });
  expect(made).not.toHaveProperty('first_name');
  expect((await api.ask('POST', 'projects/P/members/n', { body })).body).toEqual(
    refusal(409, 'ALREADY_EXISTS', 'User already exists'),
  );
});

test('users are listed by page and project, shown by name, uuid and token (2, Users)', async () => {
  const api = await startWithSubscription();
  const token = await api.user('a', [{ project: 'P', roles: ['consumer'] }]);
  await api.user('b', []);
  expect((await users(api, 'users')).map(({ name, projects }) => [name, projects])).toEqual([
    ['b', undefined],
    ['a', undefined],
  ]);
  expect((await users(api, 'users?project=P&details=true')).map(({ projects }) => projects)).toMatchObject([
    [{ project: 'P', roles: ['consumer'] }],
  ]);
  expect((await api.ask('GET', 'users?project=no')).body).toEqual(
    refusal(404, 'NOT_FOUND', "ProjectUUID doesn't exist"),
  );
  const shown = (await api.make('GET', 'users/a')) as { uuid: string };
  expect(await api.make('GET', `users:byUUID/${shown.uuid}`)).toEqual(shown);
  expect(await api.make('GET', `users:byToken/${token}`)).toEqual(shown);
  expect((await api.ask('GET', 'users/profile', { key: token })).body).toEqual(shown);
  for (const path of ['users/no', 'users:byUUID/no', 'users:byToken/no'])
    expect((await api.ask('GET', path)).body).toEqual(refusal(404, 'NOT_FOUND', "User doesn't exist"));
});

test('an update of a user changes the fields that are given, and lists replace (2, Users)', async () => {
  const api = await startWithSubscription();
  await api.user('u', [{ project: 'P', roles: ['consumer'] }], ['metrics_viewer']);
  await api.user('taken', []);
  expect(
    await api.make('PUT', 'users/u', { first_name: 'U', projects: [{ project: 'P', roles: ['publisher'] }] }),
  ).toMatchObject({
    email: 'u@x.org',
    first_name: 'U',
    service_roles: ['metrics_viewer'],
    projects: [{ project: 'P', roles: ['publisher'] }],
  });
  expect(await api.make('PUT', 'users/u', { service_roles: [] })).toMatchObject({ service_roles: [], first_name: 'U' });
  expect((await api.ask('PUT', 'users/u', { body: { name: 'taken' } })).body).toEqual(
    refusal(400, 'INVALID_ARGUMENT', 'invalid user name change, name already exists'),
  );
});

test('a registration is kept with its token, found by its fields, declined once with a comment, and removed (2, Registrations)', async () => {
  const api = await startApi();
  const boss = await api.user('boss', [], ['service_admin']);
  const body = { name: 'r', first_name: 'R', last_name: 'S', organization: 'O', description: 'd', email: 'r@x.org' };
  const made = (await api.make('POST', 'registrations', body)) as { uuid: string; activation_token: string };
  expect(made).toMatchObject({ ...body, status: 'pending', registered_at: '2026-03-01T10:00:00Z' });
  expect(made.activation_token).toMatch(/^[0-9a-f]{64}$/);
  const one = `registrations/${made.uuid}`;
  expect(await api.make('GET', one)).toEqual(made);
  const found = async (query: string) =>
    ((await api.make('GET', `registrations?${query}`)) as { user_registrations: object[] }).user_registrations.length;
  expect([
    await found(`activation_token=${made.activation_token}`),
    await found('email=r@x.org&organization=O&name=r&status=pending'),
    await found('organization=other'),
    await found(''),
  ]).toEqual([1, 1, 0, 1]);
  const decline = () => api.ask('POST', `${one}:decline`, { key: boss, body: { comment: 'no' } });
  expect(await decline()).toMatchObject({ status: 200, text: '{}' });
  const gone = refusal(404, 'NOT_FOUND', "User registration doesn't exist");
  expect((await decline()).body).toEqual(gone);
  expect((await api.ask('POST', `${one}:accept`)).body).toEqual(gone);
  expect(await api.make('GET', one)).toMatchObject({ status: 'declined', decline_comment: 'no', modified_by: 'boss' });
  expect(await api.ask('DELETE', one)).toMatchObject({ status: 200, text: '' });
  expect((await api.ask('GET', one)).body).toEqual(gone);
});

test('a registration under a name that a user has is a 409, at once and at its acceptance (1, 2)', async () => {
  const api = await startApi();
  const { uuid } = (await api.make('POST', 'registrations', { name: 'r' })) as { uuid: string };
  await api.user('r', []);
  const taken = refusal(409, 'ALREADY_EXISTS', 'User already exists');
  expect((await api.ask('POST', 'registrations', { body: { name: 'r' } })).body).toEqual(taken);
  expect((await api.ask('POST', `registrations/${uuid}:accept`)).body).toEqual(taken);
});
