/** A roll on a platform in memory: one node at a time, stops where one fails, refuses what is not whole, and goes on after a kill at any moment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRows } from '../../operations/roll/plan.ts';
import { previewRoll, type RollOptions, rollCluster } from '../../operations/roll.ts';
import type { Step } from '../../operations/step.ts';
import { balancedEnvironment } from '../cluster/balanced-environment.ts';
import { change, clusterOf } from '../cluster/environment-fixture.ts';
import { Killed, RolledPlatform } from './rolled-platform.ts';

const before = clusterOf(change({}));
const settings = 'kafka: { settings: { queued.max.requests: 400 } }\nzookeeper: { settings: { maxClientCnxns: 70 } }';
const after = clusterOf(change({ 'topics: topics.yaml': `topics: topics.yaml\n${settings}` }));

const certificate = '-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----';

async function runSteps<C>(steps: readonly Step<C>[], context: C, signal: AbortSignal): Promise<void> {
  for (const step of steps) await step.run(context, () => {}, signal);
}

const roll = (platform: RolledPlatform, options: Partial<RollOptions> = {}) =>
  rollCluster(
    platform.target(),
    { only: [], restart: false, timeoutMs: 50, confirm: async () => 'agreed before', ...options },
    new AbortController().signal,
    runSteps,
  );

function changed(): RolledPlatform {
  const platform = new RolledPlatform(before);
  platform.cluster = after;
  return platform;
}

describe('a roll of everything that stands on brokers', () => {
  it('restarts API nodes in turn with their group’s seed once, checks and reloads balancers, and tells push servers of a new name', async () => {
    const text = balancedEnvironment({ balancers: 2, push: 2 });
    const platform = new RolledPlatform(clusterOf(text));
    platform.cluster = clusterOf(
      text
        .replace('api: {', 'api: { requestsPerSecond: 9,')
        .replace('memoryMiB: 512, cpus: 2', 'memoryMiB: 640, cpus: 2')
        .replace('push: {', `push: { endpointAuthorities: "${certificate}",`),
    );
    const { plan } = await roll(platform);
    expect(platform.deeds).toEqual([
      'run seed api-1/messaging-api',
      'restart api-1/messaging-api',
      'restart api-2/messaging-api',
      'reload push-1/push-server',
      'reload push-2/push-server',
      'run check balancer-1/haproxy',
      'reload balancer-1/haproxy',
      'run check balancer-2/haproxy',
      'reload balancer-2/haproxy',
    ]);
    expect(platform.outdated()).toEqual([]);
    expect(planRows(plan.steps).map((row) => row.join(' | '))).toContain(
      '1 | api-1 | a | restart messaging-api | config.json: ensemble; endpoint-authorities.pem',
    );
  });

  it('restarts a store with its set’s program, once', async () => {
    const platform = new RolledPlatform(clusterOf(balancedEnvironment()));
    await roll(platform, { restart: true, only: ['metadata'] });
    const restarts = [1, 2, 3].map((number) => `restart metadata-${number}/mongodb`);
    expect(platform.deeds).toEqual([restarts[0], 'run replica-set metadata-1/mongodb', ...restarts.slice(1)]);
  });
});

describe('a roll', () => {
  it('restarts followers and then the leader, then brokers and last the controller, one node at a time', async () => {
    const platform = changed();
    platform.leader = 'master-2';
    const report = await roll(platform);
    expect(platform.deeds).toEqual([
      'restart master-1/zookeeper',
      'restart master-3/zookeeper',
      'restart master-2/zookeeper',
      'restart worker-2/kafka',
      'restart worker-3/kafka',
      'restart worker-1/kafka',
    ]);
    expect(platform.mostAway).toBe(1);
    expect(platform.outdated()).toEqual([]);
    expect(report.nodes.every(({ outcome }) => outcome === 'rolled')).toBe(true);
    expect((await roll(platform)).plan.steps).toEqual([]);
  });

  it('touches only what is named: a node, a role or a service', async () => {
    for (const [only, nodes] of [
      [['worker-2'], ['worker-2']],
      [['master'], ['master-2', 'master-3', 'master-1']],
      [
        ['kafka', 'master-3'],
        ['master-3', 'worker-2', 'worker-3', 'worker-1'],
      ],
    ] as const) {
      const { plan } = await previewRoll(changed().target(), { only, restart: false });
      expect(plan.steps.map(({ node }) => node)).toEqual(nodes);
    }
    await expect(roll(changed(), { only: ['worker-9'] })).rejects.toMatchObject({
      code: 'OPERATIONS_NOTHING_SO_NAMED',
    });
  });

  it('restarts what did not change where that is asked for', async () => {
    const platform = new RolledPlatform(before);
    await roll(platform, { only: ['worker-3'], restart: true });
    expect(platform.deeds).toEqual(['restart worker-3/kafka']);
  });

  it('stops at the first node that fails, and leaves the others as they are', async () => {
    const platform = changed();
    platform.failing.add('worker-2');
    const report = await roll(platform);
    expect(report.stopped).toMatchObject({ node: 'worker-2', error: { code: 'DRIVER_SERVICE_DIED' } });
    expect(report.nodes.slice(3).map(({ outcome }) => outcome)).toEqual(['stopped', 'untouched', 'untouched']);
    expect(platform.outdated()).toEqual(['worker-1/kafka', 'worker-3/kafka']);
    // Once it is mended, it is the first.
    platform.failing.clear();
    platform.deeds.length = 0;
    await roll(platform);
    expect(platform.deeds).toEqual(['start worker-2/kafka', 'restart worker-3/kafka', 'restart worker-1/kafka']);
    expect(platform.mostAway).toBe(1);
  });

  it.each(['master-3/zookeeper', 'worker-3/kafka'])('refuses while %s is stopped, and touches nothing', async (key) => {
    const platform = changed();
    platform.service(key).state = 'stopped';
    await expect(roll(platform)).rejects.toMatchObject({ code: 'OPERATIONS_NOT_WHOLE', exitStatus: 3 });
    expect(platform.deeds).toEqual([]);
  });

  it('touches nothing where the plan is declined, or is another one after it was read', async () => {
    const platform = changed();
    expect(await roll(platform, { confirm: async () => 'declined' })).toMatchObject({ applied: false });
    const confirm = async () => {
      platform.leader = 'master-3';
      return 'agreed after reading' as const;
    };
    await expect(roll(platform, { confirm })).rejects.toMatchObject({ code: 'OPERATIONS_ROLL_STALE' });
    expect(platform.deeds).toEqual([]);
  });

  it('that is killed at any call is finished by the next ones, with never two nodes away', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }), async (kills) => {
        const platform = changed();
        for (const kill of kills) {
          platform.killAt = kill;
          await roll(platform).catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
          });
        }
        platform.killAt = Number.POSITIVE_INFINITY;
        const { stopped } = await roll(platform);
        expect(stopped).toBeUndefined();
        expect(platform.outdated()).toEqual([]);
        expect(platform.away()).toEqual([]);
        expect(platform.mostAway).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});
