/** What goes wrong around the API while a platform comes up or runs: each fault with the message that a person sees, and what goes on meanwhile. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import type { StatusReport } from '../../operations/status.ts';
import type { UpReport } from '../../operations/up.ts';
import { requires } from '../requirements.ts';
import { type ApiOptions, apiClient, whileAsking } from './api-client.ts';
import { type LocalPlatform, localPlatform } from './platform-fixture.ts';

const { describe, it } = requires('java', 'haproxy', 'linux');

describe('a whole platform that meets a fault', () => {
  let platform: LocalPlatform;
  let options: ApiOptions;
  const status = () => platform.json<StatusReport>(['status']);

  beforeAll(async () => {
    platform = await localPlatform(58);
    // As small as it can be: what is tried here is what a person reads.
    await platform.change((text) =>
      text
        .replace('zones: [zone-a, zone-b, zone-c]', 'zones: [zone-a, zone-b, zone-c]\nspread: 1')
        .replace(/^(masters|api|push):\n {2}count: \d/gm, '$1:\n  count: 1')
        .replace(/^workers:\n {2}count: 3/m, 'workers:\n  count: 2'),
    );
  });
  afterAll(() => platform.dispose());

  it('says which field maps a topic that the manifest lacks, before anything is started', async () => {
    await platform.change((text) => text.replace('kafka: monitoring.pms', 'kafka: monitoring.psm'));
    const { status: exit, stdout, stderr } = await platform.run(['up']);
    expect(exit).toBe(1);
    expect(stderr).toContain(
      'OPERATIONS_MAPPED_TOPIC_MISSING api.projects.monitoring.topics.pms stands for the topic monitoring.psm, which ',
    );
    expect(stderr).toContain('next: Declare monitoring.psm in the manifest, or leave `kafka` out');
    expect(stdout).not.toContain('Masters');
    expect((await platform.run(['validate', platform.environmentFile])).stderr).toContain('MAPPED_TOPIC_MISSING');
    await platform.change((text) => text.replace('kafka: monitoring.psm', 'kafka: monitoring.pms'));
  });

  it('names the taken port of the balancer and its holder, and starts nothing', async () => {
    const stranger = createServer().listen(4443, `${platform.network}.91`);
    await once(stranger, 'listening');
    const { status: exit, stderr } = await platform.run(['up']);
    stranger.close();
    expect(exit).toBe(1);
    expect(stderr).toContain(`DRIVER_PORT_TAKEN balancer-1 needs ${platform.network}.91:4443 for haproxy, but `);
    expect(stderr).toContain(`(pid ${process.pid}) listens there`);
    expect((await status()).services.filter(({ pid }) => pid !== undefined)).toEqual([]);
  });

  it('loses requests while the balancer is stopped, which the stream of the tests notices, and says which service that is', async () => {
    const result = await platform.run(['up', '--no-messages', '--json']);
    expect(result.status, result.stderr).toBe(0);
    const { entrance } = JSON.parse(result.stdout) as UpReport;
    const token = (await platform.run(['token'])).stdout.trim();
    const authority = await readFile(entrance?.authorityFile ?? '', 'utf8');
    options = { url: entrance?.url ?? '', authority, token };
    const stream = [{ method: 'GET', path: 'projects/monitoring', kept: false }];
    const { failures } = await whileAsking(options, stream, async () => {
      expect((await platform.run(['stop', 'balancer-1', '--timeout', '1'])).status).toBe(0);
      const seen = await platform.run(['status']);
      expect(seen.status).toBe(3);
      expect(seen.stdout).toContain('not healthy: haproxy on balancer-1 is stopped');
      expect((await platform.run(['start', 'balancer-1'])).status).toBe(0);
    });
    expect(failures[0]).toContain('GET projects/monitoring: ');
  });

  it('says why the seed cannot make a user, in its own words, while all that runs goes on', async () => {
    const api = apiClient(options);
    expect((await api('PUT', 'users/collector', { name: 'gatherer' })).status).toBe(200);
    const { status: exit, stdout, stderr } = await platform.run(['up']);
    expect(exit).toBe(1);
    expect(stdout).toContain('Messaging API: failed after');
    expect(stderr).toContain('DRIVER_JOB_FAILED seed, for messaging-api on api-1, ended with 1');
    expect(stderr).toContain('SEED_TOKEN_TAKEN');
    expect(stderr).toContain('the token that the file gives to the user collector is that of the user gatherer');
    expect((await api('GET', 'projects/monitoring')).status).toBe(200);
    expect((await api('PUT', 'users/gatherer', { name: 'collector' })).status).toBe(200);
    expect((await platform.run(['up'])).status).toBe(0);
  });

  it('says which server stands still where the metadata store does, and is healthy once it goes on', async () => {
    const store = (await status()).services.find(({ service }) => service === 'mongodb-stand-in')?.pid ?? 0;
    process.kill(store, 'SIGSTOP');
    try {
      const seen = await platform.run(['status']);
      expect(seen.status).toBe(3);
      expect(seen.stdout).toContain('mongodb-stand-in on metadata-1 is starting');
    } finally {
      process.kill(store, 'SIGCONT');
    }
    expect((await platform.run(['up'])).status).toBe(0);
    expect((await status()).healthy).toBe(true);
  });
});
