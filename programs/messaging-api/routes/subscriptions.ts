/** Subscriptions but for what moves their offsets (pull.ts, acknowledge.ts, offsets.ts) (reference, section 2). */
import { neverYet, noPush, type SubscriptionDocument } from '../../../contracts/messaging-documents.ts';
import { seconds } from '../cursor.ts';
import { absent, exists, invalid, invalidArguments } from '../errors.ts';
import { fields, readBody, text, whole } from '../lenient-json.ts';
import { readPage } from '../paging.ts';
import type { Route } from '../router.ts';
import type { Answer, Call, Service } from '../service.ts';
import { acknowledge, ackShape, deadlineShape, modifyAckDeadline } from './acknowledge.ts';
import { aclFromBody, aclNames, aclShape, ownOnly, projectOf, subscriptionOf, topicOf } from './find.ts';
import { logOf, placesOf, type TopicLog } from './logs.ts';
import { subscriptionMetrics } from './metrics.ts';
import { modifyOffset, offsetShape, offsets, timeToOffset } from './offsets.ts';
import { pull, pullShape } from './pull.ts';
import {
  activate,
  asksForPush,
  modifyPushConfig,
  modifyShape,
  pushFields,
  pushShape,
  pushWorker,
  verifyPushEndpoint,
  viewPush,
} from './push-config.ts';

const createShape = fields({ topic: text(), ackDeadlineSeconds: whole(), pushConfig: pushShape.prefault({}) });
const defaultDeadlineSeconds = 10;

function view(project: string, subscription: SubscriptionDocument): object {
  return {
    name: `/projects/${project}/subscriptions/${subscription.name}`,
    topic: `/projects/${project}/topics/${subscription.topic}`,
    pushConfig: viewPush(subscription),
    ackDeadlineSeconds: subscription.ack,
    createdOn: seconds(subscription.created_on),
  };
}

/** The topic is looked for, and its end is read, in the project of the path: upstream reads it from the project that the body names. */
async function create(service: Service, call: Call): Promise<object> {
  const { uuid: project_uuid, name: project } = projectOf(call);
  const asked = readBody(createShape, call.body, invalidArguments('Subscription'));
  const [projects, owner, topics, topicName, ...more] = asked.topic.split('/');
  if (topicName === undefined || more.length > 0 || projects !== 'projects' || topics !== 'topics')
    throw invalid('Invalid Topic name');
  if (owner !== project) throw absent('Topic');
  const topic = await topicOf(service, call, topicName);
  const worker = asksForPush(asked.pushConfig) ? await pushWorker(service) : undefined;
  const push = worker === undefined ? noPush : pushFields(asked.pushConfig, noPush);
  const subscription: SubscriptionDocument = {
    project_uuid,
    name: call.params.subscription ?? '',
    topic: topic.name,
    ...(await endOf(service, logOf(topic))),
    next_offset: 0,
    pending_ack: '',
    ack: asked.ackDeadlineSeconds || defaultDeadlineSeconds,
    epoch: 0,
    ...push,
    msg_num: 0,
    total_bytes: 0,
    latest_consume: neverYet,
    consume_rate: 0,
    created_on: service.now(),
    acl: [],
  };
  if (!(await service.store.subscriptions.insert(subscription))) throw exists('Subscription');
  if (worker !== undefined && push.verified)
    await activate(service, worker, { project_uuid, name: subscription.name, project });
  return view(project, subscription);
}

/** Where a new subscription begins: behind what is there. */
async function endOf(
  service: Service,
  log: TopicLog,
): Promise<Pick<SubscriptionDocument, 'offset' | 'partitions' | 'partitions_revision'>> {
  try {
    const places = await placesOf(service, log, { fresh: true });
    const ends = await service.backend.ends(places);
    if (!log.isMapped) return { offset: ends[0] ?? -1 };
    const partitions = places.map(({ partition }, index) => ({
      partition,
      offset: ends[index] ?? -1,
      next_offset: 0,
      pending_ack: '',
    }));
    return { offset: 0, partitions, partitions_revision: 0 };
  } catch (error) {
    service.warn('a subscription begins at the start of the log: its end could not be read', error);
    return { offset: -1 };
  }
}

