/** Whom a step befalls: as many as are asked for, none that is down already, or nobody, with the reason. */
import { describe, expect, it } from 'vitest';
import type { Target } from '../../chaos/scenario.ts';
import { chooseTargets } from '../../operations/chaos/targets.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';

const cluster = clusterOf(smallEnvironment);
const whole = {
  controller: 2,
  registered: [1, 2, 3],
  answering: [],
  partitions: [{ partition: 0, leader: 1, replicas: [1, 2, 3], inSync: [1, 2, 3] }],
};

interface Given {
  readonly count?: number;
  readonly state?: typeof whole;
  readonly down?: readonly string[];
  readonly breakable?: readonly string[];
}

function chosen(on: Target, { count = 1, state = whole, down = [], breakable }: Given = {}) {
  const asked = {
    ...{ cluster, state, partition: 0, count, primary: undefined, choice: 0, down: new Set(down) },
    breakable: breakable && new Set(breakable),
  };
  const found = chooseTargets(on, asked);
  return 'cannot' in found ? found.cannot : found.map(({ node }) => node);
}

describe('the targets of a step', () => {
  it('are as many as are asked for', () => {
    expect(chosen('leader')).toEqual(['worker-1']);
    expect(chosen('controller')).toEqual(['worker-2']);
    expect(chosen('follower', { count: 2 })).toEqual(['worker-2', 'worker-3']);
  });

  it('are never fewer than are asked for: the step is skipped, with the reason', () => {
    const [one = whole.partitions[0]] = whole.partitions;
    const shrunk = { ...whole, partitions: [{ ...one, inSync: [1, 2] }] };
    const why = 'followers in sync of partition 0: 2 asked for, and 1 there that no fault is on';
    expect(chosen('follower', { count: 2, state: shrunk as typeof whole })).toBe(why);
    expect(chosen('worker', { count: 2, down: ['worker-1', 'worker-2'] })).toBe('2 are asked for, and 1 run kafka');
  });

  it('are none that may not be broken, whoever leads: the step is skipped, with those that may be', () => {
    const breakable = ['worker-2', 'worker-3'];
    expect(chosen('leader', { breakable })).toBe(
      'leader of partition 0: 1 asked for, and 0 there that no fault is on, of those that may be broken: worker-2, worker-3',
    );
    expect(chosen('follower', { count: 2, breakable })).toEqual(breakable);
    expect(chosen('worker', { breakable })).toEqual(['worker-2']);
    expect(chosen('worker', { count: 2, breakable: ['worker-3'] })).toBe(
      '2 are asked for, and 1 run kafka, of those that may be broken: worker-3',
    );
  });

  it('are workers that hold the partition before others, since the prediction speaks of it', () => {
    const [one = whole.partitions[0]] = whole.partitions;
    const elsewhere = { ...whole, partitions: [{ ...one, replicas: [2, 3], leader: 2, inSync: [2, 3] }] };
    const state = elsewhere as typeof whole;
    expect(chosen('worker', { count: 2, state })).toEqual(['worker-2', 'worker-3']);
    expect(chosen('worker', { count: 3, state })).toEqual(['worker-2', 'worker-3', 'worker-1']);
    expect(chosen('worker', { count: 2, state, down: ['worker-3'] })).toEqual(['worker-2', 'worker-1']);
  });

  it('are none that a fault is on already, whatever the cluster still says of it', () => {
    const why = (what: string) => `${what}: 1 asked for, and 0 there that no fault is on`;
    expect(chosen('leader', { down: ['worker-1'] })).toBe(why('leader of partition 0'));
    expect(chosen('controller', { down: ['worker-2'] })).toBe(why('controller'));
    expect(chosen('follower', { down: ['worker-2'] })).toEqual(['worker-3']);
  });
});
