/** Members of a project: users seen, made and given roles by its admin (reference, section 2, Projects and members). */
import { conflict, forbidden, invalidArguments } from '../errors.ts';
import { fields, readBody, texts } from '../lenient-json.ts';
import type { Route } from '../router.ts';
import type { Call, Service } from '../service.ts';
import { checkRoles, projectOf, type StoredUser } from './find.ts';
import { viewUser } from './user-view.ts';
import { insertUser, listUsers, memberShape, userWhere } from './users.ts';

const rolesShape = fields({ roles: texts() });

/** Whoever is not the service's admin sees only what belongs to the project. */
const scope = (call: Call) => (call.caller.isServiceAdmin ? undefined : projectOf(call).uuid);

function memberOf(service: Service, call: Call): Promise<StoredUser> {
  return userWhere(service, { name: call.params.user ?? '', 'projects.project_uuid': projectOf(call).uuid });
}

async function create(service: Service, call: Call): Promise<object> {
  const { uuid: project_uuid, name } = projectOf(call);
  const { email = '', projects = [] } = readBody(memberShape, call.body, invalidArguments('User'));
  const roles = projects.find((each) => each.project === name)?.roles ?? [];
  await checkRoles(service, call.caller, roles);
  const user = { name: call.params.user ?? '', email, projects: [{ project_uuid, roles }] };
  return viewUser(service, await insertUser(service, call.caller, user), { only: scope(call) });
}

async function update(service: Service, call: Call): Promise<object> {
  const { name } = projectOf(call);
  const { projects = [] } = readBody(memberShape, call.body, invalidArguments('User'));
  const user = await userWhere(service, { name: call.params.user ?? '' });
  const asked = projects.find((each) => each.project === name);
  if (asked === undefined || !isMember(user, call)) throw forbidden('. User is not a member of the project');
  await checkRoles(service, call.caller, asked.roles);
  return setRoles(service, call, user, asked.roles);
}

async function add(service: Service, call: Call): Promise<object> {
  const { roles } = readBody(rolesShape, call.body, invalidArguments('User'));
  const user = await userWhere(service, { name: call.params.user ?? '' });
  if (isMember(user, call)) throw conflict('User is already a member of the project');
  await checkRoles(service, call.caller, roles);
  return setRoles(service, call, user, roles);
}

async function remove(service: Service, call: Call): Promise<object> {
  const user = await memberOf(service, call);
  const { uuid } = projectOf(call);
  const projects = (user.projects ?? []).filter((each) => each.project_uuid !== uuid);
  await service.store.users.change({ uuid: user.uuid }, { set: { projects, modified_on: service.now() } });
  return {};
}

function isMember(user: StoredUser, call: Call): boolean {
  return (user.projects ?? []).some((each) => each.project_uuid === projectOf(call).uuid);
}

async function setRoles(service: Service, call: Call, user: StoredUser, roles: readonly string[]): Promise<object> {
  const { uuid: project_uuid } = projectOf(call);
  const others = (user.projects ?? []).filter((each) => each.project_uuid !== project_uuid);
  const set = { projects: [...others, { project_uuid, roles }], modified_on: service.now() };
  await service.store.users.change({ uuid: user.uuid }, { set });
  return viewUser(service, { ...user, ...set }, { only: scope(call) });
}

const one = '/projects/{project}/members/{user}';

export const memberRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/projects/{project}/members',
    action: 'projects:listUsers',
    handler: (service, call) =>
      listUsers(service, { 'projects.project_uuid': projectOf(call).uuid }, call.query, scope(call)),
  },
  {
    method: 'GET',
    path: one,
    action: 'projects:showUser',
    handler: async (service, call) => viewUser(service, await memberOf(service, call), { only: scope(call) }),
  },
  { method: 'POST', path: `${one}:add`, action: 'projects:addUser', body: rolesShape, handler: add },
  { method: 'POST', path: `${one}:remove`, action: 'projects:removeUser', handler: remove },
  { method: 'POST', path: one, action: 'projects:createUser', body: memberShape, handler: create },
  { method: 'PUT', path: one, action: 'projects:updateUser', body: memberShape, handler: update },
];
