/**
 * An API node behind a balancer, as a process of its own that a test may kill: the messaging API's own server over TLS, with its store and its
 * messages in memory. It leaves on SIGTERM as programs/messaging-api/main.ts does. Every request that arrives is noted in a file, by its id.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { messagingApiConfigShape } from '../../contracts/messaging-api-config.ts';
import { defaultRoles } from '../../contracts/messaging-roles.ts';
import { createApp } from '../../programs/messaging-api/app.ts';
import { MemoryBackend } from '../../programs/messaging-api/backend/memory-backend.ts';
import { createService } from '../../programs/messaging-api/service.ts';
import { createMemoryStore } from '../../programs/messaging-api/store/memory-store.ts';

const options = z
  .object({
    id: z.string(),
    host: z.string(),
    port: z.number(),
    certificate: z.string(),
    key: z.string(),
    token: z.string(),
    received: z.string(),
    leaveMs: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

/** Time that a server takes; a client that waits for it has its own bound. */
const passing = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));

const store = createMemoryStore();
for (const role of defaultRoles) await store.roles.insert(role);
const closing = new AbortController();
const service = createService({
  config: messagingApiConfigShape.parse({ service_token: options.token, auth_option: 'both' }),
  store,
  backend: new MemoryBackend(),
  closing: closing.signal,
});
const app = createApp(service, { tls: { cert: readFileSync(options.certificate), key: readFileSync(options.key) } });
app.addHook('onRequest', async (request, reply) => {
  const { 'x-test-id': id, 'x-test-delay-ms': delay } = request.headers;
  if (id === undefined) return;
  const { method, url, raw } = request;
  const line = { id, node: options.id, method, url, slow: Number(delay) >= 1_000, headers: raw.rawHeaders };
  appendFileSync(options.received, `${JSON.stringify(line)}\n`);
  reply.header('x-served-by', options.id);
  if (delay !== undefined) await passing(Number(delay));
});
await app.ready();
const make = async (url: string, body: object) => {
  const headers = { 'x-api-key': options.token };
  const { statusCode, payload } = await app.inject({ method: 'POST', url: `/v1/${url}`, headers, payload: body });
  if (statusCode !== 200) throw new Error(payload);
};
await make('projects/P', { description: '' });
const put = async (url: string, body: object) => {
  const headers = { 'x-api-key': options.token };
  const { statusCode, payload } = await app.inject({ method: 'PUT', url: `/v1/${url}`, headers, payload: body });
  if (statusCode !== 200) throw new Error(payload);
};
await put('projects/P/topics/t', {});
await put('projects/P/subscriptions/s', { topic: 'projects/P/topics/t' });

process.once('SIGTERM', async () => {
  closing.abort();
  await passing(options.leaveMs);
  await app.close();
  process.exit(0);
});
// A test that ends without a word takes its nodes with it.
process.once('disconnect', () => process.exit(1));
await app.listen({ host: options.host, port: options.port });
process.send?.('listening');
