/** Every fault on every target: a scenario of it can be written, is predicted, finds whom it befalls or says why nobody, and every driver can make it or says why not. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { predict } from '../../chaos/predict.ts';
import { parseScenario } from '../../chaos/scenario.ts';
import { makeSchedule } from '../../chaos/schedule.ts';
import { parseEnvironment } from '../../cluster/load.ts';
import { resolveCluster } from '../../cluster/resolve.ts';
import { type FaultKind, faultKinds } from '../../contracts/fault.ts';
import { awsFaults } from '../../drivers/aws/aws-faults.ts';
import { hostFaultInjector } from '../../drivers/hosts/host-fault-injector.ts';
import { processFaults } from '../../drivers/processes/process-faults.ts';
import { chooseTargets, serviceOf } from '../../operations/chaos/targets.ts';

const cluster = resolveCluster(
  parseEnvironment({ file: 'local.yaml', text: readFileSync('environments/local.yaml', 'utf8') }),
);
const configuration = {
  failures: 1,
  sessionTimeoutMs: 18_000,
  masters: 3,
  inSync: 3,
  balancers: 1,
  apiNodes: 2,
  pushServers: 2,
};
const state = {
  controller: 3,
  registered: [1, 2, 3],
  answering: [],
  partitions: [{ partition: 0, leader: 2, replicas: [1, 2, 3], inSync: [1, 2, 3] }],
};
const asked = { cluster, state, partition: 0, choice: 0.5, down: new Set<string>() };

const platform = ['balancer', 'api-node', 'push-server', 'metadata-primary'];
const rows: readonly (readonly [string, string])[] = [
  ['leader', '1'],
  ['follower', '1'],
  ['controller', '1'],
  ['worker', 'f'],
  ['worker', 'f+1'],
  ['master', '1'],
  ['master', '2'],
  ['master', '3'],
  ['metadata-primary', '1'],
  ['balancer', '1'],
  ['api-node', '1'],
  ['push-server', '1'],
];

function scenarioOf(fault: FaultKind, on: string, count: string) {
  const workload = platform.includes(on) ? 'consumers: 0, through: balancer, push: true, ' : '';
  return parseScenario({
    file: 'each.yaml',
    text: `name: each
title: Each
topic: { partitions: 1, replicas: 3, minInSync: 2 }
workload: { acks: all, ${workload}ratePerSecond: 100 }
steps: [{ fault: ${fault}, on: ${on}, count: ${count}, afterSeconds: 1, forSeconds: 20 }]
atMostDown: 3
expect: { writing: continues, reading: continues, durability: keeps }
runs: { short: 0, long: 1 }
`,
  });
}

describe.each(faultKinds)('the fault %s', (fault) => {
  it.each(rows)('on %s, %s of them, is a scenario with a prediction and finds whom it befalls', (on, count) => {
    const scenario = scenarioOf(fault, on, count);
    const schedule = makeSchedule(scenario, 7, configuration);
    const { theorem, writing } = predict(scenario, schedule, configuration);
    expect(theorem.length).toBeGreaterThan(2);
    const shut = fault !== 'slow-link' && fault !== 'full-disk' && on === 'balancer';
    // A follower and a leader are among the workers: two that are gone are one too many; so are those that nobody may take off the in-sync set.
    const tooMany = fault !== 'slow-link' && on === 'worker' && count === 'f+1';
    expect(writing).toBe(shut || tooMany ? 'stops' : 'continues');

    const target = scenario.steps[0]?.on ?? 'leader';
    const wanted = count === 'f' ? 1 : count === 'f+1' ? 2 : Number(count);
    const chosen = chooseTargets(target, { ...asked, count: wanted, primary: 'metadata-2' });
    if ('cannot' in chosen) throw new Error(chosen.cannot);
    expect(chosen.map(({ service }) => service)).toEqual(Array.from({ length: wanted }, () => serviceOf[target]));
    expect(new Set(chosen.map(({ node }) => node)).size).toBe(wanted);
    const gone = new Set(cluster.groups.flatMap(({ nodes }) => nodes.map(({ id }) => id)));
    const nobody = chooseTargets(target, { ...asked, count: wanted, primary: undefined, down: gone });
    expect(nobody).toMatchObject({ cannot: expect.stringMatching(/\w+ \w+/) });
  });

  it('is one that each driver makes, or says why not', async () => {
    const injectors = {
      processes: processFaults({ driver: {} as never, stateDirectory: 'nowhere', isNamed: () => true }),
      hosts: hostFaultInjector({ layout: { networksFolder: 'nowhere' } } as never),
      aws: awsFaults({
        environment: 'staging',
        machines: {} as never,
        control: {} as never,
        allowed: new Set(),
        notes: [],
      }),
    };
    const made = { processes: ['term', 'kill', 'pause'], aws: ['term', 'kill', 'pause', 'isolate', 'machine-kill'] };
    for (const [name, injector] of Object.entries(injectors)) {
      const why = await injector.unable(fault);
      // Machines make all of them; a slow link where there is a way to make it.
      const expected = name === 'hosts' ? fault !== 'slow-link' || why === undefined : undefined;
      const can = expected ?? made[name as keyof typeof made].includes(fault);
      expect(why, `${fault} by ${name}`).toEqual(can ? undefined : expect.stringMatching(/\w+ \w+ \w+/));
    }
  });
});
