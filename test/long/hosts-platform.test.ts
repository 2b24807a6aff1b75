/**
 * The whole platform of environments/staging.yaml on machines of this machine, the metadata store apart (docs/decisions/0046): twelve machines boot with the
 * user-data and the objects that the stacks ship, and are used as users use them: through each load balancer, over HTTPS that the environment's authority
 * vouches for, to the last acknowledgement. Then an API machine and a balancer's are lost.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { routerOf } from '../../drivers/hosts/networks.ts';
import type { EndpointOptions } from '../../operations/rehearse/exchange/endpoint.ts';
import type { Exchanged } from '../../operations/rehearse/exchange/exchange.ts';
import { runExchange } from '../../operations/rehearse/exchange/run-exchange.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { type HostsRun, staging, startHostsRun } from '../integration/hosts-run.ts';
import { requires } from '../requirements.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { tellFigures } from './figures.ts';

const { describe, it } = requires('root', 'linux', 'nspawn', 'moto', 'java', 'maven', 'debianIndex');
const minute = 60_000;
const timeout = 30 * minute;

describe('the whole platform on machines', { timeout }, () => {
  let run: HostsRun;
  let endpoint: EndpointOptions;
  let projects = 0;
  const messages = 1_000;

  /** What users meet; throws what is wrong. */
  const exchanged = async (more: Partial<Parameters<typeof runExchange>[0]> = {}): Promise<Exchanged> => {
    const secret = async (id: string) => (await run.cloud.secrets.read(id))?.toString('utf8') ?? '';
    projects += 1;
    const found = await runExchange({
      cluster: run.cluster,
      addressing: namedAddressing(run.cluster),
      layout: run.hosts.layout,
      token: await secret('tokens/users/admin'),
      authorityPem: await secret('tls/ca.pem'),
      project: `project-${projects}`,
      messages,
      perBatch: 100,
      timeoutMs: 2 * minute,
      signal: run.signal,
      ...more,
    });
    if (found === undefined) throw new Error('no balancer');
    return found;
  };
  /** Until the balancers have seen who is away. */
  const exchangedAgain = async (more: Partial<Parameters<typeof runExchange>[0]> = {}): Promise<void> => {
    const deadline = performance.now() + 2 * minute;
    for (;;) {
      const error = await exchanged({ ...more, messages: 20 }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) return;
      if (performance.now() > deadline) throw error;
      await delay(500);
    }
  };

  beforeAll(async () => {
    const store = memoryStore();
    const authority = await ensureAuthority(store, 'endpoints');
    const address = routerOf('10.20.0.0/16');
    const shown = await ensureCertificate(store, authority, {
      id: 'endpoint',
      commonName: 'endpoint',
      hosts: [address],
    });
    endpoint = { address, port: 8444, certificatePem: shown.certificatePem, keyPem: shown.keyPem };
    const indented = authority.certificatePem.trim().replaceAll(/^/gm, '    ');
    const named = (text: string) => text.replace(/^push:\n/m, `push:\n  endpointAuthorities: |\n${indented}\n`);
    run = await startHostsRun(staging('', named), ['master', 'worker', 'api', 'push', 'balancer']);
  }, timeout);
  afterAll(() => run?.dispose(), 5 * minute);

  it('boots: twelve machines become their nodes with user-data and objects byte for byte, and every service serves', async () => {
    const begun = performance.now();
    const seconds = () => Math.round((performance.now() - begun) / 1000);
    await run.hosts.up(run.cloud.world, { ...run.cloud.shown, signal: run.signal });
    const booted = seconds();
    await Promise.all(run.nodes().map((node) => run.become(node)));
    const became = seconds();
    await Promise.all(run.nodes().map((node) => run.serves(node)));
    const served = seconds();
    expect(run.nodes()).toHaveLength(12);
    for (const node of run.nodes()) expect([node, await run.differences(node)]).toEqual([node, []]);
    for (const node of run.nodes()) expect(await run.cloud.report(node)).toMatchObject({ node, fault: null });
    const memory = (await run.hosts.status()).map(({ node, memoryMiB }) => `${node} ${memoryMiB}`);
    await tellFigures(
      'test/long/hosts-platform.test.ts',
      `Machines ran after ${booted} s, were their nodes after ${became} s and served after ${served} s. Memory of each, without the page cache, in MiB: ${memory.join(', ')}.`,
    );
  });

  it('has the topics of its manifest, made by the post-deploy entry', async () => {
    const entry = ['--import', 'tsx', 'scripts/create-topics.ts', '-e', 'staging', '--bootstrap', run.bootstrap];
    await run.inside(['env', '--chdir', installationRoot(), process.execPath, ...entry]);
    expect(await run.topics('--describe')).toMatch(/Topic: monitoring\.pms\s.*ReplicationFactor: 2/);
  });

  it('delivers every message through each load balancer under the id that it gave, and to a push endpoint', async () => {
    const found = await exchanged({ endpoint });
    expect(found.entrances).toMatchObject([
      { name: 'balancer-1', pulledThrough: 'balancer-2', published: messages, delivered: messages },
      { name: 'balancer-2', pulledThrough: 'balancer-1', published: messages, delivered: messages },
    ]);
    expect(found.pushed).toEqual({ published: 20, delivered: 20 });
  });

  it('says of what stands in for the metadata store what it is not', async () => {
    const { store } = JSON.parse(await readFile(run.hosts.layout.worldFile, 'utf8'));
    expect(store.members.map(({ node }: { readonly node: string }) => node)).toEqual([
      'metadata-1',
      'metadata-2',
      'metadata-3',
    ]);
    expect(store.says).toMatch(/a stand-in serves .* no MongoDB, no second copy, no election/);
    // Passwords are kept by nobody: what verifies them is.
    const users = await readFile(join(run.hosts.layout.cloud.storeFolder, 'users.json'), 'utf8');
    expect(users).not.toContain((await run.cloud.secrets.read('mongodb/application'))?.toString('utf8') ?? 'nothing');
    expect(Object.keys(JSON.parse(users))).toEqual(['ensemble', 'admin']);
  });

  it('goes on with one API machine, and takes another in its place', async () => {
    const lost = await run.machine('api-1');
    await lost.kill();
    await exchangedAgain();
    await exchanged();
    await run.hosts.replace('api-1', { ...lost.host, instance: 'i-another' }, run.signal);
    await run.become('api-1');
    await run.serves('api-1');
    await exchanged();
  });

  it('goes on through the other load balancer', async () => {
    await (await run.machine('balancer-1')).kill();
    await exchangedAgain({ through: ['balancer-2'] });
    expect((await exchanged({ through: ['balancer-2'], endpoint })).entrances).toMatchObject([
      { name: 'balancer-2', pulledThrough: 'balancer-2', delivered: messages },
    ]);
  });

  it('leaves nothing behind', async () => {
    await run.hosts.down();
    expect(await run.hosts.leftovers()).toEqual([]);
  });
});
