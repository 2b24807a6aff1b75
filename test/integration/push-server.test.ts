/** Push servers in this process against a messaging API over memory: deliveries, endpoints that misbehave, gRPC, and several servers that share. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PushServer, startPushServer } from '../../programs/push-server/push-server.ts';
import { createMemoryRegistry } from '../../programs/push-server/sharing/memory-registry.ts';
import type { Registry } from '../../programs/push-server/sharing/registry.ts';
import {
  Certificates,
  Endpoint,
  type PushApi,
  pushConfig,
  startPushApi,
  until,
} from '../programs/push-server/push-fixture.ts';

const certificates = new Certificates();
let endpoint: Endpoint;
let api: PushApi;
let registry: Registry;
let servers: PushServer[];
let warnings: string[];

beforeAll(async () => {
  await certificates.authority();
});
afterAll(() => certificates.remove());
beforeEach(async () => {
  [servers, warnings, registry] = [[], [], createMemoryRegistry()];
  endpoint = await Endpoint.start(certificates);
  api = await startPushApi(certificates);
  await api.topic('T');
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await api.stop();
  await endpoint.stop();
});

async function start(changes: Parameters<typeof pushConfig>[2] = {}, ready = true): Promise<PushServer> {
  const warn = (words: string, error?: unknown) => void warnings.push(`${words}: ${String(error)}`);
  const server = await startPushServer(await pushConfig(certificates, api.port, changes), { registry, warn });
  servers.push(server);
  if (ready) await until(() => server.isReady(), Boolean);
  return server;
}

const linear = (path: string, more: object = {}) => ({
  pushEndpoint: endpoint.url(path),
  retryPolicy: { type: 'linear', period: 20 },
  ...more,
});

describe('deliveries', () => {
  it('delivers what is published, in its order, and acknowledges it', async () => {
    await api.subscribe('S', 'T', linear('/s'));
    await start();
    await api.publish('T', ['one', 'two', 'three']);
    await until(
      () => endpoint.texts('/s'),
      (texts) => texts.length >= 3,
    );
    expect(endpoint.texts('/s')).toEqual(['one', 'two', 'three']);
    await until(
      () => api.offset('S'),
      (offset) => offset === 3,
    );
  });
});
