/**
 * Memory of the API's nodes at full load for ten minutes: through the balancer, batches and single messages, two subscriptions that are pulled all the while. What
 * counts is the process's own high-water mark (VmHWM), so that no moment is missed. The bound: 250 MB.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { type ApiClient, apiClient, sustain } from '../../bench/api-load.ts';
import type { StatusReport } from '../../operations/status.ts';
import { type LocalPlatform, localPlatform } from '../integration/platform-fixture.ts';
import { requires } from '../requirements.ts';
import { tellFigures } from './figures.ts';

const { describe, it } = requires('java', 'maven', 'haproxy', 'linux');

const minutes = 10;
const forMs = minutes * 60_000;
const atMostMB = 250;
const connections = 128;

describe('two API nodes at full load', () => {
  let platform: LocalPlatform;
  let client: ApiClient;

  beforeAll(async () => {
    platform = await localPlatform(59);
    const { status, stderr, stdout } = await platform.run(['up', '--no-messages', '--json']);
    expect(status, stderr + stdout).toBe(0);
    const { entrance } = JSON.parse(stdout) as { entrance: { url: string; authorityFile: string } };
    const token = (await platform.run(['token'])).stdout.trim();
    client = apiClient({
      url: entrance.url,
      authorityPem: await readFile(entrance.authorityFile, 'utf8'),
      token,
      connections,
    });
    await client.post('/projects/load', { description: '' });
    for (const name of ['batches', 'singles']) {
      await client.put(`/projects/load/topics/${name}`, {});
      await client.put(`/projects/load/subscriptions/${name}`, { topic: `projects/load/topics/${name}` });
    }
  });
  afterAll(async () => {
    client?.close();
    await platform.dispose();
  });

  it(`take less than ${atMostMB} MB in ${minutes} minutes of publishing and pulling`, async () => {
    const data = Buffer.alloc(200, 'x').toString('base64');
    const publish = (topic: string, messages: number) => () =>
      client.post(`/projects/load/topics/${topic}:publish`, {
        messages: Array.from({ length: messages }, () => ({ data })),
      });
    const pull = (name: string) => async () => {
      const path = `/projects/load/subscriptions/${name}`;
      const answer = await client.post(`${path}:pull`, { maxMessages: '1000', returnImmediately: 'true' });
      const ackIds = (answer as { receivedMessages: { ackId: string }[] }).receivedMessages.map(({ ackId }) => ackId);
      if (ackIds.length > 0) await client.post(`${path}:acknowledge`, { ackIds });
    };
    const rates = await Promise.all([
      sustain({ workers: 16, messages: 100, forMs }, publish('batches', 100)),
      sustain({ workers: 64, messages: 1, forMs }, publish('singles', 1)),
      sustain({ workers: 1, messages: 1, forMs }, pull('batches')),
      sustain({ workers: 1, messages: 1, forMs }, pull('singles')),
    ]);
    for (const { perSecond } of rates) expect(perSecond).toBeGreaterThan(0);
    const { services } = await platform.json<StatusReport>(['status']);
    const nodes = services.filter(({ service }) => service === 'messaging-api');
    expect(nodes).toHaveLength(2);
    const peaks = await Promise.all(nodes.map(async ({ node, pid }) => ({ node, MB: await highWaterMB(pid) })));
    const [batches, singles] = rates.map(({ perSecond }) => Math.round(perSecond));
    await tellFigures(
      'test/long/messaging-api-memory.test.ts',
      `Peaks (VmHWM): ${peaks.map(({ node, MB }) => `${node} ${MB} MB`).join(', ')}; at most ${atMostMB} MB are allowed. Published all the while: ${batches}/s in batches of 100, ${singles}/s one at a time.`,
    );
    expect(peaks.filter(({ MB }) => MB >= atMostMB)).toEqual([]);
  });
});

async function highWaterMB(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round((Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1]) * 1_024) / 1e6);
}
