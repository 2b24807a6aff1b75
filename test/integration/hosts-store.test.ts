/**
 * What stands in for the metadata store on the machines' network, as it runs there: its process, the server behind it, and the platform's own way to
 * connect. On addresses of the loopback interface in the place of nodes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect } from 'vitest';
import { connectMongo, isDuplicateKey, type MongoConnection } from '../../clients/mongo/connection.ts';
import { namedAddressing } from '../../cluster/addressing.ts';
import type { CloudConfig } from '../../drivers/hosts/cloud/cloud-config.ts';
import { keepStoreSecrets, storeConfig } from '../../drivers/hosts/cloud/store-secrets.ts';
import { hostsLayout } from '../../drivers/hosts/layout.ts';
import { ensureCertificates, ensureSecrets } from '../../operations/certificates.ts';
import { standInStore } from '../../operations/hosts/metadata-store.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { requires } from '../requirements.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { freePort } from './free-port.ts';
import { staging } from './hosts-run.ts';

const { describe, it } = requires('linux', 'java', 'maven');

describe('what stands in for the metadata store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-hosts-store-'));
  const cluster = staging();
  const addressing = namedAddressing(cluster);
  const secrets = memoryStore();
  let child: ChildProcess | undefined;
  let connection: MongoConnection | undefined;
  let port = 0;

  beforeAll(async () => {
    const needs = { environment: { cluster }, addressing, secrets };
    await ensureCertificates(needs);
    await ensureSecrets(needs);
    port = await freePort();
    const layout = hostsLayout(folder);
    const made = await standInStore({ cluster, addressing, booted: [], layout, secrets });
    if (made === undefined) throw new Error('nothing stands in');
    const authority = await ensureAuthority(secrets, cluster.environment);
    writeFileSync(join(folder, 'ca.pem'), authority.certificatePem);
    const members = made.store.members.map((member, index) => ({ ...member, name: `127.0.0.${index + 2}` }));
    const certificates = await Promise.all(
      members.map(async ({ node, name }) => {
        const spec = { id: `here-${node}`, commonName: node, hosts: [name] };
        return [node, await ensureCertificate(secrets, authority, spec)] as const;
      }),
    );
    const store = {
      ...made.store,
      port,
      members: members.map((member) => ({ ...member, address: member.name })),
      backend: {
        ...made.store.backend,
        port,
        command: made.store.backend.command.map((word) => (word === '27017' ? `${port}` : word)),
      },
    };
    await keepStoreSecrets(layout, { ...made.secrets, certificates: new Map(certificates) });
    const config: CloudConfig = {
      router: '',
      metadata: '',
      resolver: '',
      domain: '',
      names: {},
      machines: {},
      socket: '',
      endpoint: { host: '', port: 0 },
      tls: { certificate: '', key: '' },
      store: storeConfig(layout, store),
    };
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    child = spawn(process.execPath, ['--import', 'tsx', 'drivers/hosts/cloud/store.ts', file], {
      cwd: installationRoot(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('no output');
    const [line] = await once(createInterface({ input: child.stdout }), 'line', {
      signal: AbortSignal.timeout(60_000),
    });
    expect(line).toBe('ready');
    const password = (await secrets.read('mongodb/application'))?.toString('utf8') ?? '';
    const query = new URLSearchParams({
      replicaSet: 'staging',
      authSource: 'admin',
      w: 'majority',
      tls: 'true',
      tlsCAFile: join(folder, 'ca.pem'),
    });
    const hosts = members.map(({ name }) => `${name}:${port}`).join(',');
    const storeHost = `ensemble:${password}@${hosts}/?${query}`;
    connection = await connectMongo({ storeHost, database: 'argo_msg', warn: () => undefined });
  }, 120_000);
  afterAll(async () => {
    await connection?.close();
    if (child?.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps what is written by a majority’s leave, and refuses what a unique index refuses', async () => {
    const projects = connection?.database.collection<{ name: string; at: number }>('projects');
    await projects?.createIndex({ name: 1 }, { unique: true });
    await projects?.insertOne({ name: 'first', at: 1 });
    expect(
      await projects?.findOneAndUpdate({ name: 'first' }, { $inc: { at: 1 } }, { returnDocument: 'after' }),
    ).toMatchObject({ name: 'first', at: 2 });
    const again = await projects?.insertOne({ name: 'first', at: 3 }).catch((error: unknown) => error);
    expect(isDuplicateKey(again)).toBe(true);
    expect(await projects?.find().toArray()).toMatchObject([{ name: 'first', at: 2 }]);
  });
});
