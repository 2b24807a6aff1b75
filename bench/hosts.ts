/**
 * What a rehearsal takes: from `terraform apply` to the first acknowledged message, by phase; memory of a machine; the boot of twelve. The peers, in the same
 * run: `ensemble up` with the same roles as processes; systemd-nspawn alone, booting the same image as often; the largest process of each machine.
 * As root, with TF_PLUGIN_DIR where Terraform cannot reach its registry. Some six minutes a round.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesIn } from '../drivers/hosts/control-groups.ts';
import { machineLayout } from '../drivers/hosts/layout.ts';
import { hostedIn, prepareImage } from '../operations/hosts/hosted.ts';
import { installationRoot } from '../platform/installation-root.ts';
import { compare, type Figure, type FigureReport, Samples } from './figure.ts';
import { bootPlain } from './plain-machines.ts';
import { benchPlatform, runCommand } from './platform.ts';

const rounds = 3;
const environment = 'staging';
const rehearsalMs = 30 * 60_000;

const names = {
  apply: 'terraform apply of the three stacks, secrets between',
  boot: 'machines: systemd runs in each',
  nodes: 'nodes: each is what its list says',
  services: 'services: each serves',
  topics: 'topics, made and verified',
  first: 'messages: the first acknowledged, from the first request',
  whole: 'from apply to the first acknowledged message',
  processes: 'ensemble up: the same roles as processes, topics and messages through',
  plain: 'systemd-nspawn alone: the same image as often',
};

export const hosts: Figure = {
  name: 'hosts',
  async measure(progress) {
    const [times, memory] = [new Samples('ms'), new Samples('MB')];
    let machines = 0;
    for (let round = 1; round <= rounds; round += 1) {
      times.add(names.processes, await timeProcesses());
      progress(`round ${round} of ${rounds}: processes done`);
      const found = await rehearsed(progress);
      for (const [name, value] of found.phases) times.add(name, value);
      for (const { role, machine, largest } of found.memory) {
        memory.add(`${role}: its machine, without the page cache`, machine);
        memory.add(`${role}: the largest process in it`, largest);
      }
      machines = found.memory.length;
      const { folder } = await prepareImage({});
      times.add(names.plain, await bootPlain(folder, machines));
    }
    return report(times, memory, machines);
  },
};

function report(times: Samples, memory: Samples, machines: number): FigureReport {
  const roles = [...new Set(memory.all().map(({ name }) => name.split(':')[0] ?? ''))];
  return {
    figure: 'hosts',
    about: `environments/staging.yaml on an AWS and on ${machines} machines of this machine, from nothing but archives and the image: \`ensemble rehearse ${environment} --until messages\`.`,
    samples: [...times.all(), ...memory.all()],
    comparisons: [
      compare(
        'from apply to the first acknowledged message / ensemble up',
        times.get(names.whole),
        times.get(names.processes),
      ),
      compare(`${machines} machines / systemd-nspawn alone`, times.get(names.boot), times.get(names.plain)),
      ...roles.map((role) =>
        compare(
          `${role}: its machine / the largest process in it`,
          memory.get(`${role}: its machine, without the page cache`),
          memory.get(`${role}: the largest process in it`),
        ),
      ),
    ],
    notes: [
      'The AWS is moto with the shim of drivers/local-aws; EC2 itself takes its own time to launch. The metadata store’s nodes are not rehearsed: a stand-in serves at their addresses.',
      'Nodes: packages installed, archives and settings fetched from the bucket, volumes formatted, units started, on this machine’s processors all at once. `ensemble up` has its programs in the cache.',
      'Machines: overlay, disks, network and cloud-init’s seed for each, until systemd answers in it; alone: overlay and systemd, nothing else. Memory: anonymous pages, of the machine’s control group and of the process (RssAnon).',
    ],
  };
}

/** Every role of the local environment, from the command to messages through. */
async function timeProcesses(): Promise<number> {
  const platform = await benchPlatform(27, { api: true });
  try {
    const begun = performance.now();
    await platform.ensemble(['up', '--json']);
    return performance.now() - begun;
  } finally {
    await platform.dispose();
  }
}

interface Rehearsed {
  readonly phases: ReadonlyMap<string, number>;
  readonly memory: readonly { readonly role: string; readonly machine: number; readonly largest: number }[];
}

async function rehearsed(progress: (line: string) => void): Promise<Rehearsed> {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-bench-'));
  const state = join(folder, 'state');
  const command = (...args: string[]) =>
    runCommand(process.execPath, [join(installationRoot(), 'bin/ensemble.js'), ...args, '--state', state], {
      onLine: progress,
      patienceMs: rehearsalMs,
    });
  try {
    await command('rehearse', environment, '--until', 'messages', '--keep', '--timeout', '900');
    const read = await readFile(join(state, environment, 'rehearsal.json'), 'utf8');
    return { phases: phasesOf(JSON.parse(read)), memory: await memoryOf(join(state, environment)) };
  } finally {
    await command('hosts', 'down', '-e', environment, '--purge');
    await rm(folder, { recursive: true, force: true });
  }
}

interface Step {
  readonly id: string;
  readonly ms: number;
  readonly said: string;
}

function phasesOf({ steps }: { readonly steps: readonly Step[] }): ReadonlyMap<string, number> {
  const took = (...ids: string[]) => steps.reduce((sum, { id, ms }) => sum + (ids.includes(id) ? ms : 0), 0);
  const said = steps.find(({ id }) => id === 'messages')?.said ?? '';
  const first = Number(/first was acknowledged after (\d+) ms/.exec(said)?.[1]);
  const phases = new Map([
    [names.apply, took('foundation', 'secrets', 'data-and-edge')],
    [names.boot, took('machines')],
    [names.nodes, took('nodes')],
    [names.services, took('services')],
    [names.topics, took('topics')],
    [names.first, first],
  ]);
  // What only a rehearsal does (files compared, lists read) is not on an operator’s way.
  return new Map([...phases, [names.whole, [...phases.values()].reduce((sum, ms) => sum + ms, 0)]]);
}

/** In MB of 10^6 bytes, of each machine. */
async function memoryOf(stateDirectory: string): Promise<Rehearsed['memory']> {
  const { hosts: running } = hostedIn(stateDirectory);
  const found = [];
  for (const { node, memoryMiB = Number.NaN } of await running.status()) {
    const pids = await processesIn(machineLayout(running.layout, node).group);
    const each = await Promise.all(pids.map(anonymousMB));
    found.push({ role: node.replace(/-\d+$/, ''), machine: memoryMiB * 1.048_576, largest: Math.max(...each) });
  }
  return found;
}

async function anonymousMB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return (Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024) / 1e6;
}
