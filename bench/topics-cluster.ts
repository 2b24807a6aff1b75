/** What the figures about topics share: a cluster of their own, manifests of many topics, raw requests in the applier's chunks, and counts of requests. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ApiName } from '../clients/kafka/api.ts';
import { connect, type KafkaConnection } from '../clients/kafka/connection.ts';
import { createTopics, type NewTopic } from '../clients/kafka/requests/create-topics.ts';
import { type BenchPlatform, benchPlatform, repeated } from './platform.ts';

/** Workers of the shipped local environment on the subnet of these figures. */
export const bootstrap = [101, 102, 103].map((host) => `127.0.27.${host}:9092`);
/** As topics/apply/apply.ts cuts what it sends; topics of 3:2 never reach its second limit. */
const topicsPerRequest = 300;
/** Larger than any chunk takes. */
const brokerTimeoutMs = 300_000;

export interface TopicsCluster {
  readonly platform: BenchPlatform;
  /** Writes a manifest that declares these and nothing else; its path. */
  writeManifest(topics: readonly NewTopic[]): Promise<string>;
}

/** A fresh cluster, up and with the shipped topics, for the time of `work`. */
export async function withTopicsCluster<T>(work: (cluster: TopicsCluster) => Promise<T>): Promise<T> {
  const platform = await repeated(
    async () => {
      const fresh = await benchPlatform(27, { workerHeapMiB: 512 });
      try {
        await fresh.ensemble(['up', '--json', '--no-messages']);
        return fresh;
      } catch (error) {
        await fresh.dispose();
        throw error;
      }
    },
    () => {},
  );
  const writeManifest = async (topics: readonly NewTopic[]) => {
    const file = join(dirname(platform.environmentFile), 'many.yaml');
    await writeFile(file, manifestOf(topics));
    return file;
  };
  try {
    return await work({ platform, writeManifest });
  } finally {
    await platform.dispose();
  }
}

export async function connected<T>(work: (connection: KafkaConnection) => Promise<T>): Promise<T> {
  const connection = await connect({ bootstrap, clientId: 'bench' });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** In short forms. */
export function manifestOf(topics: readonly NewTopic[]): string {
  const lines = topics.map(({ topic, partitions, replicas }) => `  - ${topic}:${partitions}:${replicas}\n`);
  return `topics:\n${lines.join('')}`;
}

/** `prefix.00000` and so on. */
export function manyTopics(prefix: string, count: number, partitions: number, replicas: number): readonly NewTopic[] {
  return Array.from({ length: count }, (_, index) => ({
    topic: `${prefix}.${String(index).padStart(5, '0')}`,
    partitions,
    replicas,
    config: {},
  }));
}

/** Chunks of the applier's size, cut without the applier. */
export function chunked<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / topicsPerRequest) }, (_, chunk) =>
    items.slice(chunk * topicsPerRequest, (chunk + 1) * topicsPerRequest),
  );
}

/** Requests one after the other and nothing else. @throws Error where a topic was refused */
export async function createRaw(connection: KafkaConnection, topics: readonly NewTopic[]): Promise<void> {
  for (const chunk of chunked(topics)) {
    for (const { topic, error } of await createTopics(connection, chunk, { brokerTimeoutMs }))
      if (error !== undefined) throw new Error(`${topic}: ${error.message}`);
  }
}

export type RequestCounts = Readonly<Partial<Record<ApiName, number>>>;

/** What `work` took, and the requests that went out meanwhile, by kind. */
export async function measured<T>(
  connection: KafkaConnection,
  work: () => Promise<T>,
): Promise<{ readonly ms: number; readonly requests: RequestCounts; readonly result: T }> {
  const before = { ...connection.requests };
  const started = performance.now();
  const result = await work();
  const ms = performance.now() - started;
  const counts = Object.entries(connection.requests).map(([name, count]) => [name, count - before[name as ApiName]]);
  return { ms, requests: Object.fromEntries(counts.filter(([, count]) => count !== 0)), result };
}

/** @throws AssertionError where other requests were sent than `expected` */
export function assertRequests(what: string, sent: RequestCounts, expected: RequestCounts): void {
  assert.deepEqual(sent, expected, `${what} sent other requests than it may`);
}

/** `4 CreateTopics, 1 Metadata` */
export function formatRequests(requests: RequestCounts): string {
  return Object.entries(requests)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
