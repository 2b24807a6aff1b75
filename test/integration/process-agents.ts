/**
 * STAND-IN for machines on EC2 with their agent, systemd and `ensemble-node`: each "machine" is one node of a platform of processes on this very machine.
 * Scripts that commands send are run by the machine's own sh (fake-node-agent.ts), and what they call comes here: systemctl stops and starts real servers,
 * with the settings of the local environment file; `ensemble-node apply` fetches the node's list and objects, verifies each hash and keeps them as the real
 * script does; servers keep their own certificates, which are for their addresses here. A machine's 127.0.0.1 is its node's own loopback address. Nothing is proved here of systemd, of the agent, or of the real script.
 */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Cluster } from '../../cluster/model.ts';
import { type AwsPlace, nodeListKey } from '../../contracts/aws-names.ts';
import { parseNodeList } from '../../contracts/node-list.ts';
import type { ServiceRef, ServiceState } from '../../drivers/driver.ts';
import type { ShimRequest } from '../../drivers/local-aws/shim.ts';
import { type Deployment, type DeploymentOptions, openDeployment } from '../../operations/deployment.ts';
import { type FakeAgents, fakeAgents } from './fake-node-agent.ts';
import { makeMachine, withObjects } from './made-in-moto.ts';

/** What stands on a machine's PATH: hands its words over, and ends as it is told. */
const caller = (url: string) => `#!/bin/sh
exec python3 - "$(basename "$0")" "$@" <<'END'
import json, sys, urllib.request
ask = urllib.request.Request("${url}", json.dumps(sys.argv[1:]).encode())
said = json.load(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ask, timeout=120))
sys.stdout.write(said["output"])
sys.exit(said["status"])
END
`;

interface Said {
  readonly status: number;
  readonly output: string;
}

const done: Said = { status: 0, output: '' };

export class ProcessAgents {
  /** What was told to servers, in order: `restart worker-1`. */
  readonly deeds: string[] = [];
  readonly #agents: FakeAgents;
  readonly #local: DeploymentOptions;
  readonly #place: AwsPlace;
  readonly #server: Server;
  #opened: { readonly text: string; readonly deployment: Promise<Deployment> } | undefined;
  #look: Promise<readonly ServiceState[]> | undefined;
  /** Node by machine. */
  readonly #nodes = new Map<string, string>();

  private constructor(folder: string, local: DeploymentOptions, place: AwsPlace, server: Server) {
    this.#agents = fakeAgents(folder, { scriptOf: (machine, script) => this.#scriptOf(machine, script) });
    this.#local = local;
    this.#place = place;
    this.#server = server;
  }

