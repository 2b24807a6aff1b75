/**
 * A subscription that pushes, in our own terms: made from what the messaging API sends in an activation (contracts/push.proto) or shows of a subscription
 * (reference, section 2, Q), and checked here once (section 5 has the words of a refusal).
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { SubscriptionMessage } from '../../contracts/push-service.ts';

export interface PushSubscription {
  /** `/projects/P/subscriptions/S` */
  readonly name: string;
  /** `/projects/P/topics/T` */
  readonly topic: string;
  readonly type: 'http_endpoint' | 'mattermost';
  /** Where messages are POSTed. */
  readonly endpoint: string;
  /** One: a message by itself; more: bundles of at most this many. */
  readonly maxMessages: number;
  /** The whole value of the Authorization header; empty: none. */
  readonly authorization: string;
  readonly retry: RetryPolicy;
  readonly base64Decode: boolean;
  /** Of mattermost; empty: the hook's own. */
  readonly username: string;
  readonly channel: string;
}

export type RetryPolicy = { readonly type: 'linear'; readonly periodMs: number } | { readonly type: 'slowstart' };

/** Why a subscription is not taken, in upstream's words; gRPC's INVALID_ARGUMENT. */
export class InvalidSubscription extends Error {
  override readonly name = 'InvalidSubscription';
}

const nameShape = /^\/projects\/[a-zA-Z0-9_-]+\/subscriptions\/[a-zA-Z0-9_-]+$/;
/** The messaging API's own default. */
const defaultPeriodMs = 3_000;

/** @throws InvalidSubscription */
export function subscriptionFromMessage(message: SubscriptionMessage | null): PushSubscription {
  const config = message?.push_config;
  if (message === null || message.full_name === '' || config === null || config === undefined)
    throw new InvalidSubscription('Empty subscription');
  if (config.type !== 'HTTP_ENDPOINT' && config.type !== 'MATTERMOST')
    throw new InvalidSubscription(`Invalid argument, worker ${config.type} not yet implemented`);
  return checked({
    name: message.full_name,
    topic: message.full_topic,
    type: config.type === 'MATTERMOST' ? 'mattermost' : 'http_endpoint',
    endpoint: config.type === 'MATTERMOST' ? config.mattermost_url : config.push_endpoint,
    maxMessages: Math.max(1, config.max_messages),
    authorization: config.authorization_header,
    retry: retryPolicy(config.retry_policy?.type ?? '', config.retry_policy?.period ?? 0),
    base64Decode: config.base_64_decode,
    username: config.mattermost_username,
    channel: config.mattermost_channel,
  });
}

const viewShape = z.object({
  name: z.string(),
  topic: z.string(),
  pushConfig: z.object({
    type: z.string().default(''),
    pushEndpoint: z.string().default(''),
    maxMessages: z.number().default(1),
    authorizationHeader: z.object({ value: z.string().default('') }).prefault({}),
    retryPolicy: z.object({ type: z.string().default(''), period: z.number().default(0) }).prefault({}),
    verified: z.boolean().default(true),
    mattermostUrl: z.string().default(''),
    mattermostUsername: z.string().default(''),
    mattermostChannel: z.string().default(''),
    base64Decode: z.boolean().default(false),
  }),
});

/**
 * What the messaging API shows; undefined for one that does not push, or whose endpoint is not verified. Any other JSON is a ZodError.
 * @throws InvalidSubscription
 */
export function subscriptionFromView(view: unknown): PushSubscription | undefined {
  const { name, topic, pushConfig: config } = viewShape.parse(view);
  if (config.type === '' || !config.verified) return undefined;
  if (config.type !== 'http_endpoint' && config.type !== 'mattermost')
    throw new InvalidSubscription(`Invalid argument, worker ${config.type} not yet implemented`);
  return checked({
    name,
    topic,
    type: config.type,
    endpoint: config.type === 'mattermost' ? config.mattermostUrl : config.pushEndpoint,
    maxMessages: Math.max(1, config.maxMessages),
    authorization: config.authorizationHeader.value,
    retry: retryPolicy(config.retryPolicy.type, config.retryPolicy.period),
    base64Decode: config.base64Decode,
    username: config.mattermostUsername,
    channel: config.mattermostChannel,
  });
}

function checked(subscription: PushSubscription): PushSubscription {
  const { name, endpoint } = subscription;
  if (!nameShape.test(name)) throw new InvalidSubscription(`Invalid subscription name, ${name}`);
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined) throw new InvalidSubscription('Invalid push endpoint, it is no URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new InvalidSubscription(`Invalid push endpoint, ${url.protocol} is neither https: nor http:`);
  return subscription;
}

/** Upstream names a worker after its retry policy. */
function retryPolicy(type: string, period: number): RetryPolicy {
  if (type === 'slowstart') return { type };
  if (type === 'linear' || type === '') return { type: 'linear', periodMs: period > 0 ? period : defaultPeriodMs };
  throw new InvalidSubscription(`Invalid argument, worker ${type} not yet implemented`);
}

export function sameSubscription(one: PushSubscription, other: PushSubscription): boolean {
  return isDeepStrictEqual(one, other);
}
