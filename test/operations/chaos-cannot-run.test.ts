/** What cannot be run on a system is said before anything is made for it: by what it lacks, and by what its driver cannot break. */
import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../chaos/load-scenarios.ts';
import type { FaultKind } from '../../contracts/fault.ts';
import { cannotRun } from '../../operations/chaos/cannot-run.ts';
import type { SystemUnderTest } from '../../operations/chaos/system.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';

const system = (less: {
  readonly api?: boolean;
  readonly unable?: Partial<Record<FaultKind, string>>;
  readonly withoutPrimary?: string;
  readonly withoutPush?: string;
  readonly breakable?: readonly string[];
}) =>
  ({
    environment: { spec: less.api === false ? {} : { api: {} }, cluster: clusterOf(smallEnvironment) },
    ...(less.breakable === undefined ? {} : { breakable: new Set(less.breakable) }),
    faults: { unable: async (kind: FaultKind) => less.unable?.[kind] },
    withoutPrimary: less.withoutPrimary,
    withoutPush: less.withoutPush,
  }) as unknown as SystemUnderTest;
const why = async (name: string, less: Parameters<typeof system>[0]) =>
  await cannotRun(await loadScenario(name), system(less));

describe('a scenario that cannot be run', () => {
  it('is none that the system has everything for', async () => {
    for (const name of ['safe-leader-kill', 'push-server-kill', 'metadata-primary-kill', 'machine-leader-slow'])
      expect([name, await why(name, {})]).toEqual([name, undefined]);
  });

  it('needs an API, a primary or an endpoint that is reached, and no other is kept from running by it', async () => {
    expect(await why('balancer-kill', { api: false })).toContain('has none');
    expect(await why('safe-leader-kill', { api: false })).toBeUndefined();
    expect(await why('metadata-primary-kill', { withoutPrimary: 'a stand-in' })).toBe('a stand-in');
    expect(await why('api-leader-kill', { withoutPrimary: 'a stand-in' })).toBeUndefined();
    expect(await why('push-server-kill', { withoutPush: 'no way' })).toBe('no way');
    expect(await why('balancer-kill', { withoutPush: 'no way' })).toBeUndefined();
  });

  it('needs a node that may be broken, where not all of them may', async () => {
    const breakable = ['worker-2', 'master-1'];
    expect(await why('safe-leader-kill', { breakable })).toBeUndefined();
    expect(await why('masters-two-down-then-leader', { breakable })).toBeUndefined();
    expect(await why('masters-two-down-then-leader', { breakable: ['worker-2'] })).toContain(
      'runs zookeeper may be broken',
    );
    expect(await why('safe-leader-kill', { breakable: ['master-1'] })).toContain('runs kafka may be broken');
  });

  it('needs a fault that the driver can make', async () => {
    const unable = { isolate: 'one network' };
    expect(await why('machine-leader-isolate', { unable })).toBe('one network');
    expect(await why('machine-leader-kill', { unable })).toBeUndefined();
  });
});
