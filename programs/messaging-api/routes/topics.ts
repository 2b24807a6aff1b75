/** Topics (reference, section 2). */
import { neverYet, type TopicDocument } from '../../../contracts/messaging-documents.ts';
import { seconds } from '../cursor.ts';
import { badBody, exists } from '../errors.ts';
import { fields, readBody, text } from '../lenient-json.ts';
import { readPage } from '../paging.ts';
import type { Route } from '../router.ts';
import type { Call, Service } from '../service.ts';
import { aclFromBody, aclNames, aclShape, ownOnly, projectOf, schemaNamed, topicOf } from './find.ts';
import { asking, logOf } from './logs.ts';
import { topicMetrics } from './metrics.ts';
import { publish, publishShape } from './publish.ts';

/** What a publish takes as a rule that began just before. */
const settledMs = 1_000;

const schemaShape = fields({ schema: text() });

async function view({ store }: Service, call: Call, topic: TopicDocument): Promise<object> {
  const { name: project } = projectOf(call);
  const schema = topic.schema_uuid === '' ? undefined : await store.schemas.first({ uuid: topic.schema_uuid });
  return {
    name: `/projects/${project}/topics/${topic.name}`,
    ...(schema === undefined ? {} : { schema: `projects/${project}/schemas/${schema.name}` }),
    created_on: seconds(topic.created_on),
    ...(topic.kafka_topic === undefined ? {} : { kafka_topic: topic.kafka_topic }),
  };
}

/** Of our own messages only: a topic of the manifest is mapped by the environment's seed, never by a request, whose author need not own it. */
async function create(service: Service, call: Call): Promise<object> {
  const { uuid: project_uuid } = projectOf(call);
  const asked = call.body.length === 0 ? { schema: '' } : readBody(schemaShape, call.body, badBody());
  const schema = await schemaNamed(service, call, asked.schema);
  const topic: TopicDocument = {
    project_uuid,
    name: call.params.topic ?? '',
    msg_num: 0,
    total_bytes: 0,
    latest_publish: neverYet,
    publish_rate: 0,
    schema_uuid: schema?.uuid ?? '',
    created_on: service.now(),
    acl: [],
  };
  if (!(await service.store.topics.insert(topic))) throw exists('Topic');
  return view(service, call, topic);
}

async function list(service: Service, call: Call): Promise<object> {
  const filter = { project_uuid: projectOf(call).uuid, ...ownOnly(call.caller, 'publisher') };
  const { items, nextPageToken, totalSize } = await readPage(service.store.topics, filter, call.query);
  return { topics: await Promise.all(items.map((each) => view(service, call, each))), nextPageToken, totalSize };
}

async function remove(service: Service, call: Call): Promise<undefined> {
  const found = await topicOf(service, call);
  const { project_uuid, name } = found;
  await service.counts.flush(); // what is counted later would belong to a topic of the same name
  await service.store.topics.remove({ project_uuid, name });
  const { topic, isMapped } = logOf(found);
  // A topic of the manifest belongs to its manifest. Else as upstream: what the metadata says is gone is gone, and Kafka's failure is the operator's.
  if (isMapped) return undefined;
  const drop = () => asking(service, () => service.backend.deleteTopic(topic)).catch(() => {});
  await drop();
  const { lookupMs } = service.config.ensemble;
  if (lookupMs > 0) setTimeout(() => void dropUnlessAgain(service, found, drop), lookupMs + settledMs).unref();
  return undefined;
}

/** A node that remembered the topic may have written to it once more, and so have made it anew; one that is there again by now keeps what it has. */
async function dropUnlessAgain(
  { store, warn }: Service,
  { project_uuid, name }: TopicDocument,
  drop: () => Promise<void>,
): Promise<void> {
  try {
    if ((await store.topics.first({ project_uuid, name })) === undefined) await drop();
  } catch (error) {
    warn('what was written to a topic that is gone may be left', error);
  }
}

async function change(service: Service, call: Call, set: Partial<TopicDocument>): Promise<undefined> {
  const { project_uuid, name } = await topicOf(service, call);
  await service.store.topics.change({ project_uuid, name }, { set });
  return undefined;
}

const one = '/projects/{project}/topics/{topic}';

export const topicRoutes: readonly Route[] = [
  { method: 'GET', path: '/projects/{project}/topics', action: 'topics:list', handler: list },
  {
    method: 'GET',
    path: `${one}:acl`,
    action: 'topics:acl',
    handler: async (service, call) => aclNames(service, (await topicOf(service, call)).acl),
  },
  { method: 'GET', path: `${one}:metrics`, action: 'topics:metrics', handler: topicMetrics },
  {
    method: 'GET',
    path: `${one}/subscriptions`,
    action: 'subscriptions:listByTopic',
    handler: async (service, call) => {
      const { project_uuid, name } = await topicOf(service, call);
      const found = await service.store.subscriptions.find({ project_uuid, topic: name });
      return { subscriptions: found.map((each) => `/projects/${call.params.project}/subscriptions/${each.name}`) };
    },
  },
  {
    method: 'GET',
    path: one,
    action: 'topics:show',
    handler: async (service, call) => view(service, call, await topicOf(service, call)),
  },
  { method: 'PUT', path: one, action: 'topics:create', body: schemaShape, handler: create },
  { method: 'DELETE', path: one, action: 'topics:delete', handler: remove },
  {
    method: 'POST',
    path: `${one}:publish`,
    action: 'topics:publish',
    isBusy: true,
    body: publishShape,
    handler: publish,
  },
  {
    method: 'POST',
    path: `${one}:modifyAcl`,
    action: 'topics:modifyAcl',
    body: aclShape,
    handler: async (service, call) => {
      await topicOf(service, call);
      return change(service, call, { acl: await aclFromBody(service, call, 'Topic ACL') });
    },
  },
  {
    method: 'POST',
    path: `${one}:attachSchema`,
    action: 'topics:attachSchema',
    body: schemaShape,
    handler: async (service, call) => {
      const schema = await schemaNamed(service, call, readBody(schemaShape, call.body).schema);
      return change(service, call, { schema_uuid: schema?.uuid ?? '' });
    },
  },
  {
    method: 'POST',
    path: `${one}:detachSchema`,
    action: 'topics:detachSchema',
    handler: (service, call) => change(service, call, { schema_uuid: '' }),
  },
];