async function list(service: Service, call: Call): Promise<object> {
  const { uuid: project_uuid, name } = projectOf(call);
  const filter = { project_uuid, ...ownOnly(call.caller, 'consumer') };
  const { items, nextPageToken, totalSize } = await readPage(service.store.subscriptions, filter, call.query);
  return { subscriptions: items.map((each) => view(name, each)), nextPageToken, totalSize };
}

async function show(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  const { name: project } = projectOf(call);
  const shown = view(project, subscription);
  if (subscription.push_type === '' || !subscription.verified) return shown;
  return { ...shown, pushStatus: await service.push.status(`/projects/${project}/subscriptions/${subscription.name}`) };
}

async function remove(service: Service, call: Call): Promise<Answer> {
  const { project_uuid, name, push_type, verified } = await subscriptionOf(service, call);
  await service.store.subscriptions.remove({ project_uuid, name });
  if (push_type === '' || !verified) return undefined;
  return { message: await service.push.deactivate(`/projects/${call.params.project}/subscriptions/${name}`) };
}

const one = '/projects/{project}/subscriptions/{subscription}';

export const subscriptionRoutes: readonly Route[] = [
  { method: 'GET', path: '/projects/{project}/subscriptions', action: 'subscriptions:list', handler: list },
  {
    method: 'GET',
    path: `${one}:acl`,
    action: 'subscriptions:acl',
    handler: async (service, call) => aclNames(service, (await subscriptionOf(service, call)).acl),
  },
  { method: 'GET', path: `${one}:metrics`, action: 'subscriptions:metrics', handler: subscriptionMetrics },
  { method: 'GET', path: `${one}:offsets`, action: 'subscriptions:offsets', handler: offsets },
  { method: 'GET', path: `${one}:timeToOffset`, action: 'subscriptions:timeToOffset', handler: timeToOffset },
  { method: 'GET', path: one, action: 'subscriptions:show', handler: show },
  { method: 'PUT', path: one, action: 'subscriptions:create', body: createShape, handler: create },
  { method: 'DELETE', path: one, action: 'subscriptions:delete', handler: remove },
  { method: 'POST', path: `${one}:pull`, action: 'subscriptions:pull', isBusy: true, body: pullShape, handler: pull },
  {
    method: 'POST',
    path: `${one}:acknowledge`,
    action: 'subscriptions:acknowledge',
    isBusy: true,
    body: ackShape,
    handler: acknowledge,
  },
  {
    method: 'POST',
    path: `${one}:modifyOffset`,
    action: 'subscriptions:modifyOffset',
    body: offsetShape,
    handler: modifyOffset,
  },
  {
    method: 'POST',
    path: `${one}:modifyAckDeadline`,
    action: 'subscriptions:modifyAckDeadline',
    body: deadlineShape,
    handler: modifyAckDeadline,
  },
  {
    method: 'POST',
    path: `${one}:modifyAcl`,
    action: 'subscriptions:modifyAcl',
    body: aclShape,
    handler: async (service, call) => {
      const { project_uuid, name } = await subscriptionOf(service, call);
      const acl = await aclFromBody(service, call, 'Subscription ACL');
      await service.store.subscriptions.change({ project_uuid, name }, { set: { acl } });
      return undefined;
    },
  },
  {
    method: 'POST',
    path: `${one}:modifyPushConfig`,
    action: 'subscriptions:modifyPushConfig',
    body: modifyShape,
    handler: modifyPushConfig,
  },
  {
    method: 'POST',
    path: `${one}:verifyPushEndpoint`,
    action: 'subscriptions:verifyPushEndpoint',
    handler: verifyPushEndpoint,
  },
];
