/** `ensemble topics` as a person and a pipeline use it, on a real cluster: exit statuses, consents, saved plans, and runs that are disturbed. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { StatusReport } from '../../operations/status.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import type { TopicPlan } from '../../topics/plan/plan.ts';
import { eventually, type PlatformFixture, platformFixture } from '../integration/platform-fixture.ts';
import { runProgram } from '../integration/run-program.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('java');

describe('the topics commands', () => {
  let platform: PlatformFixture;
  const bootstrap = '127.0.44.101:9092,127.0.44.102:9092,127.0.44.103:9092';
  const base = ['monitoring.pms:3:2', 'system.feature:3:2'];
  const declare = (...topics: readonly string[]) =>
    platform.writeTopics(`topics:\n${[...base, ...topics].map((topic) => `  - ${topic}\n`).join('')}`);
  const numbered = (prefix: string, count: number, counts: string) =>
    Array.from({ length: count }, (_, index) => `${prefix}.${index}:${counts}`);
  const plan = () => platform.json<TopicPlan>(['topics', 'plan']);
  const pidOf = async (node: string) => {
    const { services } = await platform.json<StatusReport>(['status']);
    return services.find((service) => service.node === node)?.pid ?? 0;
  };

  beforeAll(async () => {
    platform = await platformFixture(44, { masters: 1, workers: 3, kafkaHeapMiB: 384 });
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
  });
  afterAll(() => platform.dispose());

  it('exit with 0 where nothing is to do, 2 where changes are pending, and change nothing by planning', async () => {
    expect((await platform.run(['topics', 'plan'])).status).toBe(0);
    await declare('orders:3:2');
    const pending = await platform.run(['topics', 'plan']);
    expect(pending.status).toBe(2);
    expect(pending.stdout).toContain('3 partitions, 2 replicas');
    expect((await platform.run(['topics', 'plan'])).status).toBe(2);
  });

  it('apply nothing without a yes, everything with one, and verify it', async () => {
    const declined = await platform.run(['topics', 'apply']);
    expect(declined.status).toBe(1);
    expect(declined.stderr).toContain('nothing was changed; it needs a yes, or --yes');
    expect((await platform.run(['topics', 'plan'])).status).toBe(2);
    const applied = await platform.run(['topics', 'apply', '--yes']);
    expect(applied.status).toBe(0);
    expect(applied.stdout).toContain('1 of 1 changes made.');
    expect((await platform.run(['topics', 'plan'])).status).toBe(0);
  });

  it('exit with 3 where something is blocked, make the rest all the same, and say why', async () => {
    await platform.writeTopics('topics:\n  - monitoring.pms:2:2\n  - system.feature:3:2\n  - orders:4:2\n');
    const blocked = await platform.run(['topics', 'apply', '--yes']);
    expect(blocked.status).toBe(3);
    expect(blocked.stdout).toContain('it has 3 partitions and the manifest says 2');
    expect(blocked.stdout).toContain('1 of 1 changes made.');
    await declare('orders:4:2');
    expect((await platform.run(['topics', 'plan'])).status).toBe(0);
  });

  it('apply a saved plan and nothing else; refuse it once the cluster or the manifest has changed behind it', async () => {
    const file = join(platform.folder, 'plan.json');
    await declare('orders:4:2', 'late:1:1');
    expect((await platform.run(['topics', 'plan', '--out', file])).status).toBe(2);
    await declare('orders:4:2', 'late:1:1', 'later:1:1');
    const otherManifest = await platform.run(['topics', 'apply', file, '--yes']);
    expect(otherManifest.status).toBe(3);
    expect(otherManifest.stderr).toContain('TOPICS_PLAN_STALE');
    expect(otherManifest.stderr).toContain('declares something else by now');

    await declare('orders:4:2', 'late:1:1');
    // Another operator is faster.
    const elsewhere = join(platform.folder, 'elsewhere.yaml');
    await writeFile(elsewhere, 'topics:\n  - late:2:1\n');
    expect(
      (await platform.run(['topics', 'apply', '--yes', '--bootstrap', bootstrap, '--manifest', elsewhere])).status,
    ).toBe(0);
    const otherCluster = await platform.run(['topics', 'apply', file, '--yes']);
    expect(otherCluster.status).toBe(3);
    expect(otherCluster.stderr).toContain('the topics or the brokers have changed since it was made');

    await declare('orders:4:2', 'late:2:1', 'saved:1:1');
    await platform.run(['topics', 'plan', '--out', file]);
    expect((await platform.run(['topics', 'apply', file, '--yes'])).status).toBe(0);
    expect((await platform.run(['topics', 'apply', file, '--yes'])).stderr).toContain('TOPICS_PLAN_STALE');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"version": 1', '"version": 9'));
    expect((await platform.run(['topics', 'apply', file, '--yes'])).status).toBe(1);
  });

  it('delete only with state: absent, --allow-delete and words typed at a terminal', async () => {
    await platform.writeTopics(
      `topics:\n  - monitoring.pms:3:2\n  - system.feature:3:2\n  - orders:4:2\n  - saved:1:1\n  - name: late\n    state: absent\n`,
    );
    const withoutFlag = await platform.run(['topics', 'apply', '--yes']);
    expect(withoutFlag.status).toBe(3);
    expect(withoutFlag.stdout).toContain('late');
    const withoutTerminal = await platform.run(['topics', 'apply', '--yes', '--allow-delete']);
    expect(withoutTerminal.status).toBe(1);
    expect(withoutTerminal.stderr).toContain('deletions are confirmed by hand, in a terminal');
    const { entries } = await platform.json<TopicPlan>(['topics', 'plan', '--allow-delete']);
    expect(entries).toMatchObject([{ action: 'delete', topic: 'late' }]);
  });

  it('refuse flags and files that make no sense, with status 1 and the next step', async () => {
    const unreachable = await platform.run(['topics', 'plan', '--bootstrap', '127.0.44.9:9092']);
    expect(unreachable.status).toBe(1);
    expect(unreachable.stderr).toContain('CLIENT_UNREACHABLE Kafka does not answer at 127.0.44.9:9092');
    const rate = await platform.run(['topics', 'apply', '--throttle', 'fast']);
    expect(rate.status).toBe(1);
    expect(rate.stderr).toContain('Expected bytes a second, such as 20MB, or unlimited.');
    await platform.writeTopics('topics:\n  - monitoring.pms:0:2\n  - "bad name"\n  - twice\n  - twice\n');
    const faults = await platform.run(['topics', 'plan']);
    expect(faults.status).toBe(1);
    for (const line of [2, 3, 5]) expect(faults.stderr).toContain(`topics.yaml:${line}:`);
  });

  it('go through when a worker is killed in the middle, and find nothing left to do afterwards', async () => {
    await declare('orders:4:2', ...numbered('killed', 120, '3:2'));
    const worker = await pidOf('worker-3');
    const apply = platform.run(['topics', 'apply', '--yes', '--timeout', '20']);
    await eventually('some topics are made', 30_000, async () => (await plan()).entries.length < 120);
    process.kill(worker, 'SIGKILL');
    await apply;
    expect((await platform.run(['start', 'worker-3'])).status).toBe(0);
    const again = await platform.run(['topics', 'apply', '--yes']);
    expect(again.status, again.stdout + again.stderr).toBe(0);
    expect((await plan()).entries).toEqual([]);
  });

  it('follow the controller when it stops in the middle', async () => {
    const topics = numbered('moved', 120, '3:2');
    await declare('orders:4:2', ...numbered('killed', 120, '3:2'), ...topics);
    const { services } = await platform.json<StatusReport>(['status']);
    const controller = services.find(({ detail }) => detail === 'controller');
    const apply = platform.run(['topics', 'apply', '--yes']);
    await eventually('some topics are made', 30_000, async () => (await plan()).entries.length < 120);
    await platform.run(['stop', controller?.node ?? '', '--timeout', '30']);
    const applied = await apply;
    expect(applied.stdout).toContain('120 of 120 changes made.');
    await platform.run(['start', controller?.node ?? '']);
    expect((await platform.run(['topics', 'apply', '--yes'])).status).toBe(0);
  });

  it('carry on after the command itself was killed, three times', async () => {
    const earlier = [...numbered('killed', 120, '3:2'), ...numbered('moved', 120, '3:2')];
    await declare('orders:4:2', ...earlier, ...numbered('resumed', 150, '2:2'));
    for (const momentMs of [600, 900, 1_300]) {
      await platform.run(['topics', 'apply', '--yes'], {
        onStart: (pid) => setTimeout(() => process.kill(pid, 'SIGKILL'), momentMs).unref(),
      });
    }
    const last = await platform.run(['topics', 'apply', '--yes']);
    expect(last.status, last.stdout + last.stderr).toBe(0);
    expect((await plan()).entries).toEqual([]);
  });

  it('import what is there so that a plan with it is empty, and never replace a file unasked', async () => {
    const file = join(platform.folder, 'imported.yaml');
    expect((await platform.run(['topics', 'import', '--out', file])).status).toBe(0);
    expect((await platform.run(['topics', 'plan', '--manifest', file])).status).toBe(0);
    const twice = await platform.run(['topics', 'import', '--out', file]);
    expect(twice.status).toBe(1);
    expect(twice.stderr).toContain('is there already');
  });

  it('make the topics of a deployment from its outputs file, and fail where the cluster never comes', async () => {
    const outputs = join(platform.folder, 'outputs.json');
    const manifest = join(platform.folder, 'deployed.yaml');
    await writeFile(outputs, JSON.stringify({ 'test-data': { bootstrapServers: bootstrap } }));
    await writeFile(manifest, 'topics:\n  - deployed:3:2\n');
    const entry = (...args: readonly string[]) =>
      runProgram(process.execPath, [
        '--import',
        'tsx',
        join(installationRoot(), 'scripts', 'create-topics.ts'),
        '--manifest',
        manifest,
        ...args,
      ]);
    const made = await entry('--outputs', outputs);
    expect(made.status, made.stderr).toBe(0);
    expect(made.stdout).toContain('as declared');
    expect((await entry('--outputs', outputs)).stdout).toContain('No changes: 1 topic is as declared.');
    const never = await entry('--bootstrap', '127.0.44.9:9092', '--wait', '1');
    expect(never.status).toBe(1);
    expect(never.stderr).toContain('OPERATIONS_CLUSTER_NOT_READY');
  });

  it('make a manifest of 2,000 topics, and see in a moment that nothing is left to do', async () => {
    await platform.writeTopics(
      `topics:\n${numbered('many', 2_000, '1:1')
        .map((topic) => `  - ${topic}\n`)
        .join('')}`,
    );
    const applied = await platform.run(['topics', 'apply', '--yes', '--timeout', '120']);
    expect(applied.status, applied.stdout.slice(-2_000) + applied.stderr).toBe(0);
    expect(applied.stdout).toContain('2000 of 2000 changes made.');
    expect((await plan()).unchanged).toHaveLength(2_000);
  });
});
