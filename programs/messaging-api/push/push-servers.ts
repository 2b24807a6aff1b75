/**
 * The push servers as the API calls them: gRPC, the API's own certificate as the client's (reference, section 5). Any server answers for any subscription, so
 * they are tried in turn, the one that answered last first; what is told to a person are upstream's words.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type ClientOptions, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { MessagingApiConfig } from '../../../contracts/messaging-api-config.ts';
import type { SubscriptionDocument } from '../../../contracts/messaging-documents.ts';
import {
  healthService,
  type PushConfigMessage,
  pushService,
  type ServingStatus,
  type SubscriptionMessage,
} from '../../../contracts/push-service.ts';

/** What delivers to push endpoints. Each call answers with a text for a person, and never throws. */
export interface PushServers {
  activate(subscription: SubscriptionMessage): Promise<string>;
  /** By full name: `/projects/P/subscriptions/S`. */
  deactivate(fullName: string): Promise<string>;
  status(fullName: string): Promise<string>;
  /** Each server and its gRPC health. */
  health(): Promise<readonly { readonly endpoint: string; readonly status: string }[]>;
}

export interface ConnectedPushServers extends PushServers {
  /** Reads the certificate files again: for calls from now on. */
  renew(): void;
  close(): void;
}

type PushConfigPart = Pick<
  MessagingApiConfig,
  | 'push_enabled'
  | 'push_tls_enabled'
  | 'push_server_host'
  | 'push_server_port'
  | 'verify_push_server'
  | 'certificate'
  | 'certificate_key'
  | 'certificate_authorities_dir'
> & { readonly ensemble: Pick<MessagingApiConfig['ensemble'], 'pushServers'> };

const noServer = 'Push server is currently unavailable';
/** A server that does not answer for so long counts as unavailable. */
const callMs = 5_000;
/** Load balancers ask for the status every second or two, and take a node out that is slow to say it: a push server that hangs must not do that. */
const healthMs = 1_000;
const healthAgeMs = 1_000;
/** A server that comes back is found within this; gRPC's own default is two minutes. */
const backoff = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 5_000 } as const;

/** Where push is off, or no server is named. */
export const noPushServers: PushServers = {
  activate: async () => noServer,
  deactivate: async () => noServer,
  status: async () => noServer,
  health: async () => [],
};

/** Connects with the first call. Throws where a certificate file cannot be read. */
export function connectPushServers(config: PushConfigPart): ConnectedPushServers {
  const { pushServers } = config.ensemble;
  const upstreams = `${config.push_server_host}:${config.push_server_port}`;
  const endpoints = pushServers.length > 0 ? pushServers : config.push_server_host === '' ? [] : [upstreams];
  let clients: readonly Client[] = config.push_enabled ? createClients(endpoints, config) : [];
  let preferred = 0;
  let asked = Number.NEGATIVE_INFINITY;
  let healths: ReturnType<PushServers['health']> = Promise.resolve([]);

  const tryInTurn = async (
    method: string,
    request: object,
  ): Promise<{ readonly answer: object } | { readonly text: string }> => {
    let text = noServer;
    const inTurn = clients.map((_client, index) => (preferred + index) % clients.length);
    for (const index of inTurn) {
      const client = clients[index];
      if (client === undefined) continue;
      try {
        const answer = await unary(client, pushService[method], request);
        preferred = index;
        return { answer };
      } catch (error) {
        const { code } = error as ServiceError;
        const isReady = code !== status.INTERNAL && !isUnavailable(code);
        if (!isUnavailable(code)) text = textOf(error);
        if (isReady) return { text };
      }
    }
    return { text };
  };
  const textBy = async (method: string, request: object, field: 'message' | 'status'): Promise<string> => {
    const found = await tryInTurn(method, request);
    return 'text' in found ? found.text : String((found.answer as Readonly<Record<string, unknown>>)[field] ?? '');
  };

  return {
    activate: (subscription) => textBy('ActivateSubscription', { subscription }, 'message'),
    deactivate: (full_name) => textBy('DeactivateSubscription', { full_name }, 'message'),
    status: (full_name) => textBy('SubscriptionStatus', { full_name }, 'status'),
    health() {
      if (performance.now() - asked > healthAgeMs) {
        asked = performance.now();
        healths = Promise.all(
          clients.map(async (client, index) => ({ endpoint: endpoints[index] ?? '', status: await healthOf(client) })),
        );
      }
      return healths;
    },
    renew() {
      const before = clients;
      if (before.length > 0) clients = createClients(endpoints, config);
      for (const client of before) client.close();
    },
    close() {
      for (const client of clients) client.close();
      clients = [];
    },
  };
}

/** A stored push configuration as a push server is told. */
export function activationOf(project: string, stored: SubscriptionDocument): SubscriptionMessage {
  const push_config: PushConfigMessage = {
    push_endpoint: stored.push_endpoint,
    retry_policy: { type: stored.retry_policy, period: stored.retry_period },
    max_messages: stored.max_messages,
    authorization_header: stored.authorization_header,
    type: stored.push_type === 'mattermost' ? 'MATTERMOST' : 'HTTP_ENDPOINT',
    mattermost_url: stored.mattermost_url,
    mattermost_username: stored.mattermost_username,
    mattermost_channel: stored.mattermost_channel,
    base_64_decode: stored.base_64_decode,
  };
  return {
    full_name: `/projects/${project}/subscriptions/${stored.name}`,
    full_topic: `/projects/${project}/topics/${stored.topic}`,
    push_config,
  };
}

function createClients(endpoints: readonly string[], config: PushConfigPart): readonly Client[] {
  const security = config.push_tls_enabled
    ? credentials.createSsl(
        authorities(config.certificate_authorities_dir),
        readFileSync(config.certificate_key),
        readFileSync(config.certificate),
        { rejectUnauthorized: config.verify_push_server },
      )
    : credentials.createInsecure();
  const options: ClientOptions = backoff;
  return endpoints.map((endpoint) => new Client(endpoint, security, options));
}

/** Every file of the folder; null, which means the system's, where there is no folder. */
function authorities(folder: string): Buffer | null {
  if (folder === '' || !existsSync(folder)) return null;
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const texts = files.map(({ name }) => readFileSync(join(folder, name), 'latin1'));
  const certificates = texts.filter((text) => text.includes('-----BEGIN CERTIFICATE-----'));
  return certificates.length === 0 ? null : Buffer.from(certificates.join('\n'), 'latin1');
}

async function healthOf(client: Client): Promise<string> {
  try {
    const answer = (await unary(client, healthService.Check, { service: '' }, healthMs)) as {
      readonly status?: ServingStatus;
    };
    return answer.status ?? 'UNKNOWN';
  } catch (error) {
    return isUnavailable((error as ServiceError).code) ? noServer : textOf(error);
  }
}

function isUnavailable(code: number | undefined): boolean {
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || code === status.CANCELLED;
}

function textOf(error: unknown): string {
  const { details, message } = error as Partial<ServiceError>;
  return `Error: ${details ?? message ?? 'unknown'}`;
}

function unary(
  client: Client,
  method: (typeof pushService)[string] | undefined,
  request: object,
  timeoutMs = callMs,
): Promise<object> {
  if (method === undefined) return Promise.reject(new TypeError('the service has no such method'));
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + timeoutMs };
    const done = (error: ServiceError | null, answer?: object) =>
      error === null && answer !== undefined ? resolve(answer) : reject(error ?? new Error('no answer'));
    const { path, requestSerialize, responseDeserialize } = method;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), options, done);
  });
}
