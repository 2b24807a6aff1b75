/** An environment's machines for a test, with what a test asks of them: its nodes as they become what they are, and tools that are not ours inside their network. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureArtifact } from '../../artifacts/ensure-artifact.ts';
import { findJava } from '../../artifacts/find-java.ts';
import { namedAddressing } from '../../cluster/addressing.ts';
import { bootstrapServers } from '../../cluster/bootstrap.ts';
import { parseEnvironment } from '../../cluster/load.ts';
import type { Cluster } from '../../cluster/model.ts';
import { resolveCluster } from '../../cluster/resolve.ts';
import { adminUser, userToken } from '../../cluster/services/tokens.ts';
import { nodeListKey } from '../../contracts/aws-names.ts';
import type { Driver } from '../../drivers/driver.ts';
import { awaitNode } from '../../drivers/hosts/await-node.ts';
import type { Machine } from '../../drivers/hosts/machine.ts';
import { ask } from '../../drivers/hosts/run-command.ts';
import { seated } from '../../drivers/hosts/seat.ts';
import { type HandedOutcome, runHanded } from '../../operations/chaos/handed.ts';
import type { Handed } from '../../operations/chaos/hosts-system.ts';
import { type Hosted, hostedIn, hostsDriver } from '../../operations/hosts/hosted.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { userData } from '../../provision/user-data.ts';
import { authorityCertificateId } from '../../secrets/authority.ts';
import { type HostsCloud, startHostsCloud } from './hosts-fixture.ts';
import type { Seat } from './verifiable-producer.ts';

const minute = 60_000;
const topicTool = 'org.apache.kafka.tools.TopicCommand';

/** environments/staging.yaml, with more of it; `edit` changes its text. */
export function staging(more = '', edit = (text: string) => text): Cluster {
  const text = readFileSync(join(installationRoot(), 'environments', 'staging.yaml'), 'utf8');
  return resolveCluster(parseEnvironment({ file: 'staging.yaml', text: edit(`${text}${more}`) }));
}

export interface HostsRun extends Hosted {
  readonly folder: string;
  /** Where commands find these machines under the environment's name. */
  readonly stateRoot: string;
  readonly cloud: HostsCloud;
  readonly cluster: Cluster;
  readonly bootstrap: string;
  readonly signal: AbortSignal;
  readonly seat: Seat;
  /** For the environment as `of` has it. */
  driver(of?: Cluster): Driver;
  nodes(role?: string): readonly string[];
  machine(node: string): Promise<Machine>;
  become(node: string, timeoutMs?: number): Promise<void>;
  serves(node: string): Promise<void>;
  /** Of the machine, what is not as it was shipped: its user-data, and each file of the node with its late values filled in. */
  differences(node: string): Promise<readonly string[]>;
  /** Output of a program of this machine inside the network. */
  inside(command: readonly string[]): Promise<string>;
  /** Output of one of Kafka's own tools. */
  tool(name: string, ...args: readonly string[]): Promise<string>;
  topics(...args: readonly string[]): Promise<string>;
  /** A command of ours inside the network, which is handed what the machines' AWS knows. Gives its status and its output. */
  ensemble(...args: readonly string[]): Promise<HandedOutcome>;
  /** Every partition has all of its replicas in sync. */
  whole(): Promise<void>;
  dispose(): Promise<void>;
}

