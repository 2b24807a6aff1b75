/** Scenarios: strict, all that ship say what the prediction says, and a seed repeats its schedule. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScenario, loadScenarios, loadShipped } from '../../chaos/load-scenarios.ts';
import { predict } from '../../chaos/predict.ts';
import { parseScenario, type Scenario } from '../../chaos/scenario.ts';
import { makeSchedule } from '../../chaos/schedule.ts';
import { loadEnvironment } from '../../cluster/load.ts';
import { DocumentError } from '../../documents/fault.ts';
import { nodesRunning } from '../../operations/health.ts';
import { installationRoot } from '../../platform/installation-root.ts';

const environment = {
  failures: 1,
  masters: 3,
  sessionTimeoutMs: 18_000,
  balancers: 1,
  apiNodes: 2,
  pushServers: 2,
};
const brisk = { ...environment, sessionTimeoutMs: 6_000 };
const seeds = Array.from({ length: 50 }, (_each, index) => index);
const text = (change: (text: string) => string = (same) => same) =>
  change(`name: mine
title: Mine
topic: { partitions: 3, replicas: 3, minInSync: 2 }
workload: { acks: all, ratePerSecond: 100 }
steps:
  - { fault: kill, on: leader, afterSeconds: 1, forSeconds: [5, 9] }
atMostDown: 1
expect: { writing: continues, reading: continues, durability: keeps }
runs: { short: 1, long: 1 }
`);
const parse = (change?: (text: string) => string) => parseScenario({ file: 'mine.yaml', text: text(change) });
const faults = (change: (text: string) => string) => {
  try {
    parse(change);
    return [];
  } catch (error) {
    return error instanceof DocumentError
      ? error.faults.map(({ path, found }) => `${path}: ${found}`)
      : [String(error)];
  }
};

describe('the scenarios that ship', () => {
  it('each expect what is predicted, with every seed, whether brokers are missed soon or late', async () => {
    const scenarios = await loadScenarios();
    expect(scenarios.length).toBeGreaterThan(10);
    for (const scenario of scenarios) {
      const { mustLose, ...expected } = scenario.expect;
      for (const [seed, where] of seeds.flatMap((each) => [[each, environment] as const, [each, brisk] as const])) {
        const schedule = makeSchedule(scenario, seed, where);
        const balancers = scenario.name === 'balancer-one-of-two-kill' ? 2 : 1;
        const predicted = predict(scenario, schedule, { ...where, balancers, inSync: scenario.topic.replicas });
        expect(predicted, `${scenario.name}, seed ${seed}`).toMatchObject(expected);
      }
      expect(mustLose, scenario.name).toBe(scenario.name.startsWith('control-'));
    }
  });

  it('each suit staging’s machines as well, but for one, which docs/chaos.md names', async () => {
    const { cluster } = await loadEnvironment('staging', join(installationRoot(), 'environments'));
    const count = (service: string) => nodesRunning(cluster.groups, service).length;
    const there = {
      ...environment,
      failures: cluster.tolerate,
      masters: count('zookeeper'),
      balancers: count('haproxy'),
      apiNodes: count('messaging-api'),
      pushServers: count('push-server'),
    };
    const unsuited = (await loadScenarios()).filter((scenario) => {
      const predicted = predict(scenario, makeSchedule(scenario, 1, there), {
        ...there,
        inSync: scenario.topic.replicas,
      });
      return !(['writing', 'reading', 'durability'] as const).every(
        (each) => predicted[each] === scenario.expect[each],
      );
    });
    expect(unsuited.map(({ name }) => name)).toEqual(['balancer-kill']);
    const guide = await readFile(join(installationRoot(), 'docs', 'chaos.md'), 'utf8');
    const [, machines = ''] = guide.split('## On machines');
    expect(machines.split('\n## ')[0]).toMatch(/`balancer-kill` where there are two balancers/);
  });

  it('are found by name, and an unknown one names the others', async () => {
    expect(await loadScenario('safe-leader-kill')).toMatchObject({ atMostDown: 1 });
    await expect(loadScenario('safe-leader-kil')).rejects.toMatchObject({
      code: 'CHAOS_NO_SUCH_SCENARIO',
      next: expect.stringContaining('safe-leader-kill'),
    });
  });

  it('are all of them for a matrix where none is named, else those, in their own order and each once', async () => {
    expect(await loadShipped([])).toEqual(await loadScenarios());
    const named = await loadShipped(['safe-leader-kill', 'control-acks-1', 'safe-leader-kill']);
    expect(named.map(({ name }) => name)).toEqual(['control-acks-1', 'safe-leader-kill']);
    await expect(loadShipped(['safe-leader-kill', 'party'])).rejects.toMatchObject({ code: 'CHAOS_NO_SUCH_SCENARIO' });
  });
});

describe('a scenario', () => {
  it('is read strictly, every fault at its place', () => {
    expect(faults((same) => same)).toEqual([]);
    expect(faults((same) => same.replace('on: leader', 'on: lieder'))).toEqual(['steps[0].on: the text "lieder"']);
    expect(faults((same) => same.replace('atMostDown: 1', 'atMostDown: 1\nretry: true'))).toEqual([
      'retry: the unknown field "retry"',
    ]);
    expect(faults((same) => same.replace('minInSync: 2', 'minInSync: 4'))).toEqual(['topic.minInSync: 4']);
    expect(faults((same) => same.replace('[5, 9]', '[9, 5]'))).toEqual(['steps[0].forSeconds: [9, 5]']);
    expect(faults((same) => same.replace('keeps', 'keeps, mustLose: true'))).toEqual(['expect.mustLose: true']);
  });

  it('asks for one leader and one controller, since there are no more', () => {
    for (const on of ['leader', 'controller', 'metadata-primary'])
      for (const count of ['2', 'f', 'f+1'])
        expect(faults((same) => same.replace('on: leader', `on: ${on}, count: ${count}`))).toEqual([
          `steps[0].count: ${count}`,
        ]);
    expect(faults((same) => same.replace('on: leader', 'on: follower, count: 2'))).toEqual([]);
  });

  it('that goes through the API asks for what the API does, and for nothing else', () => {
    const through = (same: string) =>
      same
        .replace('acks: all,', 'acks: all, through: balancer, consumers: 0,')
        .replace('partitions: 3', 'partitions: 1');
    expect(faults(through)).toEqual([]);
    expect(faults((same) => through(same).replace('acks: all', 'acks: 1'))).toEqual([
      'workload.through: 1 partitions, acks: 1, 0 consumers',
    ]);
    expect(faults((same) => same.replace('acks: all,', 'acks: all, push: true,'))).toEqual(['workload.push: true']);
  });

  it('has the schedule of its seed, each time, and others with other seeds', () => {
    const scenario = parse();
    expect(makeSchedule(scenario, 7, brisk)).toEqual(makeSchedule(scenario, 7, brisk));
    const all = seeds.map((seed) => makeSchedule(scenario, seed, brisk));
    expect(new Set(all.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2]));
    expect(new Set(all.map(({ lengthMs }) => lengthMs)).size).toBeGreaterThan(40);
    for (const { lengthMs } of all) expect(lengthMs >= 6_000 && lengthMs <= 10_000).toBe(true);
  });

  it('takes its steps in either order where any will do, by the seed, and as they are written where none is named', async () => {
    const either = await loadScenario('safe-master-and-follower-kill');
    const first = (scenario: Scenario) =>
      new Set(seeds.map((seed) => makeSchedule(scenario, seed, brisk).actions[0]?.step));
    expect(first(either)).toEqual(new Set([0, 1]));
    const { order: _any, ...written } = either;
    expect(first(written)).toEqual(new Set([0]));
    expect(makeSchedule(either, 7, brisk)).toEqual(makeSchedule(either, 7, brisk));
    expect(faults((same) => same.replace('atMostDown', 'order: some\natMostDown'))).toEqual([
      expect.stringContaining('order'),
    ]);
  });

  it('is refused where it would have more nodes down at once than it says', () => {
    const two = parse((same) => same.replace('on: leader', 'on: worker, count: f+1'));
    expect(() => makeSchedule(two, 1, brisk)).toThrow('mine would have 2 nodes down at once, and allows 1');
    const overlapping = parse((same) =>
      same.replace('atMostDown', '  - { fault: kill, on: master, afterSeconds: 2, forSeconds: 1 }\natMostDown'),
    );
    expect(() => makeSchedule(overlapping, 1, brisk)).toThrow('2 nodes down at once');
  });
});

describe('when writing stops', () => {
  it('is predicted by steps: who makes it stop, and whose healing ends it', async () => {
    const stopsOf = async (name: string) => {
      const scenario = await loadScenario(name);
      const schedule = makeSchedule(scenario, 1, brisk);
      return predict(scenario, schedule, { ...brisk, inSync: scenario.topic.replicas }).stops;
    };
    expect(await stopsOf('safe-leader-kill')).toEqual({ writing: [], reading: [] });
    expect(await stopsOf('safe-beyond-f')).toEqual({ writing: [{ fromStep: 0, untilStep: 0 }], reading: [] });
    for (const name of ['control-unclean', 'masters-two-down-then-leader'])
      expect(await stopsOf(name), name).toEqual({
        writing: [{ fromStep: 1, untilStep: 0 }],
        reading: [{ fromStep: 1, untilStep: 0 }],
      });
  });
});

describe('the prediction', () => {
  const predicted = (change: (text: string) => string, { inSync = 3, ...others }: { inSync?: number } = {}) => {
    const scenario = parse(change);
    return predict(scenario, makeSchedule({ ...scenario, atMostDown: 9 }, 1, environment), {
      ...environment,
      inSync,
      ...others,
    });
  };

  it('says that acks=1 may lose what its leader has alone, and acks=all not', () => {
    expect(predicted((same) => same)).toMatchObject({ durability: 'keeps', writing: 'continues' });
    expect(predicted((same) => same.replace('acks: all', 'acks: 1')).durability).toBe('may-lose');
    const slow = (same: string) => same.replace('acks: all', 'acks: 1').replace('kill', 'slow-link');
    expect(predicted(slow).durability, 'who is slow goes on to lead').toBe('keeps');
    expect(
      predicted((same) => same.replace('acks: all', 'acks: 1').replace('on: leader', 'on: follower')).durability,
    ).toBe('keeps');
  });

  it('counts the replicas that are in sync now, not those that there should be', () => {
    expect(predicted((same) => same, { inSync: 2 })).toMatchObject({ writing: 'stops', reading: 'continues' });
  });

  it('says that one balancer, API node or push server is enough, and none is not', () => {
    const kill = (on: string, count: number) => (same: string) =>
      same
        .replace('acks: all,', 'acks: all, through: balancer, push: true, consumers: 0,')
        .replace('partitions: 3', 'partitions: 1')
        .replace('on: leader', `on: ${on}, count: ${count}`);
    expect(predicted(kill('api-node', 1))).toMatchObject({ writing: 'continues', reading: 'continues' });
    expect(predicted(kill('api-node', 2))).toMatchObject({ writing: 'stops', reading: 'stops', durability: 'keeps' });
    expect(predicted(kill('balancer', 1))).toMatchObject({ writing: 'stops', reading: 'stops' });
    expect(predicted((same) => kill('balancer', 1)(same).replace('through: balancer', 'through: api'))).toMatchObject({
      writing: 'continues',
      reading: 'continues',
    });
    expect(predicted(kill('push-server', 1))).toMatchObject({ writing: 'continues', reading: 'continues' });
    expect(predicted(kill('push-server', 2))).toMatchObject({ writing: 'continues', reading: 'stops' });
  });

  it('says that who is slow, or has no room on its disk, goes on to serve, but for those that keep data there', () => {
    const hit = (fault: string, on: string, count: number) => (same: string) =>
      same
        .replace('acks: all,', 'acks: all, through: balancer, consumers: 0,')
        .replace('partitions: 3', 'partitions: 1')
        .replace('fault: kill, on: leader', `fault: ${fault}, on: ${on}, count: ${count}`);
    for (const fault of ['slow-link', 'full-disk'])
      for (const [on, count] of [
        ['balancer', 1],
        ['api-node', 2],
      ] as const)
        expect(predicted(hit(fault, on, count)), `${fault} on ${on}`).toMatchObject({ writing: 'continues' });
    for (const fault of ['pause', 'isolate', 'machine-kill'])
      expect(predicted(hit(fault, 'balancer', 1)), fault).toMatchObject({ writing: 'stops', reading: 'stops' });
    const theorem = (fault: string) => predicted(hit(fault, 'master', 2)).theorem.join(' ');
    expect(theorem('slow-link')).not.toContain('no quorum');
    expect(theorem('full-disk')).toContain('no quorum');
  });

  it('says that a machine that loses its memory takes more with it than a process', () => {
    const both = (fault: string) => (same: string) =>
      same.replace('minInSync: 2', 'minInSync: 1').replace('replicas: 3', 'replicas: 1').replace('kill', fault);
    expect(predicted(both('machine-kill'), { inSync: 1 }).durability).toBe('may-lose');
    expect(predicted(both('kill'), { inSync: 1 }).durability).toBe('keeps');
  });

  it('says that without a quorum a missing follower stops acks=all, since nobody takes it off the in-sync set', () => {
    const steps = (same: string) =>
      same
        .replace('on: leader', 'on: master, count: 2')
        .replace('atMostDown', '  - { fault: kill, on: follower, afterSeconds: 1, forSeconds: 2 }\natMostDown');
    expect(predicted(steps)).toMatchObject({ writing: 'stops', reading: 'continues', durability: 'keeps' });
    expect(predicted(steps).others, 'whom the follower led besides').toBe('stops');
    expect(predicted((same) => same.replace('on: leader', 'on: master, count: 2')).others).toBe('continues');
    expect(predicted((same) => same).others).toBe('continues');
  });
});
