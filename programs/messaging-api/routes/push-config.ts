/** Push configuration of a subscription: what is stored, how it is shown, the endpoint's verification (reference, sections 2 and 5). */
import { z } from 'zod';
import { noPush, type PushFields } from '../../../contracts/messaging-documents.ts';
import { conflict, internal, invalid, invalidArguments, unauthorized } from '../errors.ts';
import { fields, readBody, text, whole } from '../lenient-json.ts';
import type { EndpointAnswer } from '../push/endpoint.ts';
import { activationOf } from '../push/push-servers.ts';
import { type Call, newToken, type Service } from '../service.ts';
import { type StoredUser, subscriptionOf } from './find.ts';

export const pushShape = fields({
  type: text(),
  pushEndpoint: text(),
  maxMessages: whole(),
  authorizationHeader: fields({ type: text(), value: text() }).prefault({}),
  retryPolicy: fields({ type: text(), period: whole() }).prefault({}),
  verificationHash: text(),
  verified: z.boolean().default(false),
  mattermostUrl: text(),
  mattermostUsername: text(),
  mattermostChannel: text(),
  base64Decode: z.boolean().default(false),
});
export type PushConfig = z.output<typeof pushShape>;

const defaultPeriodMs = 3_000;

/** Whether any field says something: an empty push configuration is a pull subscription. */
export function asksForPush(config: PushConfig): boolean {
  const { authorizationHeader, retryPolicy, ...rest } = config;
  return [...Object.values(rest), ...Object.values(authorizationHeader), ...Object.values(retryPolicy)].some(Boolean);
}

/** Throws 409 where push is off and 500 where nobody delivers. */
export async function pushWorker({ config, store }: Service): Promise<StoredUser> {
  if (!config.push_enabled) throw conflict('Push functionality is currently disabled');
  const token = config.push_worker_token;
  const worker = token === '' ? undefined : await store.users.first({ token });
  if (worker === undefined) throw internal('Push functionality is currently unavailable');
  return worker;
}

/** What to store for a configuration, given what was stored before (noPush for a new one). Throws 400. */
export function pushFields(config: PushConfig, before: PushFields): PushFields {
  const retry = retryFields(config);
  const max_messages = config.maxMessages || before.max_messages || 1;
  const shared = { ...noPush, ...retry, max_messages, base_64_decode: config.base64Decode };
  if (config.type === 'mattermost') {
    if (config.mattermostUrl === '') throw invalid('Field mattermostUrl cannot be empty');
    return {
      ...shared,
      push_type: 'mattermost',
      verified: true,
      mattermost_url: config.mattermostUrl,
      mattermost_username: config.mattermostUsername,
      mattermost_channel: config.mattermostChannel,
    };
  }
  // Upstream's own client leaves the type out (reference, section 8), and an endpoint says what is meant.
  const meant = config.type === '' && config.pushEndpoint !== '' ? 'http_endpoint' : config.type;
  if (meant !== 'http_endpoint')
    throw invalid("Push configuration type can only be of 'http_endpoint' or 'mattermost'");
  if (!isHttps(config.pushEndpoint)) throw invalid('Push endpoint should be addressed by a valid https url');
  const same = before.push_type === 'http_endpoint' && before.push_endpoint === config.pushEndpoint;
  return {
    ...shared,
    push_type: 'http_endpoint',
    push_endpoint: config.pushEndpoint,
    ...authorizationFields(config.authorizationHeader.type, before),
    verification_hash: same ? before.verification_hash : newToken(),
    verified: same && before.verified,
  };
}

function authorizationFields(
  type: string,
  before: PushFields,
): Pick<PushFields, 'authorization_type' | 'authorization_header'> {
  if (type === '' && before.push_type !== '') {
    if (before.authorization_type === '') return { authorization_type: 'disabled', authorization_header: '' };
    const { authorization_type, authorization_header } = before;
    return { authorization_type, authorization_header };
  }
  if (type === '' || type === 'autogen') return { authorization_type: 'autogen', authorization_header: newToken() };
  if (type === 'disabled') return { authorization_type: 'disabled', authorization_header: '' };
  throw invalid("Authorization header type can only be of 'autogen' or 'disabled' type");
}

function retryFields({ retryPolicy }: PushConfig): Pick<PushFields, 'retry_policy' | 'retry_period'> {
  const { type, period } = retryPolicy;
  if (type === 'slowstart') return { retry_policy: type, retry_period: 0 };
  if (type === '' || type === 'linear')
    return { retry_policy: 'linear', retry_period: period <= 0 ? defaultPeriodMs : period };
  throw invalid("Retry policy can only be of 'linear' or 'slowstart' type");
}

