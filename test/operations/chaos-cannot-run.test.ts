/** What cannot be run on a system is said before anything is made for it: by what it lacks, and by what its driver cannot break. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../chaos/load-scenarios.ts';
import { parseEnvironment } from '../../cluster/load.ts';
import { resolveCluster } from '../../cluster/resolve.ts';
import type { FaultKind } from '../../contracts/fault.ts';
import { cannotRun } from '../../operations/chaos/cannot-run.ts';
import type { SystemUnderTest } from '../../operations/chaos/system.ts';
import { change } from '../cluster/environment-fixture.ts';

const local = readFileSync('environments/local.yaml', 'utf8');
const withoutPlatform = local.slice(0, local.indexOf('metadata:'));

const system = (less: {
  readonly text?: string;
  readonly unable?: Partial<Record<FaultKind, string>>;
  readonly withoutPrimary?: string;
  readonly withoutPush?: string;
  readonly breakable?: readonly string[];
}) => {
  const spec = parseEnvironment({ file: 'e.yaml', text: less.text ?? local });
  return {
    environment: { spec, cluster: resolveCluster(spec) },
    ...(less.breakable === undefined ? {} : { breakable: new Set(less.breakable) }),
    faults: { unable: async (kind: FaultKind) => less.unable?.[kind] },
    withoutPrimary: less.withoutPrimary,
    withoutPush: less.withoutPush,
  } as unknown as SystemUnderTest;
};
const why = async (name: string, less: Parameters<typeof system>[0]) =>
  await cannotRun(await loadScenario(name), system(less));

describe('a scenario that cannot be run', () => {
  it('is none that the system has everything for', async () => {
    for (const name of ['safe-leader-kill', 'push-server-kill', 'metadata-primary-kill', 'machine-leader-slow'])
      expect([name, await why(name, {})]).toEqual([name, undefined]);
  });

  it('needs an API, a primary or an endpoint that is reached, and no other is kept from running by it', async () => {
    expect(await why('balancer-kill', { text: withoutPlatform })).toContain('has none');
    expect(await why('safe-leader-kill', { text: withoutPlatform })).toBeUndefined();
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

  it('is one of another environment: fewer workers than replicas, another prediction, more down at once than it allows', async () => {
    const text = change({ 'balancer:\n  count: 1': 'balancer:\n  count: 2' }, local);
    expect(await why('balancer-kill', { text })).toContain('writing continues, reading continues');
    expect(await why('balancer-one-of-two-kill', { text })).toBeUndefined();
    expect(await why('balancer-kill', {})).toBeUndefined();
    expect(await why('balancer-one-of-two-kill', {})).toContain('writing stops, reading stops');
    const few = change({ 'workers:\n  count: 3': 'workers:\n  count: 2' }, local);
    expect(await why('safe-leader-kill', { text: few })).toBe('its topic has 3 replicas, and 2 workers run');
    const more = change({ 'tolerate: 1': 'tolerate: 2', 'masters:\n  count: 3': 'masters:\n  count: 5' }, local);
    expect(await why('safe-beyond-f', { text: more })).toContain('would have 3 nodes down at once, and allows 2');
  });

  it('needs a fault that the driver can make', async () => {
    const unable = { isolate: 'one network' };
    expect(await why('machine-leader-isolate', { unable })).toBe('one network');
    expect(await why('machine-leader-kill', { unable })).toBeUndefined();
  });
});
