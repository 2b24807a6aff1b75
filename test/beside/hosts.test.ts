/**
 * The machines of an environment, booted on this machine with the very user-data that its stacks ship, from objects in a local AWS: three masters and three
 * workers of staging. Topics are made by the post-deploy entry and looked at with tools that are not ours, while a producer that is not ours writes through a
 * rolled setting, a replaced worker and a killed master. Planted faults first; nothing is left afterwards.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import type { ScenarioReport } from '../../chaos/scenario-report.ts';
import type { HostFault } from '../../drivers/hosts/faults.ts';
import { hostFaultInjector } from '../../drivers/hosts/host-fault-injector.ts';
import { wayToDelay } from '../../drivers/hosts/link-delay.ts';
import { journalFolder, readEntries } from '../../drivers/journal.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { checkProducedLog } from '../histories/produced-log.ts';
import { bootBeside, type HostsRun, staging, startHostsRun } from '../integration/hosts-run.ts';
import { type Load, readTopic, startLoad } from '../integration/verifiable-producer.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('root', 'linux', 'nspawn', 'nft', 'moto', 'java', 'maven', 'kcat', 'debianIndex');
const minute = 60_000;
const topic = 'test.hosts';

describe('the machines of an environment', () => {
  let run: HostsRun;
  let load: Load | undefined;
  const acknowledge = async (more: number) => {
    const wanted = (load?.acknowledged() ?? 0) + more;
    const deadline = performance.now() + 2 * minute;
    while ((load?.acknowledged() ?? 0) < wanted) {
      if (performance.now() > deadline) throw new Error(`the producer got no further than ${load?.acknowledged()}`);
      await delay(100);
    }
  };

  beforeAll(async () => {
    run = await startHostsRun(staging(), ['master', 'worker']);
  }, 15 * minute);
  afterAll(async () => {
    await load?.stop().catch(() => undefined);
    await run?.dispose();
  }, 2 * minute);

  it(
    'say which node, which unit and what its journal says, where an archive, a list or a volume is not what it should be',
    async () => {
      const { cloud, cluster, hosts, signal } = run;
      const planted = ['master-1', 'master-2', 'master-3', 'worker-1'] as const;
      const change = async (node: string, edit: (text: string) => string) => {
        const { list } = cloud.objectsOf(cluster, node);
        await cloud.put(list.key, edit(list.text));
      };
      const java = `archives/${cloud.software.archives.java?.sha256}-java`;
      const bytes = await cloud.get(java);
      await cloud.put('archives/damaged', Buffer.concat([bytes.subarray(0, -1), Buffer.of(1 ^ (bytes.at(-1) ?? 0))]));
      await cloud.put('archives/shortened', bytes.subarray(0, bytes.length / 2));
      await change('master-1', (text) => text.replace(java, 'archives/damaged'));
      await change('master-2', (text) => text.replace(java, 'archives/shortened'));
      await change('master-3', (text) => text.replaceAll(/^(service \S+ ensemble-\S+)\.service/gm, '$1s.service'));
      const some = cloud.world.hosts
        .filter(({ node }) => planted.some((each) => each === node))
        .map((host) => (host.node === 'worker-1' ? { ...host, volumes: [] } : host));
      const told = async (node: string, timeoutMs = 10 * minute) =>
        await run.become(node, timeoutMs).then(
          () => 'became its node',
          (error: Error & { evidence?: readonly string[] }) => `${error.message}\n${error.evidence?.join('\n')}`,
        );
      // Until it is attached a node waits, and says for what.
      const toldOfWaiting = async (node: string) => {
        const deadline = performance.now() + 10 * minute;
        let now = await told(node, 1_000);
        while (!now.includes('waits for volume') && performance.now() < deadline) now = await told(node, 1_000);
        return now;
      };
      try {
        await hosts.up({ ...cloud.world, hosts: some }, { ...cloud.shown, signal });
        const said = await Promise.all([...planted.slice(0, 3).map((node) => told(node)), toldOfWaiting('worker-1')]);
        expect(said[0]).toMatch(
          /^master-1 did not become .*: ensemble-node.service: archives\/damaged is not to be had\n/,
        );
        expect(said[0]).toMatch(/archives\/damaged was not fetched: its SHA-256 is \w{64} instead of \w{64}/);
        expect(said[1]).toMatch(/^master-2 [\s\S]*archives\/shortened was not fetched: its SHA-256 is \w{64} instead/);
        expect(said[2]).toMatch(/^master-3 [\s\S]*Unit ensemble-[\w-]+s\.service not found/);
        expect(said[3]).toMatch(/^worker-1 [\s\S]*waits for volume data-1 \(vol-worker-1data-1\) to be attached/);
        await hosts.down();
        expect(await hosts.leftovers()).toEqual([]);
      } finally {
        await hosts.down();
        for (const node of planted) await (await run.machine(node)).forget();
        await cloud.deploy(cluster, planted);
      }
    },
    15 * minute,
  );

  it(
    'become their nodes with the user-data and the objects as they are shipped, and every file is as it was rendered',
    async () => {
      const { cloud, hosts, signal } = run;
      await hosts.up(cloud.world, { ...cloud.shown, signal });
      await Promise.all(run.nodes().map((node) => run.become(node)));
      for (const node of run.nodes()) expect([node, await run.differences(node)]).toEqual([node, []]);
    },
    15 * minute,
  );

  it(
    'form one cluster, whose topics are made by the post-deploy entry and seen by Kafka’s own tools',
    async () => {
      await Promise.all(run.nodes().map((node) => run.serves(node)));
      for (const node of run.nodes()) expect(await run.cloud.report(node)).toMatchObject({ node, fault: null });
      const entry = ['--import', 'tsx', 'scripts/create-topics.ts', '-e', 'staging', '--bootstrap', run.bootstrap];
      await run.inside(['env', '--chdir', installationRoot(), process.execPath, ...entry]);
      const described = await run.topics('--describe');
      for (const name of ['monitoring.pms', 'monitoring.mppt', 'monitoring.inverter', 'system.feature'])
        expect(described).toMatch(new RegExp(`Topic: ${name}\\s.*PartitionCount: 3\\s+ReplicationFactor: 2`));
      await run.topics('--create', '--topic', topic, '--partitions', '3', '--replication-factor', '3');
      load = await startLoad(run.folder, run.bootstrap, topic, 50, run.seat);
      await acknowledge(100);
    },
    15 * minute,
  );

  it(
    'take a changed setting one after the other, while a producer writes',
    async () => {
      const changed = staging('\nkafka: { settings: { log.retention.hours: 71 } }\n');
      await run.cloud.deploy(changed, run.nodes('worker'));
      const driver = run.driver(changed);
      for (const node of run.nodes('worker')) {
        await driver.install(node);
        expect((await driver.status()).find((state) => state.node === node)).toMatchObject({ outdated: true });
        await driver.restart({ node, service: 'kafka' });
        await driver.ready({ node, service: 'kafka' }, { timeoutMs: 2 * minute, signal: run.signal });
        await run.whole();
      }
      const broker = ['--entity-type', 'brokers', '--entity-name', '1'];
      const shown = await run.tool('kafka.admin.ConfigCommand', '--describe', '--all', ...broker);
      expect(shown).toContain('log.retention.hours=71');
      await acknowledge(100);
    },
    15 * minute,
  );

  it(
    'lose a worker’s machine and get another one with its address and its volume: the same broker with all of its data',
    async () => {
      const before = await run.machine('worker-2');
      const who = 'cat /var/lib/ensemble/kafka/data-1/data/meta.properties; blkid -p -s UUID -o value /dev/nvme1n1';
      const { output: was } = await before.run(who, minute);
      await run.hosts.replace('worker-2', { ...before.host, instance: 'i-another' }, run.signal);
      await run.become('worker-2');
      await run.serves('worker-2');
      const after = await run.machine('worker-2');
      expect([after.host.instance, (await after.run(who, minute)).output]).toEqual(['i-another', was]);
      expect((await after.run('journalctl -u ensemble-node -o cat', minute)).output).not.toContain('formats');
      await run.whole();
      await acknowledge(100);
    },
    15 * minute,
  );

  it(
    'suffer what is asked for, each fault noted before it is made, and are healed by the note',
    async () => {
      const { hosts, faults } = run;
      const standing = async () => (await faults.standing()).faults.map(({ kind }) => kind);
      const make = async (fault: HostFault) => {
        const planned = await faults.plan(fault);
        if ('cannot' in planned) throw new Error(planned.cannot);
        await faults.inject(planned);
        expect(await standing()).toEqual([fault.kind]);
        return planned;
      };
      const state = async (node: string) => (await hosts.status()).find((each) => each.node === node)?.state;
      const ping = async (from: string, to: string) =>
        (await (await run.machine(from)).run(`ping -q -c 1 -W 2 ${to}.staging.internal`, minute)).output;

      const killed = await make({ kind: 'machine-kill', node: 'master-1' });
      expect([killed.weaker, await state('master-1')]).toEqual([expect.stringContaining('survive'), 'stopped']);
      await acknowledge(100);
      await faults.heal(killed);
      await run.become('master-1');

      const pair = await make({ kind: 'isolate', node: 'master-2', from: ['master-3'] });
      expect(await ping('master-2', 'master-3')).toContain(' 0 received');
      expect(await ping('master-2', 'master-1')).toContain(' 1 received');
      await faults.heal(pair);
      await faults.heal(pair);
      expect(await ping('master-2', 'master-3')).toContain(' 1 received');

      const alone = await make({ kind: 'isolate', node: 'master-3' });
      expect(await ping('master-3', 'master-1')).not.toContain(' 1 received');
      await faults.heal(alone);

      const links = async () => await run.inside(['ip', '-br', 'link']);
      const before = await links();
      const slow = await make({ kind: 'slow-link', node: 'master-2', delayMs: 150 });
      expect(Number(/= [\d.]+\/([\d.]+)\//.exec(await ping('master-2', 'master-1'))?.[1])).toBeGreaterThan(290);
      // The kernel's own delay has no ports; the relay's go with its process.
      expect((await links()) === before).toBe((await wayToDelay()) === 'netem');
      await faults.heal(slow);
      expect([await links(), await ping('master-2', 'master-1')]).toEqual([
        before,
        expect.stringContaining(' 1 received'),
      ]);

      const full = await make({ kind: 'full-disk', node: 'master-3' });
      const writes = 'echo more >/var/lib/ensemble/zookeeper/data-1/more';
      expect((await (await run.machine('master-3')).run(writes, minute)).status).not.toBe(0);
      await faults.heal(full);
      expect((await (await run.machine('master-3')).run(writes, minute)).status).toBe(0);

      const injector = hostFaultInjector(hosts);
      const stopped = await injector.plan({ kind: 'kill', node: 'master-2', service: 'zookeeper' });
      if ('cannot' in stopped) throw new Error(stopped.cannot);
      await injector.inject(stopped);
      const unit = 'systemctl is-active ensemble-zookeeper.service';
      expect((await (await run.machine('master-2')).run(unit, minute)).output).not.toBe('active\n');
      // As it lies in a journal.
      await injector.heal(JSON.parse(JSON.stringify(stopped.undo)));
      expect((await (await run.machine('master-2')).run(unit, minute)).output).toBe('active\n');
      await expect(injector.heal({ do: 'start' })).rejects.toMatchObject({ code: 'DRIVER_UNDO_UNREADABLE' });

      const paused = await make({ kind: 'pause', node: 'master-1' });
      expect(await state('master-1')).toBe('paused');
      await faults.heal(paused);
      expect(await faults.plan({ kind: 'full-disk', node: 'master-1', service: 'zookeeper' })).toHaveProperty('cannot');
      expect([await standing(), await state('master-1')]).toEqual([[], 'running']);
      await Promise.all(run.nodes('master').map((node) => run.serves(node)));
    },
    15 * minute,
  );

  it(
    'are judged by a scenario that only machines can suffer: a leader’s is killed, and nothing acknowledged is lost',
    async () => {
      const words = 'chaos run machine-leader-kill --driver hosts --seed 1 --again 1 --json'.split(' ');
      const { status, output } = await run.ensemble(...words);
      const { reports } = JSON.parse(output) as { readonly reports?: readonly ScenarioReport[] };
      const report = reports?.[0];
      expect(report, output).toBeDefined();
      // Other tests run at the same time, so that a verdict may have to wait for a quieter machine; a fail is one all the same.
      expect(status, report?.reasons.join('\n')).toBe(report?.verdict === 'inconclusive' ? 2 : 0);
      const verdict = report?.runs[0]?.verdict;
      expect(verdict?.counts).toMatchObject({ lost: 0 });
      expect(verdict?.counts.acknowledged).toBeGreaterThan(1_000);
      expect(verdict?.timings.map(({ detectionMs, inSyncMs }) => [typeof detectionMs, typeof inSyncMs])).toEqual([
        ['number', 'number'],
      ]);
      expect(await run.faults.standing()).toEqual({ faults: [], unreadable: [] });
      expect(await run.topics('--list')).not.toContain('chaos');
      await acknowledge(100);
    },
    15 * minute,
  );

  it(
    'are left by a run that was killed while a machine was cut off as the next command finds them, which heals: nothing of it stays',
    async () => {
      const words = 'chaos run machine-follower-isolate --driver hosts --seed 2'.split(' ');
      const playing = run.ensemble(...words);
      const isCut = async () => (await run.faults.standing()).faults.some(({ kind }) => kind === 'isolate');
      const notes = journalFolder(join(run.stateRoot, 'staging'));
      const rules = async () => await run.inside(['nft', 'list', 'ruleset']);
      const before = await rules();
      const deadline = performance.now() + 3 * minute;
      while (!(await isCut()) && performance.now() < deadline) await delay(100);
      const owner = (await readEntries(notes)).find(({ of }) => of === 'driver')?.owner.pid;
      process.kill(owner ?? Number.NaN, 'SIGKILL');
      expect((await playing).status).not.toBe(0);
      expect([await isCut(), (await readEntries(notes)).length > 0]).toEqual([true, true]);

      const { status, output } = await run.ensemble('chaos', 'heal', '--driver', 'hosts');
      expect(status, output).toBe(0);
      expect(await run.faults.standing()).toEqual({ faults: [], unreadable: [] });
      expect([await readEntries(notes), await rules()]).toEqual([[], before]);
      expect(await run.topics('--list')).not.toContain('chaos');
      await run.whole();
      await acknowledge(100);
    },
    15 * minute,
  );

  it(
    'have lost nothing that was acknowledged',
    async () => {
      await run.whole();
      const outcomes = (await load?.stop()) ?? [];
      load = undefined;
      expect(checkProducedLog(outcomes, await readTopic(run.bootstrap, topic, run.seat))).toEqual([]);
      expect(outcomes.length).toBeGreaterThan(500);
    },
    15 * minute,
  );

  it(
    'leave nothing behind, also where the driver is killed half-way',
    async () => {
      const { hosts } = run;
      await hosts.down();
      expect(await hosts.leftovers()).toEqual([]);
      const child = bootBeside(run.stateRoot);
      // One machine runs, and the next one is being made.
      const exited = once(child, 'exit');
      const [line] = await Promise.race([once(child.stdout, 'data'), exited]);
      expect(String(line)).toMatch(/\w+-1/);
      child.kill('SIGKILL');
      expect(await exited).toEqual([null, 'SIGKILL']);
      expect(await hosts.leftovers()).not.toEqual([]);
      await hosts.down();
      expect(await hosts.leftovers()).toEqual([]);
    },
    15 * minute,
  );
});