export async function startHostsRun(cluster: Cluster, roles: readonly string[]): Promise<HostsRun> {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-hosts-'));
  const stateRoot = join(folder, 'state');
  const hosted = hostedIn(join(stateRoot, cluster.environment));
  const cloud = await startHostsCloud(cluster, roles, hosted.hosts.layout, join(folder, 'project'));
  const signal = AbortSignal.timeout(60 * minute);
  const bootstrap = bootstrapServers(cluster, namedAddressing(cluster)).join(',');
  const seat = (command: readonly string[]) => seated(hosted.hosts.layout, command);
  const objects = {
    read: async (key: string) => (await cloud.get(key)).toString('utf8'),
    exists: async (key: string) =>
      await cloud.get(key).then(
        () => true,
        () => false,
      ),
  };
  const run: HostsRun = {
    ...hosted,
    folder,
    stateRoot,
    cloud,
    cluster,
    bootstrap,
    signal,
    seat,
    driver: (of = cluster) => hostsDriver({ cluster: of }, hosted.hosts, objects),
    nodes: (role = '') => cloud.world.hosts.map(({ node }) => node).filter((node) => node.startsWith(role)),
    machine: (node) => hosted.hosts.machine(node),
    become: async (node, timeoutMs = 10 * minute) =>
      await awaitNode(await hosted.hosts.machine(node), { timeoutMs, signal }),
    async serves(node) {
      const driver = run.driver();
      const group = cluster.groups.find(({ nodes }) => nodes.some(({ id }) => id === node));
      for (const service of group?.services ?? [])
        await driver.ready({ node, service }, { timeoutMs: 3 * minute, signal });
    },
    async differences(node) {
      const machine = await hosted.hosts.machine(node);
      const given = await machine.run('cat /var/lib/cloud/instance/user-data.txt', minute);
      const wrong = given.output === userData() ? [] : ['its user-data'];
      for (const { path, mode, text } of cloud.objectsOf(cluster, node).files) {
        const { output } = await machine.run(`stat -c %a ${path}; cat ${path}`, minute);
        let filled = text.replaceAll('<<ensemble fact zone>>', machine.host.zone);
        for (const [marker, id = ''] of text.matchAll(/<<ensemble secret ([^>]*)>>/g)) {
          const value = (await cloud.secrets.read(id))?.toString('utf8') ?? '';
          filled = filled.replace(marker, () => value);
        }
        if (output !== `${mode.toString(8)}\n${filled}`) wrong.push(path);
      }
      return wrong;
    },
    async inside(command) {
      const [program = '', ...args] = await seat(command);
      return await ask(program, args, { timeoutMs: 3 * minute });
    },
    async tool(name, ...args) {
      const [java, { classpath }] = [await findJava(), await ensureArtifact('kafka')];
      const flags = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', classpath.join(':')];
      return await run.inside([java.executable, ...flags, name, '--bootstrap-server', bootstrap, ...args]);
    },
    topics: (...args) => run.tool(topicTool, ...args),
    async ensemble(...args) {
      const handed: Handed = { lists: {}, secrets: {} };
      for (const node of run.nodes()) handed.lists[node] = String(await cloud.get(nodeListKey(node)));
      for (const id of [userToken(adminUser), authorityCertificateId]) {
        const value = await cloud.secrets.read(id);
        if (value !== undefined) handed.secrets[id] = value.toString('base64');
      }
      const command = [process.execPath, join(installationRoot(), 'bin', 'ensemble.js'), ...args];
      const given = ['--environment', cluster.environment, '--state', stateRoot];
      return await runHanded(handed, { command: await seat([...command, ...given]), signal, onLine: console.log });
    },
    async whole() {
      const deadline = performance.now() + 3 * minute;
      for (;;) {
        const left = (await run.topics('--describe', '--under-replicated-partitions')).trim();
        if (left === '') return;
        if (performance.now() > deadline) throw new Error(`still under-replicated:\n${left}`);
        await delay(1_000);
      }
    },
    async dispose() {
      await hosted.hosts.down({ purge: true });
      await cloud.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return run;
}

/** A process of its own that boots staging's machines again, one after the other, and says each: it may be killed half-way. */
export function bootBeside(stateRoot: string): ChildProcessByStdio<null, Readable, null> {
  const script = `
    import { readFileSync } from 'node:fs';
    import { hostedIn } from './operations/hosts/hosted.ts';
    const { hosts } = hostedIn(${JSON.stringify(join(stateRoot, 'staging'))});
    const keyPem = readFileSync(hosts.layout.cloud.tlsFolder + '/key.pem', 'utf8');
    await hosts.up(await hosts.world(), { keyPem, atOnce: 1, onProgress: (line) => console.log(line) });`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    cwd: installationRoot(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
