/**
 * The push servers' gRPC service in TypeScript: contracts/push.proto said once more as data, and gRPC's own health service, so that one bundled file needs no
 * .proto beside it. test/programs/push-server/push-service.test.ts holds these against the .proto files, descriptor by descriptor.
 */
import { fromJSON, type Options, type ServiceDefinition } from '@grpc/proto-loader';

/** int64 as a number: max_messages is far from 2^53. Absent fields have their zero value, enums are their names. */
const asMessages: Options = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };

/** A field's type and number. */
const field = (type: string, id: number) => ({ type, id });
const unary = (name: string) => ({ requestType: `${name}Request`, responseType: `${name}Response` });

const pushNames = {
  PushService: {
    methods: {
      ActivateSubscription: unary('ActivateSubscription'),
      DeactivateSubscription: unary('DeactivateSubscription'),
      Status: unary('Status'),
      SubscriptionStatus: unary('SubscriptionStatus'),
    },
  },
  ActivateSubscriptionRequest: { fields: { subscription: field('Subscription', 1) } },
  ActivateSubscriptionResponse: { fields: { message: field('string', 1) } },
  DeactivateSubscriptionRequest: { fields: { full_name: field('string', 1) } },
  DeactivateSubscriptionResponse: { fields: { message: field('string', 1) } },
  StatusRequest: { fields: {} },
  StatusResponse: { fields: {} },
  SubscriptionStatusRequest: { fields: { full_name: field('string', 1) } },
  SubscriptionStatusResponse: { fields: { status: field('string', 1) } },
  Subscription: {
    fields: {
      full_name: field('string', 1),
      full_topic: field('string', 2),
      push_config: field('PushConfig', 4),
    },
  },
  PushConfig: {
    fields: {
      push_endpoint: field('string', 1),
      retry_policy: field('RetryPolicy', 2),
      max_messages: field('int64', 3),
      authorization_header: field('string', 4),
      type: field('PushType', 5),
      mattermost_url: field('string', 6),
      mattermost_username: field('string', 7),
      mattermost_channel: field('string', 8),
      base_64_decode: field('bool', 9),
    },
  },
  PushType: { values: { HTTP_ENDPOINT: 0, MATTERMOST: 1 } },
  RetryPolicy: { fields: { type: field('string', 1), period: field('uint32', 2) } },
};

/** grpc.health.v1 as published with gRPC; `List` is left out, since push servers have one service to speak of. */
const healthNames = {
  Health: {
    methods: {
      Check: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse' },
      Watch: { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', responseStream: true },
    },
  },
  HealthCheckRequest: { fields: { service: field('string', 1) } },
  HealthCheckResponse: {
    fields: { status: field('ServingStatus', 1) },
    nested: { ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } } },
  },
};

/**
 * A service of proto3 messages given as data, as protobufjs writes them in JSON: its `name` within the package `path` (none: the root).
 * @throws TypeError where `nested` has no such service
 */
export function defineService(nested: object, name: string, path?: string): ServiceDefinition {
  const packages = path === undefined ? [] : path.split('.').reverse();
  const root = packages.reduce<object>((inner, each) => ({ nested: { [each]: inner } }), { edition: 'proto3', nested });
  const loaded = fromJSON(root, asMessages)[path === undefined ? name : `${path}.${name}`];
  if (loaded === undefined || 'format' in loaded) throw new TypeError(`${name} is no service`);
  return loaded as ServiceDefinition;
}

/** PushService, as a server adds it and a client's constructor is made from it (`makeGenericClientConstructor`). */
export const pushService: ServiceDefinition = defineService(pushNames, 'PushService');
/** grpc.health.v1.Health, Check and Watch. */
export const healthService: ServiceDefinition = defineService(healthNames, 'Health', 'grpc.health.v1');

/** What each service's file declares, by full name, for reflection. */
export const serviceSymbols = {
  PushService: Object.keys(pushNames),
  'grpc.health.v1.Health': Object.keys(healthNames).map((name) => `grpc.health.v1.${name}`),
} as const;

/** ActivateSubscriptionRequest.subscription as it is decoded: every field is there, absent messages are null. */
export interface SubscriptionMessage {
  /** `/projects/P/subscriptions/S` */
  readonly full_name: string;
  /** `/projects/P/topics/T` */
  readonly full_topic: string;
  readonly push_config: PushConfigMessage | null;
}

export interface PushConfigMessage {
  readonly push_endpoint: string;
  readonly retry_policy: {
    readonly type: string;
    /** Milliseconds. */
    readonly period: number;
  } | null;
  readonly max_messages: number;
  /** The whole value of the Authorization header; empty: none. */
  readonly authorization_header: string;
  /** A value that the enumeration lacks arrives as its number. */
  readonly type: 'HTTP_ENDPOINT' | 'MATTERMOST' | number;
  readonly mattermost_url: string;
  readonly mattermost_username: string;
  readonly mattermost_channel: string;
  readonly base_64_decode: boolean;
}

export type ServingStatus = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
