/** Users of the service (reference, section 2, Users). An unknown user is a 404 everywhere: upstream answers some with the first stored user. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ProjectRoles, UserDocument } from '../../../contracts/messaging-documents.ts';
import { absent, exists, invalid, invalidArguments } from '../errors.ts';
import { fields, readBody, text, texts } from '../lenient-json.ts';
import { readPage } from '../paging.ts';
import type { Route } from '../router.ts';
import { type Call, type Caller, newToken, type Service } from '../service.ts';
import type { Filter } from '../store/store.ts';
import { checkRoles, type StoredUser } from './find.ts';
import { usageReport } from './metrics.ts';
import { viewUser } from './user-view.ts';

const membership = fields({ project: text(), roles: texts() });
const given = {
  email: z.string().optional(),
  first_name: z.string().optional(),
  last_name: z.string().optional(),
  organization: z.string().optional(),
  description: z.string().optional(),
};
const userShape = fields({
  ...given,
  name: z.string().optional(),
  projects: z.array(membership).optional(),
  service_roles: texts().unwrap().optional(),
});
export const memberShape = fields({ email: z.string().optional(), projects: z.array(membership).optional() });

const nameShape = /^[a-zA-Z0-9_-]+$/;

/** Throws 404. */
export async function userWhere({ store }: Service, filter: Filter): Promise<StoredUser> {
  const user = await store.users.first(filter);
  if (user === undefined) throw absent('User');
  return user;
}

/** Makes a user with a token. Throws 409. */
export async function insertUser(
  { store, now }: Service,
  caller: Caller,
  user: Partial<UserDocument> & Pick<UserDocument, 'name' | 'email'>,
): Promise<UserDocument> {
  const at = now();
  const document: UserDocument = {
    uuid: randomUUID(),
    token: newToken(),
    projects: [],
    service_roles: [],
    created_on: at,
    modified_on: at,
    created_by: caller.user?.uuid ?? '',
    ...user,
  };
  if (!(await store.users.insert(document))) throw exists('User');
  return document;
}

async function memberships(
  service: Service,
  caller: Caller,
  projects: readonly z.output<typeof membership>[],
): Promise<readonly ProjectRoles[]> {
  const found = new Map<string, ProjectRoles>();
  for (const { project: name, roles } of projects) {
    const project = await service.store.projects.first({ name });
    if (project === undefined) throw invalid(`invalid project: ${name}`);
    if (found.has(project.uuid)) throw invalid(`duplicate reference of project ${name}`);
    await checkRoles(service, caller, roles);
    found.set(project.uuid, { project_uuid: project.uuid, roles });
  }
  return [...found.values()];
}

/** Only what the body gives, as documents keep it. */
async function fromBody(service: Service, { body, caller }: Call): Promise<Partial<UserDocument>> {
  const { projects, ...asked } = readBody(userShape, body, invalidArguments('User'));
  if (asked.service_roles !== undefined) await checkRoles(service, caller, asked.service_roles);
  if (asked.name !== undefined && asked.name !== '' && !nameShape.test(asked.name)) throw invalidArguments('User');
  const kept = Object.fromEntries(
    Object.entries(asked).filter(([key, value]) => value !== undefined && !(key === 'name' && value === '')),
  );
  return projects === undefined ? kept : { ...kept, projects: await memberships(service, caller, projects) };
}

async function create(service: Service, call: Call): Promise<object> {
  const { name: _dropped, ...asked } = await fromBody(service, call);
  const user = { email: '', ...asked, name: call.params.user ?? '' };
  return viewUser(service, await insertUser(service, call.caller, user));
}

async function update(service: Service, call: Call): Promise<object> {
  const before = await userWhere(service, { name: call.params.user ?? '' });
  const set = { ...(await fromBody(service, call)), modified_on: service.now() };
  if (set.name !== undefined && set.name !== before.name) {
    if ((await service.store.users.first({ name: set.name })) !== undefined)
      throw invalid('invalid user name change, name already exists');
  }
  const outcome = await service.store.users.rename({ uuid: before.uuid }, set);
  if (outcome === 'taken') throw exists('User');
  if (outcome === 'absent') throw absent('User');
  return viewUser(service, { ...before, ...set });
}

async function list(service: Service, { query }: Call): Promise<object> {
  const name = query.get('project') ?? '';
  const project = name === '' ? undefined : await service.store.projects.first({ name });
  if (name !== '' && project === undefined) throw absent('ProjectUUID');
  const filter: Filter = project === undefined ? {} : { 'projects.project_uuid': project.uuid };
  return listUsers(service, filter, query, undefined);
}

/** A page of users; `only` as in UserScope. */
export async function listUsers(
  service: Service,
  filter: Filter,
  query: URLSearchParams,
  only: string | undefined,
): Promise<object> {
  const { items, nextPageToken, totalSize } = await readPage(service.store.users, filter, query);
  const projects = query.get('details') === 'true';
  const users = await Promise.all(items.map((user) => viewUser(service, user, { only, projects })));
  return { users, nextPageToken, totalSize };
}

const one = '/users/{user}';
const shown =
  (variable: string, field: string) =>
  async (service: Service, { params }: Call) =>
    viewUser(service, await userWhere(service, { [field]: params[variable] ?? '' }));

export const userRoutes: readonly Route[] = [
  { method: 'GET', path: '/users', action: 'users:list', handler: list },
  {
    method: 'GET',
    path: '/users/profile',
    action: 'own-key',
    handler: async (service, { caller }) => {
      if (caller.user === undefined) throw absent('User');
      return viewUser(service, caller.user);
    },
  },
  { method: 'GET', path: '/users/usageReport', action: 'own-key', handler: usageReport },
  { method: 'GET', path: '/users:byUUID/{uuid}', action: 'users:byUUID', handler: shown('uuid', 'uuid') },
  { method: 'GET', path: '/users:byToken/{token}', action: 'users:byToken', handler: shown('token', 'token') },
  { method: 'GET', path: one, action: 'users:show', handler: shown('user', 'name') },
  {
    method: 'POST',
    path: `${one}:refreshToken`,
    action: 'users:refreshToken',
    handler: async (service, { params }) => {
      const user = await userWhere(service, { name: params.user ?? '' });
      const set = { token: newToken(), modified_on: service.now() };
      await service.store.users.change({ uuid: user.uuid }, { set });
      return viewUser(service, { ...user, ...set });
    },
  },
  { method: 'POST', path: one, action: 'users:create', body: userShape, handler: create },
  { method: 'PUT', path: one, action: 'users:update', body: userShape, handler: update },
  {
    method: 'DELETE',
    path: one,
    action: 'users:delete',
    handler: async (service, { params }) => {
      const { uuid } = await userWhere(service, { name: params.user ?? '' });
      await service.store.users.remove({ uuid });
      return undefined;
    },
  },
];
