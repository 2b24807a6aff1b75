/** A node goes only when the cluster says that it can do without it; who says nothing keeps it. Judged on small hand-made answers. */
import { describe, expect, it } from 'vitest';
import type { Id } from '../../cluster/model.ts';
import type { ServiceState } from '../../drivers/driver.ts';
import { nodeNeeded } from '../../operations/errors.ts';
import { type RetireAnswers, retireObstacles } from '../../operations/retire.ts';
import { change, clusterOf } from '../cluster/environment-fixture.ts';

const cluster = clusterOf(
  change({
    'count: 3\n  machine: { memoryMiB: 4096': 'ids: [1, 2, 3]\n  machine: { memoryMiB: 4096',
    'masters:\n  count: 3': 'masters:\n  ids: [1, 2, 3]',
    'topics:': 'retired: [worker-4, master-4]\ntopics:',
  }),
);
const whole = { leaderless: 0, underReplicated: 0, moving: 0 };
const broker = (id: number, replicas: number) => ({ id, up: true, rack: undefined, replicas, leaders: 0 });

function runs(node: Id, service: string, state: ServiceState['state'] = 'running'): ServiceState {
  return { node, service, role: '', address: '', state, pid: 1, since: undefined, outdated: false, restarting: false };
}
const masters = [1, 2, 3, 4].map((ordinal) => runs(`master-${ordinal}`, 'zookeeper'));
const modes = (silent?: string) =>
  new Map(
    [1, 2, 3, 4].map((ordinal) => [`master-${ordinal}`, `master-${ordinal}` === silent ? undefined : 'follower']),
  );

function obstacles(id: Id, answers: Partial<RetireAnswers>): readonly string[] {
  const group = cluster.groups.find(({ nodes }) => nodes.some((node) => node.id === id));
  const node = group?.nodes.find((each) => each.id === id);
  if (group === undefined || node === undefined) throw new Error(`the environment has no ${id}`);
  return retireObstacles(group, node, { states: masters, quorum: modes(), brokers: undefined, ...answers });
}

describe('a worker that is to go', () => {
  it('may, once it holds nothing and nothing is amiss', () => {
    const brokers = { ...whole, brokers: [broker(1, 8), broker(4, 0)] };
    expect(obstacles('worker-4', { brokers })).toEqual([]);
    // One that is no longer registered holds nothing either.
    expect(obstacles('worker-4', { brokers: { ...whole, brokers: [broker(1, 8)] } })).toEqual([]);
  });

  it.each([
    ['replicas that it holds', { ...whole, brokers: [broker(4, 3)] }, 'it holds 3 replicas of partitions'],
    ['partitions that move', { ...whole, moving: 2, brokers: [] }, '2 partitions move from broker to broker'],
    [
      'partitions that are not whole',
      { ...whole, underReplicated: 1, brokers: [] },
      '1 partitions lack a leader or a replica in sync',
    ],
    ['silence', undefined, 'no broker answers, so that nobody knows what worker-4 holds'],
  ])('is kept by %s', (_, brokers, reason) => {
    expect(obstacles('worker-4', { brokers })).toEqual([reason]);
  });
});

describe('the refusal', () => {
  it('names the command that empties a broker, where the node holds replicas', () => {
    const needed = (holds: boolean) => nodeNeeded('worker-4', ['why'], { holds });
    expect(needed(true).next).toContain('`ensemble topics reassign away worker-4`');
    expect(needed(false).next).not.toContain('reassign away');
  });
});

describe('a member of a quorum that is to go', () => {
  it('may, while all that stay serve', () => {
    expect(obstacles('master-4', {})).toEqual([]);
    // What it does itself is of no account.
    expect(obstacles('master-4', { quorum: modes('master-4') })).toEqual([]);
  });

  it('is kept by one that stays and does not serve', () => {
    expect(obstacles('master-4', { quorum: modes('master-2') })).toEqual(['master-2 does not serve within the quorum']);
    const states = [...masters.slice(1), runs('master-1', 'zookeeper', 'starting')];
    expect(obstacles('master-4', { states })).toEqual(['zookeeper on master-1 is starting']);
    expect(obstacles('master-4', { states: masters.slice(1) })).toEqual(['zookeeper on master-1 is not seen']);
  });
});
