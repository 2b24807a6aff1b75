/**
 * `ensemble chaos run --driver aws`: the installed command in a network where brokers answer under their names, three real masters and brokers, faults through
 * Systems Manager. EC2 and S3 are moto, machines with agent and systemd are a stand-in that signals those very processes (process-agents.ts).
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import type { ScenarioReport } from '../../chaos/scenario-report.ts';
import { openInstances } from '../../clients/aws/instances.ts';
import { faultNotesKey, tags } from '../../contracts/aws-names.ts';
import type { JournalEntry } from '../../drivers/journal.ts';
import { openDeployment } from '../../operations/deployment.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { type AwsProcesses, startAwsProcesses } from '../integration/aws-processes.ts';
import { withObjects } from '../integration/made-in-moto.ts';
import { runProgram } from '../integration/run-program.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('java', 'linux', 'moto', 'root', 'namespaces', 'script');

const subnet = 47;
const workers = ['worker-1', 'worker-2', 'worker-3'];
/** The command behind it sees another /etc/hosts than everybody else. */
const withHosts = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';

describe('scenarios on an environment on AWS', () => {
  let world: AwsProcesses;
  let hosts: string;

  beforeAll(async () => {
    world = await startAwsProcesses(subnet, {
      topics: 'topics:\n  - { name: load, partitions: 6, replicas: 3 }\n',
      kafka: 'zookeeper.session.timeout.ms: 6000',
      aws: `, breakable: [${['master-1', ...workers].join(', ')}]`,
    });
    // In the environment's network: brokers under their names, and no master.
    hosts = join(world.remote, 'hosts');
    const names = workers.map((node, index) => `127.0.${subnet}.${101 + index} ${node}.test.internal\n`);
    await writeFile(hosts, `127.0.0.1 localhost\n${names.join('')}`);
  });
  afterAll(async () => {
    await world?.dispose();
  });

  const words = (...args: readonly string[]) => [
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', withHosts, 'sh', hosts],
    ...[process.execPath, join(installationRoot(), 'bin', 'ensemble.js'), 'chaos', ...args, '--driver', 'aws'],
    ...world.given,
  ];
  const inside = async (...args: readonly string[]) => {
    const [program = '', ...rest] = words(...args);
    return await runProgram(program, rest, { env: world.variables });
  };
  const run = ['run', 'safe-leader-kill', '--seed', '1', '--json'];
  const instanceOf = async (node: string) => {
    const instances = await openInstances({ region: world.place.region });
    const found = await instances.instances({ [tags.environment]: 'test', [tags.node]: node });
    instances.close();
    return found[0]?.id;
  };
  const key = faultNotesKey('run');
  const notes = async () =>
    JSON.parse((await withObjects(world.place, (objects) => objects.read(key))) ?? '[]') as readonly JournalEntry[];

  it('are refused where no broker answers, and where nobody typed that they may break it: nothing is touched', async () => {
    const deeds = await world.deedsOf(async () => {
      const outside = await world.ensemble('chaos', ...run, '--driver', 'aws');
      expect([outside.status, JSON.parse(outside.stdout).error]).toMatchObject([
        3,
        { code: 'OPERATIONS_CHAOS_OUTSIDE_NETWORK', message: expect.stringContaining('worker-1.test.internal:9092') },
      ]);
      const unasked = await inside(...run);
      expect([unasked.status, JSON.parse(unasked.stdout).error]).toMatchObject([
        3,
        { code: 'OPERATIONS_FAULT_NOT_CONFIRMED' },
      ]);
      expect(unasked.stderr).toContain('safe-leader-kill: kill on leader; never more than 1 down at once');
      for (const node of workers)
        expect(unasked.stderr).toMatch(
          new RegExp(`kill of kafka on ${node} \\(i-\\w+\\), by Systems Manager: systemctl kill -s KILL`),
        );
      expect(unasked.stderr).toContain('master-1 does not answer here');
      // Of masters, none that may be broken can be seen from here.
      const skipped = await inside('run', 'masters-one-down', '--seed', '1', '--json');
      expect([skipped.status, JSON.parse(skipped.stdout).reports[0].verdict]).toEqual([2, 'skipped']);
    });
    expect([deeds, await notes()]).toEqual([[], []]);
  });

  it('that died with their machine are healed by the next command anywhere, by what they noted, and not while they say that they live', async () => {
    const [paused] = (await openDeployment(world.local()).then(({ driver }) => driver.status())).filter(
      ({ node }) => node === 'worker-2',
    );
    const id = '00000000-0000-4000-8000-000000000000';
    const instance = await instanceOf('worker-2');
    const undo = { do: 'heal-unit', fault: 'pause', node: 'worker-2', service: 'kafka', instance };
    // Of another machine, where this very process would not be one that lives.
    const owner = { pid: process.pid, startedAt: 'of another machine' };
    const held = (until: string) => ({ by: 'ops@operators-2', held: { space: 'another machine', until } });
    const note = {
      id,
      writtenAt: new Date().toISOString(),
      owner,
      says: 'pause of kafka on worker-2',
      of: 'driver',
      undo,
    };
    const write = (until: string) =>
      withObjects(world.place, (objects) => objects.write(key, JSON.stringify([{ ...note, ...held(until) }])));
    const later = new Date(Date.now() + 300_000).toISOString();
    await write(later);
    const meanwhile = await world.deedsOf(async () => {
      const { stderr } = await world.ensemble('status');
      expect(stderr).toContain(
        `broken by a chaos run: pause of kafka on worker-2 (process ${process.pid} of ops@operators-2, which is at work by what it said, until ${later})`,
      );
      const rolled = await world.ensemble('roll', '--yes', '--json');
      expect([rolled.status, JSON.parse(rolled.stdout).error.code]).toEqual([3, 'DRIVER_OTHERS_AT_WORK']);
      const second = await inside(...run);
      expect([second.status, JSON.parse(second.stdout).error.code]).toEqual([3, 'DRIVER_OTHERS_AT_WORK']);
    });
    expect([meanwhile, (await notes()).length]).toEqual([[], 1]);
    await write(new Date(Date.now() - 1_000).toISOString());
    process.kill(paused?.pid ?? 0, 'SIGSTOP');
    const deeds = await world.deedsOf(async () => {
      const { stderr } = await world.ensemble('status');
      expect(stderr).toContain('healed what a chaos run had left: pause of kafka');
    });
    expect([deeds, await notes()]).toEqual([['CONT worker-2'], []]);
  });

  it('break the leader of a run’s own topic once it is typed, heal it, and judge what it kept', async () => {
    const junit = join(world.remote, 'junit.xml');
    const report = join(world.remote, 'report.json');
    const command = [...words(...run, '--again', '1', '--junit', junit).map(quoted), '>', quoted(report)].join(' ');
    let told = '';
    // In the bucket while it stands, and nowhere else.
    const noted = new Set<string>();
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        for (const { says, held } of await notes()) if (held !== undefined) noted.add(says);
        await delay(200);
      }
    })();
    const deeds = await world.deedsOf(async () => {
      const { stdout } = await runProgram('script', ['-qec', command, '/dev/null'], {
        env: world.variables,
        answer: { after: 'Only "break test" is taken for it: ', text: 'break test\r' },
      });
      told = stdout;
    });
    isOver = true;
    await watching;
    const { reports } = JSON.parse(await readFile(report, 'utf8')) as { readonly reports?: readonly ScenarioReport[] };
    const [judged] = reports ?? [];
    const verdict = judged?.runs[0]?.verdict;
    // Other tests run at the same time: a verdict may have to wait for a quieter machine.
    expect(['pass', 'inconclusive'], `${told}${judged?.reasons.join('\n')}`).toContain(judged?.verdict);
    expect(verdict?.counts).toMatchObject({ lost: 0 });
    expect(verdict?.counts.acknowledged).toBeGreaterThan(1_000);
    const [killed = ''] = deeds;
    const [, node = ''] = killed.split(' ');
    expect(deeds.slice(0, 3)).toEqual([`KILL ${node}`, `stop ${node}`, `start ${node}`]);
    expect(workers).toContain(node);
    expect([...noted].toSorted()).toEqual([
      expect.stringContaining(`kill of kafka on ${node} (`),
      'runs of chaos',
      expect.stringContaining('the topic chaos.safe-leader-kill-1-'),
    ]);
    expect(await readdir(join(world.remote, 'test', 'aws', 'faults'))).toEqual(['lock']);
    expect(verdict?.timings[0]?.detectionMs).toBeGreaterThan(0);
    expect(await notes()).toEqual([]);
    expect((await inside('heal')).stdout).toContain('nothing is broken on purpose');
    expect(await readFile(junit, 'utf8')).toContain('safe-leader-kill');
  });
});

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
