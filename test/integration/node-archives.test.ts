/**
 * The archives that nodes install, as real bytes: built, unpacked as a node unpacks them, and run. ZooKeeper and Kafka start on the image of Java with the
 * files that the model renders for them, and what is damaged or other than the lock says is caught.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from 'vitest';
import { hashFile } from '../../artifacts/archive.ts';
import {
  type ArchiveFile,
  buildArchives,
  dropOtherArchives,
  lookAtArchives,
  type PlacedArtifact,
} from '../../artifacts/archive-files.ts';
import type { RuntimesLock } from '../../artifacts/artifacts-lock.ts';
import { cacheRootOf } from '../../artifacts/cache.ts';
import { archivesFolder } from '../../artifacts/node-archives.ts';
import { programs } from '../../artifacts/program-bundle.ts';
import { createProducer } from '../../clients/kafka/messaging.ts';
import { localAddressing } from '../../cluster/addressing.ts';
import { parseEnvironment } from '../../cluster/load.ts';
import { resolveCluster } from '../../cluster/resolve.ts';
import { processDriver } from '../../drivers/processes/process-driver.ts';
import type { Runtimes } from '../../drivers/processes/program-command.ts';
import { ensureCertificates } from '../../operations/certificates.ts';
import { requires } from '../requirements.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { buildableRuntimes } from './node-archives-fixture.ts';
import { eventually } from './platform-fixture.ts';

const { describe, it } = requires('debianIndex', 'linux', 'maven');
const run = promisify(execFile);

let folder: string;
let runtimes: RuntimesLock;
let archives: Readonly<Record<string, ArchiveFile>>;
const unpacked = (name: string) => join(folder, 'opt', name);
const project = () => join(folder, 'project');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ensemble-archives-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the archives of nodes', () => {
  beforeAll(async () => {
    runtimes = await buildableRuntimes();
    const built = await buildArchives({ projectFolder: project(), runtimes });
    archives = Object.fromEntries(built.map((archive) => [archive.name, archive]));
    for (const { name, file } of built.filter(({ name }) => !programs.some((program) => program === name))) {
      await mkdir(unpacked(name), { recursive: true });
      await run('tar', ['-xf', join(project(), file), '-C', unpacked(name)]);
    }
  }, 600_000);

  it('are all there after a build, and a second build makes nothing', async () => {
    const names = ['java', 'node', 'haproxy', 'xfsprogs', 'zookeeper', 'kafka', ...programs];
    expect(Object.keys(archives).sort()).toEqual([...names].sort());
    const made: string[] = [];
    const again = await buildArchives({ projectFolder: project(), runtimes }, ({ name }) => made.push(name));
    expect([again.every(({ state }) => state === 'whole'), made]).toEqual([true, []]);
  });

  it('run our programs on the Node that npm publishes', async () => {
    const node = join(unpacked('node'), 'package', 'bin', 'node');
    expect((await run(node, ['--version'])).stdout.trim()).toBe(`v${runtimes.node.version}`);
    const seed = archives.seed;
    await mkdir(unpacked('seed'));
    await run('tar', ['-xf', join(project(), seed?.file ?? ''), '-C', unpacked('seed')]);
    await writeFile(join(folder, 'seed.json'), '{"no_such_key": 1}');
    const args = [join(unpacked('seed'), 'seed.mjs'), '--config', join(folder, 'seed.json')];
    await expect(run(node, args, { env: {} })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/seed\.json/),
    });
  });

  it.each([
    ['haproxy', 'usr/sbin/haproxy', ['-v'], /liblua5\.3|libopentracing/],
    ['xfsprogs', 'sbin/mkfs.xfs', ['-V'], /libinih|liburcu/],
  ] as const)('run Debian’s %s with the libraries that came along', async (name, program, args, libraries) => {
    const root = join(folder, `${name}-installed`);
    for (const deb of await readdir(unpacked(name))) await run('dpkg-deb', ['-x', join(unpacked(name), deb), root]);
    const env = { LD_LIBRARY_PATH: join(root, 'usr', 'lib', 'x86_64-linux-gnu') };
    const { stdout } = await run(join(root, program), args, { env });
    expect(stdout).toContain(runtimes[name].version.replace(/-.*/, ''));
    const linked = (await run('ldd', [join(root, program)], { env: { ...env, PATH: '/usr/bin:/bin' } })).stdout;
    const lines = linked.split('\n').filter((line) => libraries.test(line));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toContain(root);
  });

  it('start ZooKeeper and Kafka, which speaks TLS to itself, on the image of Java', { timeout: 180_000 }, async () => {
    const stateDirectory = join(folder, 'state');
    const cluster = resolveCluster(parseEnvironment({ file: 'small.yaml', text: small }));
    const addressing = localAddressing(cluster, { kind: 'loopback' }, stateDirectory);
    const secrets = memoryStore();
    await ensureCertificates({ environment: { cluster }, addressing, secrets });
    const java = join(unpacked('java'), 'bin', 'java');
    const classpath = (name: string) => (archives[name]?.files ?? []).map(({ path }) => join(unpacked(name), path));
    const driver = processDriver({
      cluster,
      addressing,
      stateDirectory,
      runtimes: (async ({ program }: { readonly program: string }) => ({
        kind: 'java',
        executable: java,
        classpath: classpath(program),
        startOptions: [],
      })) as unknown as Runtimes,
      resolveLate: async (node, late) =>
        'fact' in late ? node.zone : ((await secrets.read(late.secret))?.toString('utf8') ?? ''),
    });
    const order = [
      { node: 'master-1', service: 'zookeeper' },
      { node: 'worker-1', service: 'kafka' },
    ];
    try {
      for (const ref of order) {
        await driver.install(ref.node);
        await driver.start(ref);
        await driver.ready(ref, { timeoutMs: 120_000, signal: AbortSignal.timeout(150_000) });
      }
      for (const { pid } of await driver.status()) expect(await readlink(`/proc/${pid}/exe`)).toBe(java);
      const worker = cluster.groups.flatMap(({ nodes }) => nodes).find(({ id }) => id === 'worker-1');
      if (worker === undefined) throw new Error('no worker');
      const bootstrap = `${addressing.host(worker)}:${addressing.port(worker, 'kafka', 'plaintext')}`;
      const tool = 'org.apache.kafka.tools.TopicCommand';
      const create = ['--create', '--if-not-exists', '--topic', 'proof', '--bootstrap-server', bootstrap];
      const command = ['-XX:TieredStopAtLevel=1', '-cp', classpath('kafka').join(':'), tool, ...create];
      // A broker answers a moment before it counts as one that could hold a replica.
      await eventually('a topic is made', 90_000, () =>
        run(java, command).then(
          () => true,
          () => false,
        ),
      );
      const producer = await createProducer({ bootstrap: [bootstrap] });
      try {
        expect(await producer.send('proof', [{ key: '1', value: 'on an image' }])).toMatchObject([{ offset: 0n }]);
      } finally {
        await producer.close();
      }
    } finally {
      for (const ref of order.reverse()) await driver.stop(ref, { timeoutMs: 30_000 });
    }
  });
});