  /** A machine in moto for each node of `cluster`; its services run already, with what the bucket has. */
  static async start(
    folder: string,
    {
      local,
      place,
      cluster,
    }: { readonly local: DeploymentOptions; readonly place: AwsPlace; readonly cluster: Cluster },
  ): Promise<ProcessAgents> {
    const server = createServer();
    const agents = new ProcessAgents(folder, local, place, server);
    server.on('request', (incoming, outgoing) => {
      void (async () => {
        let body = '';
        for await (const chunk of incoming) body += String(chunk);
        const machine = (incoming.url ?? '').slice(1);
        const said = await agents
          .#call(machine, JSON.parse(body) as string[])
          .catch((error: unknown) => ({ status: 1, output: `${error}\n` }));
        outgoing.end(JSON.stringify(said));
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    for (const group of cluster.groups)
      for (const { id } of group.nodes) {
        const machine = await makeMachine(place, id);
        await agents.#add(machine, id);
        await agents.#apply(machine);
        for (const service of group.services) await agents.#started(machine, service);
      }
    return agents;
  }

  async #add(machine: string, node: string): Promise<void> {
    this.#nodes.set(machine, node);
    await this.#agents.add(machine);
    const { port } = this.#server.address() as AddressInfo;
    for (const name of ['systemctl', 'journalctl', 'ensemble-node']) {
      const path = join(this.#agents.folderOf(machine), 'bin', name);
      await writeFile(path, caller(`http://127.0.0.1:${port}/${machine}`));
      await chmod(path, 0o755);
    }
    for (const folder of ['state/objects', 'run/started', 'run/lists'])
      await mkdir(join(this.#agents.folderOf(machine), folder), { recursive: true });
  }

  /** For startShim. */
  answer(asked: ShimRequest) {
    return this.#agents.answer(asked);
  }

  /** Each machine has folders and a loopback address of its own. */
  async #scriptOf(machine: string, script: string): Promise<string> {
    const { addressing, environment } = await this.#deployment();
    const nodes = environment.cluster.groups.flatMap((group) => group.nodes);
    const node = nodes.find(({ id }) => id === this.#nodes.get(machine));
    const folder = this.#agents.folderOf(machine);
    return script
      .replaceAll('/var/lib/ensemble-node', join(folder, 'state'))
      .replaceAll('/run/ensemble-node', join(folder, 'run'))
      .replaceAll('"127.0.0.1"', JSON.stringify(node === undefined ? '' : addressing.host(node)));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As the local environment file is now. */
  async #deployment(): Promise<Deployment> {
    const text = await readFile(this.#local.environment, 'utf8');
    if (this.#opened?.text !== text) this.#opened = { text, deployment: openDeployment(this.#local) };
    return await this.#opened.deployment;
  }

  /** One look for all who ask at a time: all machines are asked at once. */
  #states(): Promise<readonly ServiceState[]> {
    this.#look ??= this.#deployment()
      .then(({ driver }) => driver.status())
      .finally(() => {
        this.#look = undefined;
      });
    return this.#look;
  }

  async #call(machine: string, [program = '', verb = '', ...words]: readonly string[]): Promise<Said> {
    if (program === 'journalctl') return { status: 0, output: await this.#log(machine, words) };
    if (program === 'systemctl') return await this.#systemctl(machine, verb, words);
    if (verb === 'apply') return await this.#apply(machine);
    if (verb === 'started') return await this.#started(machine, words[0] ?? '');
    return { status: 0, output: `${JSON.stringify(await this.#report(machine, Number(words[0] ?? 0)))}\n` };
  }

  #ref(machine: string, unit: string): ServiceRef {
    const service = /^ensemble-([\w-]+)\.service$/.exec(unit)?.[1] ?? '';
    return { node: this.#nodes.get(machine) ?? '', service };
  }

  async #systemctl(machine: string, verb: string, words: readonly string[]): Promise<Said> {
    const ref = this.#ref(machine, words.at(-1) ?? '');
    const { driver } = await this.#deployment();
    const pidOf = async () =>
      (await driver.status()).find(({ node, service }) => node === ref.node && service === ref.service)?.pid;
    const alive = async () => (await pidOf()) !== undefined;
    switch (verb) {
      case 'is-active':
        return { ...done, status: (await alive()) ? 0 : 3 };
      case 'show':
        return { status: 0, output: (await alive()) ? 'active\n' : 'inactive\n' };
      case 'reset-failed':
        return done;
      case 'kill': {
        const [, signal = ''] = words;
        this.deeds.push(`${signal} ${ref.node}`);
        const pid = await pidOf();
        if (pid !== undefined) process.kill(pid, `SIG${signal}` as NodeJS.Signals);
        return done;
      }
      case 'stop':
        this.deeds.push(`stop ${ref.node}`);
        await driver.stop(ref);
        return done;
      case 'start':
      case 'restart':
        this.deeds.push(`${verb} ${ref.node}`);
        if (verb === 'restart') await driver.stop(ref);
        await driver.install(ref.node);
        await this.#started(machine, ref.service);
        await driver.start(ref);
        return done;
      default:
        return { status: 64, output: `no ${verb} here\n` };
    }
  }

  async #apply(machine: string): Promise<Said> {
    const folder = join(this.#agents.folderOf(machine), 'state');
    return await withObjects(this.#place, async (objects) => {
      const text = (await objects.read(nodeListKey(this.#nodes.get(machine) ?? ''))) ?? '';
      for (const { key, sha256 } of parseNodeList(text).files) {
        const object = (await objects.read(key)) ?? '';
        if (hash(object) !== sha256) return { status: 1, output: `${key}: its SHA-256 is another one\n` };
        await writeFile(join(folder, 'objects', sha256), object);
      }
      await writeFile(join(folder, 'list'), text);
      return { status: 0, output: 'it is as its list says\n' };
    });
  }

  async #started(machine: string, service: string): Promise<Said> {
    const folder = this.#agents.folderOf(machine);
    const list = parseNodeList(await readFile(join(folder, 'state', 'list'), 'utf8'));
    const digest = list.services.find((each) => each.service === service)?.digest ?? '';
    await writeFile(join(folder, 'run', 'started', service), `${digest}\n`);
    await copyFile(join(folder, 'state', 'list'), join(folder, 'run', 'lists', service));
    return done;
  }

  /** As provision/script/report.py has it; waits so long for every service to answer or to end. */
  async #report(machine: string, patienceSeconds: number): Promise<object> {
    const deadline = performance.now() + patienceSeconds * 1000;
    const folder = this.#agents.folderOf(machine);
    const text = await readFile(join(folder, 'state', 'list'), 'utf8');
    const { environment, node, services } = parseNodeList(text);
    for (;;) {
      const states = (await this.#states()).filter((state) => state.node === node);
      const said = await Promise.all(
        services.map(async ({ service, digest }) => {
          const state = states.find((each) => each.service === service);
          const alive = state?.pid !== undefined;
          const running = alive ? (await readFile(join(folder, 'run', 'started', service), 'utf8')).trim() : null;
          return {
            service,
            state: alive ? 'active' : state?.state === 'failed' ? 'failed' : 'inactive',
            detail: '',
            ready: state?.state === 'running',
            restarts: 0,
            pid: state?.pid ?? 0,
            since: state?.since ?? null,
            installed: digest,
            running,
          };
        }),
      );
      const settled = said.every(({ ready, state }) => ready || state !== 'active');
      if (!settled && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      const about = { version: 1, environment, node, time: new Date().toISOString(), boot: null, fault: null };
      return { ...about, list: hash(text), services: said };
    }
  }

  async #log(machine: string, words: readonly string[]): Promise<string> {
    const unit = words.find((word) => word.startsWith('ensemble-')) ?? '';
    const { driver } = await this.#deployment();
    return `${(await driver.logs(this.#ref(machine, unit), 20)).join('\n')}\n`;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
