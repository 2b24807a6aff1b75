/** Projects (reference, section 2, Projects). */
import { randomUUID } from 'node:crypto';
import type { ProjectDocument } from '../../../contracts/messaging-documents.ts';
import { seconds } from '../cursor.ts';
import { exists, invalid, invalidArguments } from '../errors.ts';
import { fields, readBody, text } from '../lenient-json.ts';
import type { Route } from '../router.ts';
import type { Call, Service } from '../service.ts';
import { projectOf } from './find.ts';
import { projectMetrics } from './metrics.ts';

const projectShape = fields({ name: text(), description: text() });
const nameShape = /^[a-zA-Z0-9_-]+$/;

async function view({ store }: Service, project: ProjectDocument): Promise<object> {
  const { name, created_on, modified_on, created_by, description } = project;
  const creator = created_by === '' ? undefined : await store.users.first({ uuid: created_by });
  return {
    name,
    created_on: seconds(created_on),
    modified_on: seconds(modified_on),
    ...(creator === undefined ? {} : { created_by: creator.name }),
    ...(description === '' ? {} : { description }),
  };
}

async function create(service: Service, call: Call): Promise<object> {
  const { description } = readBody(projectShape, call.body, invalidArguments('Project'));
  const at = service.now();
  const project: ProjectDocument = {
    uuid: randomUUID(),
    name: call.params.project ?? '',
    created_on: at,
    modified_on: at,
    created_by: call.caller.user?.uuid ?? '',
    description,
  };
  if (!(await service.store.projects.insert(project))) throw exists('Project');
  return view(service, project);
}

async function update(service: Service, call: Call): Promise<object> {
  const { uuid, name: before } = projectOf(call);
  const { name, description } = readBody(projectShape, call.body, invalidArguments('Project'));
  if (name !== '' && !nameShape.test(name)) throw invalidArguments('Project');
  if (name !== '' && name !== before && (await service.store.projects.first({ name })) !== undefined)
    throw invalid('invalid project name change, name already exists');
  const given = { ...(name === '' ? {} : { name }), ...(description === '' ? {} : { description }) };
  const set = { ...given, modified_on: service.now() };
  if ((await service.store.projects.rename({ uuid }, set)) === 'taken') throw exists('Project');
  const { caller } = call;
  return view(service, { ...(caller.project ?? emptyProject), ...set });
}

const emptyProject: ProjectDocument = {
  uuid: '',
  name: '',
  created_on: new Date(0),
  modified_on: new Date(0),
  created_by: '',
  description: '',
};

/** As upstream: schemas, users' entries and Kafka's topics stay. */
async function remove({ store, counts }: Service, call: Call): Promise<undefined> {
  const { uuid } = projectOf(call);
  await counts.flush(); // so that no daily count is made anew behind the removal
  await store.projects.remove({ uuid });
  const within = { project_uuid: uuid };
  await Promise.all([
    store.topics.remove(within),
    store.subscriptions.remove(within),
    store.dailyCounts.remove(within),
  ]);
  return undefined;
}

const one = '/projects/{project}';

export const projectRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/projects',
    action: 'projects:list',
    handler: async (service) => {
      const found = await service.store.projects.find({});
      return found.length === 0 ? {} : { projects: await Promise.all(found.map((each) => view(service, each))) };
    },
  },
  { method: 'GET', path: `${one}:metrics`, action: 'projects:metrics', handler: projectMetrics },
  {
    method: 'GET',
    path: one,
    action: 'projects:show',
    handler: (service, call) => view(service, call.caller.project ?? emptyProject),
  },
  { method: 'POST', path: one, action: 'projects:create', body: projectShape, makesProject: true, handler: create },
  { method: 'PUT', path: one, action: 'projects:update', body: projectShape, handler: update },
  { method: 'DELETE', path: one, action: 'projects:delete', handler: remove },
];
