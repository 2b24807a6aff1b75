/** Hooks for tests of push servers in this process: an endpoint, a messaging API, a registry that servers share, and servers that end with their test. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type PushServer, startPushServer } from '../../../programs/push-server/push-server.ts';
import { createMemoryRegistry } from '../../../programs/push-server/sharing/memory-registry.ts';
import type { Registry } from '../../../programs/push-server/sharing/registry.ts';
import { callGrpc } from './grpc-fixture.ts';
import { Certificates, Endpoint, type PushApi, pushConfig, startPushApi, until } from './push-fixture.ts';

export interface Bench {
  readonly certificates: Certificates;
  endpoint: Endpoint;
  /** With the topic T. */
  api: PushApi;
  registry: Registry;
  servers: PushServer[];
  warnings: string[];
  /** A server over the shared registry, ready. */
  start(changes?: Parameters<typeof pushConfig>[2]): Promise<PushServer>;
  /** What a server answers for a subscription of the project P. */
  statusOf(server: PushServer, name: string): Promise<string>;
  /** A push configuration with the path of the endpoint and a period of 20 ms. */
  linear(path: string, more?: object): object;
}

/** Registers the hooks; what it answers with is filled before each test. */
export function useBench(): Bench {
  const certificates = new Certificates();
  const bench = { certificates, servers: [], warnings: [], start, statusOf, linear } as unknown as Bench;
  beforeAll(async () => void (await certificates.authority()));
  afterAll(() => certificates.remove());
  beforeEach(async () => {
    bench.servers = [];
    bench.warnings = [];
    bench.registry = createMemoryRegistry();
    bench.endpoint = await Endpoint.start(certificates);
    bench.api = await startPushApi(certificates);
    await bench.api.topic('T');
  });
  afterEach(async () => {
    await Promise.all(bench.servers.map((server) => server.stop()));
    await bench.api.stop();
    await bench.endpoint.stop();
  });

  async function start(changes: Parameters<typeof pushConfig>[2] = {}): Promise<PushServer> {
    const { api, registry, warnings, servers } = bench;
    const warn = (words: string, error?: unknown) => void warnings.push(`${words}: ${String(error)}`);
    const server = await startPushServer(await pushConfig(certificates, api.port, changes), { registry, warn });
    servers.push(server);
    await until(() => server.isReady(), Boolean);
    return server;
  }

  async function statusOf(server: PushServer, name: string): Promise<string> {
    const full_name = `/projects/P/subscriptions/${name}`;
    const { value, details } = await callGrpc(certificates, server.port, 'SubscriptionStatus', { full_name });
    return String(value?.status ?? details);
  }

  function linear(path: string, more: object = {}): object {
    return { pushEndpoint: bench.endpoint.url(path), retryPolicy: { type: 'linear', period: 20 }, ...more };
  }
  return bench;
}
