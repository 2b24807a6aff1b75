/**
 * `ensemble roll` of an environment on AWS, whole: the installed command, moto for EC2, S3 and Secrets Manager, the bundled function under plain node, and
 * real ZooKeeper and Kafka that it asks and tells by TLS. The machines between are a stand-in (process-agents.ts) that restarts those very brokers.
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { openDeployment } from '../../operations/deployment.ts';
import type { RollPlan } from '../../operations/roll/plan.ts';
import type { RollReport } from '../../operations/roll.ts';
import { requires } from '../requirements.ts';
import { type AwsProcesses, startAwsProcesses } from './aws-processes.ts';

const { describe, it } = requires('java', 'kcat', 'linux', 'moto');

const workers = ['worker-1', 'worker-2', 'worker-3'];

describe('an environment on AWS that is rolled', () => {
  let world: AwsProcesses;

  const roll = (...args: readonly string[]) => world.ensemble('roll', '--yes', '--json', ...args);
  const rolled = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await roll(...args);
    expect(status, stderr + stdout).toBe(0);
    return JSON.parse(stdout) as RollReport;
  };

  beforeAll(async () => {
    world = await startAwsProcesses(46, { topics: 'topics:\n  - { name: load, partitions: 6, replicas: 3 }\n' });
  });
  afterAll(async () => {
    await world?.dispose();
  });

  it('is refused while what nodes would fetch is not what the environment file says', async () => {
    expect((await world.ensemble('roll', '--plan')).stdout).toContain('nothing to roll');
    await world.say('queued.max.requests: 400, authorizer.class.name: no.such.Class');
    const { status, stdout } = await roll();
    expect(status).toBe(3);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'OPERATIONS_SETTINGS_NOT_DEPLOYED',
      next: expect.stringContaining('cdktf deploy test-data'),
      evidence: [`test-data: ${workers.join(', ')}`],
    });
    await world.deploy();
  });

  it('is refused while partitions lack a replica, and touches nothing', async () => {
    const { driver } = await openDeployment(world.local());
    await driver.stop({ node: 'worker-2', service: 'kafka' });
    const deeds = await world.deedsOf(async () => {
      const { status, stdout } = await roll('--only', 'worker-1');
      expect(status, stdout).toBe(3);
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'OPERATIONS_NOT_WHOLE',
        evidence: expect.arrayContaining([
          'kafka on worker-2 is stopped',
          'the broker on worker-2 is not registered',
          expect.stringMatching(/not in sync on worker-2$/),
        ]),
      });
    });
    expect(deeds).toEqual([]);
    await driver.start({ node: 'worker-2', service: 'kafka' });
    await driver.ready(
      { node: 'worker-2', service: 'kafka' },
      { timeoutMs: 60_000, signal: AbortSignal.timeout(60_000) },
    );
  });

  let order: readonly string[];
  it('names the files and settings that differ, stops at the first node that does not come back, and refuses others until it is mended', async () => {
    const planned = await world.ensemble('roll', '--plan', '--json');
    expect(planned.status, planned.stderr).toBe(2);
    const { plan } = JSON.parse(planned.stdout) as { readonly plan: RollPlan };
    order = plan.steps.map(({ node }) => node);
    expect([...order].sort()).toEqual(workers);
    expect(plan.steps.flatMap(({ actions }) => actions)).toMatchObject(
      workers.map(() => ({
        kind: 'restart',
        service: 'kafka',
        because: ['server.properties: authorizer.class.name, queued.max.requests'],
      })),
    );
    const [first = '', second = ''] = order;
    const deeds = await world.deedsOf(async () => {
      const { status, stdout } = await roll();
      expect(status, stdout).toBe(4);
      const report = JSON.parse(stdout) as RollReport;
      expect(report.nodes.map(({ outcome }) => outcome)).toEqual(['stopped', 'untouched', 'untouched']);
      expect(report.stopped).toMatchObject({ node: first, error: { code: 'DRIVER_SERVICE_DIED' } });
      expect(report.stopped?.error.evidence.join('\n')).toContain('no.such.Class');
      expect((await roll('--only', second)).status, 'while another node has failed').toBe(3);
    });
    expect(deeds).toEqual([`restart ${first}`]);
  });

  it('goes on from there once the setting is mended, one node after the other, and does nothing twice', async () => {
    await world.say('queued.max.requests: 400');
    await world.deploy();
    const [first = '', ...others] = order;
    const deeds = await world.deedsOf(async () => {
      const { plan } = await rolled();
      expect(plan.steps[0]).toMatchObject({ node: first, broken: true });
    });
    expect(deeds[0]).toBe(`start ${first}`);
    expect(deeds.slice(1).sort()).toEqual(others.map((node) => `restart ${node}`).sort());
    expect(await world.deedsOf(async () => expect((await rolled()).plan.steps).toEqual([]))).toEqual([]);
  });

  it('tells brokers of what they can take, the one that is named and then the others, and restarts none', async () => {
    await world.say('queued.max.requests: 400, num.network.threads: 9');
    await world.deploy();
    const deeds = await world.deedsOf(async () => {
      const named = await rolled('--only', 'worker-3');
      expect(named.plan.steps.map(({ node, actions }) => [node, actions[0]?.kind])).toEqual([['worker-3', 'update']]);
      const { plan } = await rolled();
      expect(plan.steps.map(({ node }) => node).sort()).toEqual(['worker-1', 'worker-2']);
    });
    expect(deeds).toEqual([]);
    const kept = world.lambda.events.map((event) => (JSON.parse(event) as { action?: string }).action);
    expect(kept).toEqual(expect.arrayContaining(['brokers', 'broker-settings', 'broker-alter', 'leaders-elect']));
    expect((await world.ensemble('roll', '--plan')).stdout).toContain('nothing to roll');
  });
});
