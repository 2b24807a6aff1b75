/**
 * `ensemble roll` on real ZooKeeper and Kafka, under a producer that waits for every replica: nothing acknowledged is lost or doubled, whatever the roll goes
 * through: killed in the middle of a restart and run again, refused while a broker is away, stopped by a node that does not come back.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { connect } from '../../clients/kafka/connection.ts';
import { describeConfigs } from '../../clients/kafka/requests/describe-configs.ts';
import type { RollPlan } from '../../operations/roll/plan.ts';
import type { RollReport } from '../../operations/roll.ts';
import type { StatusReport } from '../../operations/status.ts';
import { isAlive, type ProcessIdentity } from '../../platform/process-identity.ts';
import { checkProducedLog } from '../histories/produced-log.ts';
import { requires } from '../requirements.ts';
import { eventually, type PlatformFixture, platformFixture } from './platform-fixture.ts';
import { type Load, readTopic, startLoad } from './verifiable-producer.ts';

const { describe, it } = requires('java', 'kcat', 'linux');

const bootstrap = '127.0.66.101:9092,127.0.66.102:9092,127.0.66.103:9092';
const everyone = ['master-1', 'master-2', 'master-3', 'worker-1', 'worker-2', 'worker-3'];
const workers = everyone.slice(3);

describe('a platform of three masters and three workers that is rolled under load', () => {
  let platform: PlatformFixture;
  let load: Load;

  const settings = async (kafka: string, zookeeper = '') =>
    await platform.write({
      masters: 3,
      workers: 3,
      kafkaSettings: kafka,
      network: `zookeeper: { settings: {${zookeeper}} }`,
    });
  const recordOf = (node: string): ProcessIdentity & { readonly restarting?: boolean } => {
    const service = node.startsWith('master') ? 'zookeeper' : 'kafka';
    return JSON.parse(
      readFileSync(join(platform.folder, 'state', 'test', 'nodes', node, service, 'process.json'), 'utf8'),
    );
  };
  /** By node; undefined for one that does not run. Read from what the driver keeps: a command for each look would take most of the time. */
  const pids = () => new Map(everyone.map((node) => [node, livingPid(recordOf(node))]));
  /** Nodes that another process runs than before. */
  const restarted = (before: ReadonlyMap<string, number | undefined>) =>
    [...pids()].filter(([node, pid]) => before.get(node) !== pid).map(([node]) => node);
  const roll = async (...args: readonly string[]) => await platform.run(['roll', '--yes', '--json', ...args]);
  const rolled = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await roll(...args);
    expect(status, stderr + stdout).toBe(0);
    return JSON.parse(stdout) as RollReport;
  };
  beforeAll(async () => {
    platform = await platformFixture(66, { masters: 3, workers: 3 });
    const config = 'config: { min.insync.replicas: "2" }';
    await platform.writeTopics(`topics:\n  - { name: load, partitions: 6, replicas: 3, ${config} }\n`);
    const up = await platform.run(['up', '--no-messages']);
    expect(up.status, up.stderr + up.stdout).toBe(0);
    load = await startLoad(platform.folder, bootstrap, 'load', 300);
    await eventually('records are acknowledged', 60_000, () => load.acknowledged() > 100);
  });
  afterAll(async () => {
    await platform.dispose();
  });

  it('has nothing to roll after it came up', async () => {
    const { status, stdout } = await platform.run(['roll', '--plan']);
    expect([status, stdout]).toEqual([0, 'Every node of test runs as its environment file says: nothing to roll.\n']);
  });

  it('goes on after a kill between a broker’s stop and its start, and restarts no node twice', async () => {
    await settings('queued.max.requests: 400', 'maxClientCnxns: 70');
    const planned = await platform.run(['roll', '--plan', '--json']);
    expect(planned.status).toBe(2);
    const { plan } = JSON.parse(planned.stdout) as { readonly plan: RollPlan };
    const nodes = plan.steps.map(({ node }) => node);
    expect([...nodes].sort()).toEqual(everyone);
    const details = (JSON.parse((await platform.run(['status', '--json'])).stdout) as StatusReport).services;
    const leads = details.filter(({ detail }) => ['leader', 'controller'].includes(detail)).map(({ node }) => node);
    expect([nodes[2], nodes[5]], 'who leads comes last').toEqual(leads);
    const second = nodes[4] ?? '';
    const before = pids();

    let pid = 0;
    const first = platform.run(['roll', '--yes'], { onStart: (started) => (pid = started) });
    await eventually(`${second} is being restarted`, 120_000, () => recordOf(second).restarting === true);
    process.kill(pid, 'SIGKILL');
    expect((await first).status).toBeNull();
    const done = nodes.slice(0, 4).sort();
    await eventually(`${second} is down`, 60_000, () => pids().get(second) === undefined);
    const between = pids();
    expect(
      restarted(before)
        .filter((node) => node !== second)
        .sort(),
    ).toEqual(done);

    const report = await rolled();
    expect(report.plan.steps.map(({ node, actions: [action] }) => [node, action?.kind])).toEqual([
      [second, 'start'],
      [nodes[5], 'restart'],
    ]);
    expect(restarted(between).sort()).toEqual([second, nodes[5] ?? ''].sort());
  });

  it('tells running brokers of what they can take, and restarts none', async () => {
    await settings('queued.max.requests: 400, num.network.threads: 9', 'maxClientCnxns: 70');
    const before = pids();
    const { plan } = await rolled();
    expect(plan.steps.map(({ actions }) => actions)).toMatchObject(
      workers.map(() => [
        { kind: 'update', updates: [{ name: 'num.network.threads', from: '3', via: ['6'], to: '9', by: 'set' }] },
      ]),
    );
    expect(restarted(before)).toEqual([]);
    const connection = await connect({ bootstrap: bootstrap.split(','), clientId: 'test' });
    const running = await Promise.all(
      [1, 2, 3].map(async (to) => {
        const [described] = await describeConfigs(connection, [{ type: 'broker', name: String(to) }], { to });
        return described?.entries.find(({ name }) => name === 'num.network.threads')?.value;
      }),
    );
    await connection.close();
    expect(running).toEqual(['9', '9', '9']);
    expect((await platform.run(['roll', '--plan'])).status).toBe(0);
  });

  it('refuses while a broker is stopped, says what to do, and touches nothing', async () => {
    expect((await platform.run(['stop', 'worker-2'])).status).toBe(0);
    await settings('queued.max.requests: 300, num.network.threads: 9', 'maxClientCnxns: 70');
    const before = pids();
    const { status, stdout } = await roll();
    expect(status).toBe(3);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'OPERATIONS_NOT_WHOLE',
      evidence: expect.arrayContaining(['kafka on worker-2 is stopped', 'the broker on worker-2 is not registered']),
      next: expect.stringContaining('`ensemble start worker-2`'),
    });
    expect(restarted(before)).toEqual([]);
    expect((await platform.run(['start', 'worker-2'])).status).toBe(0);
  });

  it('stops at the first node that does not come back, and goes on from there once the setting is mended', async () => {
    await settings('authorizer.class.name: no.such.Class, num.network.threads: 9', 'maxClientCnxns: 70');
    const before = pids();
    const { status, stdout } = await roll();
    expect(status, stdout).toBe(4);
    const report = JSON.parse(stdout) as RollReport;
    const [failed, ...others] = report.plan.steps.map(({ node }) => node);
    expect(report.nodes.map(({ outcome }) => outcome)).toEqual(['stopped', 'untouched', 'untouched']);
    expect(report.stopped).toMatchObject({ node: failed, error: { code: 'DRIVER_SERVICE_DIED' } });
    expect(report.stopped?.error.evidence.join('\n')).toContain('no.such.Class');
    expect(restarted(before)).toEqual([failed]);

    // What the other two run with, worker-2 by its start and worker-1 or worker-3 still with 400.
    await settings('queued.max.requests: 400, num.network.threads: 9', 'maxClientCnxns: 70');
    const mended = await rolled();
    expect(mended.plan.steps[0]).toMatchObject({ node: failed, broken: true, actions: [{ kind: 'start' }] });
    expect(others).not.toContain(failed);
    expect((await platform.run(['status'])).stdout).toContain('healthy');
  });

  it('restarts one node alone where nothing changed, for another Java', async () => {
    const before = pids();
    await rolled('--only', 'worker-3', '--restart');
    expect(restarted(before)).toEqual(['worker-3']);
  });

  it('lost, doubled and disordered no record of the producer, which was told of no fault', async () => {
    const outcomes = await load.stop();
    const log = await readTopic(bootstrap, 'load');
    expect(checkProducedLog(outcomes, log)).toEqual([]);
    expect(log.length).toBeGreaterThanOrEqual(outcomes.length);
    expect(outcomes.length).toBeGreaterThan(1_000);
  });
});

/** One that ended and was not reaped yet does not run. */
function livingPid(identity: ProcessIdentity): number | undefined {
  return isAlive(identity) ? identity.pid : undefined;
}