describe('an archive', () => {
  it('that was damaged, cut short or removed is told from a whole one, and made again', async () => {
    const options = { projectFolder: project(), runtimes };
    const path = (name: string) => join(project(), archives[name]?.file ?? '');
    // Of our programs, which are made in a moment. The cache may hold the same file under its own name: it is mended with it.
    const bytes = await readFile(path('seed'));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path('seed'), bytes);
    await truncate(path('auth'), 1000);
    await rm(path('push-server'));
    const faults = async () =>
      (await lookAtArchives(options)).filter(({ state }) => state !== 'whole').map(({ name, state }) => [name, state]);
    expect((await faults()).sort()).toEqual([
      ['auth', 'damaged'],
      ['push-server', 'absent'],
      ['seed', 'damaged'],
    ]);
    const made: string[] = [];
    await buildArchives(options, ({ name }) => made.push(name));
    expect([made.sort(), await faults()]).toEqual([['auth', 'push-server', 'seed'], []]);
  });

  it('of other bytes than the lock names is refused and not kept, whether a package differs or what is made of them', async () => {
    const wrong = 'f'.repeat(64);
    // Java and Node, which take long, are whole in the project already and so are not looked for.
    const attempt = (haproxy: RuntimesLock['haproxy']) =>
      buildArchives({ projectFolder: project(), runtimes: { ...runtimes, haproxy } });
    await expect(attempt({ ...runtimes.haproxy, sha256: wrong })).rejects.toMatchObject({
      code: 'ARTIFACTS_ARCHIVE_WRONG_BYTES',
      message: expect.stringContaining(`${runtimes.haproxy.sha256} instead of ${wrong}`),
    });
    const packages = runtimes.haproxy.packages.map((each) =>
      each.package === 'lsb-base' ? { ...each, sha256: wrong } : each,
    );
    await expect(attempt({ ...runtimes.haproxy, sha256: wrong, packages })).rejects.toMatchObject({
      code: 'ARTIFACTS_DEBIAN_WRONG_BYTES',
      message: expect.stringContaining('lsb-base'),
    });
    const cacheRoot = cacheRootOf(undefined, process.env);
    for (const place of [join(cacheRoot, 'archives'), join(cacheRoot, 'debian'), join(project(), archivesFolder)])
      expect((await readdir(place)).filter((name) => name.startsWith(wrong))).toEqual([]);
  });

  it('that an operator names is taken as it is, from a path beside the environment', async () => {
    const deb = (await readdir(unpacked('haproxy')))[0] ?? '';
    const sha256 = await hashFile(join(unpacked('haproxy'), deb));
    const agent = { program: 'agent', source: deb, sha256, form: 'deb', relativeTo: unpacked('haproxy') } as const;
    const attempt = (operator: PlacedArtifact) =>
      buildArchives({ projectFolder: project(), runtimes, operator: [operator] });
    const [last] = (await attempt(agent)).slice(-1);
    expect(last).toMatchObject({ name: 'agent', sha256, state: 'whole', key: `archives/${sha256}-agent` });
    await expect(attempt({ ...agent, sha256: 'e'.repeat(64), namedBy: 'aws.agent' })).rejects.toMatchObject({
      code: 'ARTIFACTS_UPSTREAM_WRONG_BYTES',
      next: expect.stringContaining('`aws.agent`'),
    });
    await expect(attempt({ ...agent, sha256: 'd'.repeat(64), source: 'none.deb' })).rejects.toMatchObject({
      code: 'ARTIFACTS_UPSTREAM_NOT_FETCHED',
    });
  });

  it('of a program for another processor is refused before any node gets it', async () => {
    const bytes = Buffer.alloc(512);
    bytes.write('\x7fELF', 'latin1');
    bytes.writeUInt16LE(183, 18);
    await writeFile(join(folder, 'argo'), bytes);
    const sha256 = await hashFile(join(folder, 'argo'));
    const operator = [{ program: 'argo', source: 'argo', sha256, form: 'program', relativeTo: folder }] as const;
    await expect(buildArchives({ projectFolder: project(), runtimes, operator })).rejects.toMatchObject({
      code: 'ARTIFACTS_UPSTREAM_NOT_EXECUTABLE',
      message: expect.stringContaining('arm64'),
    });
  });

  it('that no environment names any more is removed, and nothing else', async () => {
    const place = join(project(), archivesFolder);
    await writeFile(join(place, `${'0'.repeat(64)}-seed`), 'of yesterday');
    await writeFile(join(place, 'notes'), 'mine');
    await dropOtherArchives(Object.values(archives), project());
    const named = Object.values(archives).map(({ file }) => basename(file));
    expect((await readdir(place)).sort()).toEqual([...named, 'notes'].sort());
  });
});

const small = `name: small
target: local
zones: [zone-a]
spread: 1
tolerate: 0
masters: { count: 1, machine: { memoryMiB: 512, cpus: 1 }, volumeGiB: 1 }
workers: { count: 1, machine: { memoryMiB: 1024, cpus: 1 }, volumeGiB: 1 }
network:
  subnet: 127.0.97.0/24
topics: topics.yaml
profile:
  zookeeper: { heapMiB: 64 }
  kafka: { heapMiB: 256, internalTopicPartitions: 1 }
`;
