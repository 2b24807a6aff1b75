/**
 * An API over a store and a back-end in memory, its users, and requests to it without a network. Every answer is held against the OpenAPI document.
 */
import type { FastifyInstance } from 'fastify';
import { type MessagingApiConfig, messagingApiConfigShape } from '../../../contracts/messaging-api-config.ts';
import { defaultRoles } from '../../../contracts/messaging-roles.ts';
import { createApp } from '../../../programs/messaging-api/app.ts';
import { MemoryBackend } from '../../../programs/messaging-api/backend/memory-backend.ts';
import { createService, type ServiceParts } from '../../../programs/messaging-api/service.ts';
import { createMemoryStore } from '../../../programs/messaging-api/store/memory-store.ts';
import type { Store } from '../../../programs/messaging-api/store/store.ts';
import { documentFaults } from './documented.ts';

export const serviceToken = 'the-service-token';
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly body: unknown;
}

export interface Api {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly backend: MemoryBackend;
  /** Tells and sets the service's clock. */
  readonly clock: { now: number };
  readonly warnings: string[];
  ask(method: Method, path: string, options?: { key?: string; body?: unknown; raw?: string }): Promise<Reply>;
  /** As ask, with the service token; throws unless it is a 200. */
  make(method: Method, path: string, body?: unknown): Promise<unknown>;
  /** Makes a user and answers with his token. */
  user(name: string, projects: readonly object[], serviceRoles?: readonly string[]): Promise<string>;
}

export async function startApi(
  config: Partial<Record<keyof MessagingApiConfig, unknown>> = {},
  parts: Partial<ServiceParts> = {},
): Promise<Api> {
  const store = parts.store ?? createMemoryStore();
  const backend = parts.backend instanceof MemoryBackend ? parts.backend : new MemoryBackend();
  const clock = { now: Date.parse('2026-03-01T10:00:00.250Z') };
  backend.now = () => clock.now;
  const warnings: string[] = [];
  for (const role of defaultRoles) await store.roles.insert(role);
  const service = createService({
    config: messagingApiConfigShape.parse({ service_token: serviceToken, auth_option: 'both', ...config }),
    now: () => new Date(clock.now),
    warn: (words, error) => warnings.push(`${words}: ${String(error)}`),
    ...parts,
    store,
    backend,
  });
  const app = createApp(service);
  const ask: Api['ask'] = async (method, path, { key = serviceToken, body, raw } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await app.inject({
      method,
      url: path.startsWith('/') ? path : `/v1/${path}`,
      headers: key === '' ? {} : { 'x-api-key': key },
      ...(payload === undefined ? {} : { payload }),
    });
    const text = response.body;
    const isJson = text.startsWith('{');
    const type = String(response.headers['content-type'] ?? '');
    const reply = { status: response.statusCode, type, text, body: isJson ? JSON.parse(text) : undefined };
    const faults = documentFaults(method, path.startsWith('/') ? path : `/v1/${path}`, reply);
    if (faults.length > 0) throw new Error(`not as the OpenAPI document says: ${faults.join('; ')}`);
    return reply;
  };
  const make: Api['make'] = async (method, path, body) => {
    const reply = await ask(method, path, { body });
    if (reply.status !== 200) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.body;
  };
  return {
    app,
    store,
    backend,
    clock,
    warnings,
    ask,
    make,
    async user(name, projects, serviceRoles = []) {
      const made = await make('POST', `users/${name}`, {
        email: `${name}@x.org`,
        projects,
        service_roles: serviceRoles,
      });
      return (made as { token: string }).token;
    },
  };
}

/** A project P with the topic T and the subscription S to it. */
export async function startWithSubscription(...given: Parameters<typeof startApi>): Promise<Api> {
  const api = await startApi(...given);
  await api.make('POST', 'projects/P', {});
  await api.make('PUT', 'projects/P/topics/T');
  await api.make('PUT', 'projects/P/subscriptions/S', { topic: 'projects/P/topics/T' });
  return api;
}

export function refusal(code: number, status: string, message: string): object {
  return { error: { code, message, status } };
}

export async function publishTexts(api: Api, ...texts: readonly string[]): Promise<readonly string[]> {
  const messages = texts.map((text) => ({ data: Buffer.from(text).toString('base64') }));
  const answer = await api.make('POST', 'projects/P/topics/T:publish', { messages });
  return (answer as { messageIds: readonly string[] }).messageIds;
}

export interface Received {
  readonly ackId: string;
  readonly message: { readonly messageId: string; readonly data: string; readonly attributes?: Record<string, string> };
}

export async function pullMessages(api: Api, maxMessages = 10): Promise<readonly Received[]> {
  const body = { maxMessages: String(maxMessages), returnImmediately: 'true' };
  const answer = await api.make('POST', 'projects/P/subscriptions/S:pull', body);
  return (answer as { receivedMessages: readonly Received[] }).receivedMessages;
}

export function acknowledgeIds(api: Api, ...offsets: readonly (number | string)[]): Promise<Reply> {
  const ackIds = offsets.map((offset) => `projects/P/subscriptions/S:${offset}`);
  return api.ask('POST', 'projects/P/subscriptions/S:acknowledge', { body: { ackIds } });
}

export async function currentOffset(api: Api): Promise<number> {
  const answer = await api.make('GET', 'projects/P/subscriptions/S:offsets');
  return (answer as { current: number }).current;
}