function isHttps(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed?.protocol === 'https:' && parsed.hostname !== '';
}

const nonEmpty = (pairs: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(pairs).filter(([, value]) => value !== ''));

/** Every key is there also for a pull subscription: clients rely on pushEndpoint. */
export function viewPush(stored: PushFields): object {
  return {
    type: stored.push_type,
    pushEndpoint: stored.push_endpoint,
    maxMessages: stored.max_messages,
    authorizationHeader: nonEmpty({ type: stored.authorization_type, value: stored.authorization_header }),
    // With a period also where the policy has none: the client library fails without.
    retryPolicy: stored.retry_policy === '' ? {} : { type: stored.retry_policy, period: stored.retry_period },
    verificationHash: stored.verification_hash,
    verified: stored.verified,
    mattermostUrl: stored.mattermost_url,
    mattermostUsername: stored.mattermost_username,
    mattermostChannel: stored.mattermost_channel,
    base64Decode: stored.base_64_decode,
  };
}

/** Puts the worker on the access list and into the project, and tells the push servers; what they answer is not a condition. */
export async function activate(service: Service, worker: StoredUser, of: SubscriptionPlace): Promise<void> {
  const { project_uuid, name, project } = of;
  const { store } = service;
  await store.subscriptions.change({ project_uuid, name }, { addToLists: { acl: worker.uuid } });
  if (!(worker.projects ?? []).some((each) => each.project_uuid === project_uuid)) {
    const projects = [...(worker.projects ?? []), { project_uuid, roles: [] }];
    await store.users.change({ uuid: worker.uuid }, { set: { projects } });
  }
  const stored = await store.subscriptions.first({ project_uuid, name });
  if (stored !== undefined) await service.push.activate(activationOf(project, stored));
}

interface SubscriptionPlace {
  readonly project_uuid: string;
  readonly name: string;
  /** The project's name. */
  readonly project: string;
}

export const modifyShape = fields({ pushConfig: pushShape.prefault({}) });

export async function modifyPushConfig(service: Service, call: Call): Promise<undefined> {
  const before = await subscriptionOf(service, call);
  const { pushConfig } = readBody(modifyShape, call.body, invalidArguments('Subscription'));
  const wanted = asksForPush(pushConfig);
  const worker = wanted || before.verified ? await pushWorker(service) : undefined;
  const set = wanted ? pushFields(pushConfig, before) : noPush;
  const { project_uuid, name } = before;
  const place = { project_uuid, name, project: call.params.project ?? '' };
  const removeFromLists = worker !== undefined && before.verified ? { acl: worker.uuid } : {};
  await service.store.subscriptions.change({ project_uuid, name }, { set });
  if (worker === undefined) return undefined;
  if (before.verified) {
    await service.store.subscriptions.change({ project_uuid, name }, { removeFromLists });
    await service.push.deactivate(`/projects/${place.project}/subscriptions/${name}`);
  }
  if (set.verified) await activate(service, worker, place);
  return undefined;
}

export async function verifyPushEndpoint(service: Service, call: Call): Promise<undefined> {
  const subscription = await subscriptionOf(service, call);
  const { project_uuid, name, push_type, push_endpoint, verification_hash } = subscription;
  if (push_type !== 'http_endpoint') throw conflict('Subscription is not in http push mode');
  if (subscription.verified) throw conflict('Push endpoint is already verified');
  const worker = await pushWorker(service);
  let answer: EndpointAnswer;
  try {
    answer = await service.fetchText(`${new URL(push_endpoint).origin}/ams_verification_hash`);
  } catch (error) {
    throw unauthorized(`Endpoint verification failed.${error instanceof Error ? error.message : String(error)}`);
  }
  if (answer.status !== 200) throw unauthorized('Endpoint verification failed.Wrong response status code');
  if (answer.body !== verification_hash) throw unauthorized('Endpoint verification failed.Wrong verification hash');
  // Only if it is still that endpoint: another may have been stored while this one answered.
  const still = { project_uuid, name, push_endpoint, verification_hash };
  if (await service.store.subscriptions.change(still, { set: { verified: true } }))
    await activate(service, worker, { project_uuid, name, project: call.params.project ?? '' });
  return undefined;
}
