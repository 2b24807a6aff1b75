/** Why no run of a scenario can begin, told before anything is made for it: such a scenario is skipped, with the reason, and never passes. */
import { predict } from '../../chaos/predict.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { makeSchedule } from '../../chaos/schedule.ts';
import type { Cluster } from '../../cluster/model.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { nodesRunning } from '../health.ts';
import { configurationOf, defaultSessionMs, differs } from './predicted-here.ts';
import type { SystemUnderTest } from './system.ts';
import { serviceOf } from './targets.ts';

export async function cannotRun(
  scenario: Scenario,
  {
    environment,
    faults,
    withoutPrimary,
    withoutPush,
    breakable,
  }: Pick<SystemUnderTest, 'environment' | 'faults' | 'withoutPrimary' | 'withoutPush' | 'breakable'>,
): Promise<string | undefined> {
  const { workload, steps, topic } = scenario;
  const workers = nodesRunning(environment.cluster.groups, 'kafka').length;
  if (topic.replicas > workers) return `its topic has ${topic.replicas} replicas, and ${workers} workers run`;
  if (workload.through !== 'kafka' && environment.spec.api === undefined)
    return 'it goes through the messaging API, and the environment has none';
  if (workload.push && withoutPush !== undefined) return withoutPush;
  if (withoutPrimary !== undefined && steps.some(({ on }) => on === 'metadata-primary')) return withoutPrimary;
  for (const service of breakable === undefined ? [] : new Set(steps.map(({ on }) => serviceOf[on])))
    if (!nodesRunning(environment.cluster.groups, service).some(({ id }) => breakable?.has(id)))
      return `no node that runs ${service} may be broken: aws.breakable names none that answers here`;
  for (const kind of new Set(steps.map(({ fault }) => fault))) {
    const why = await faults.unable(kind);
    if (why !== undefined) return why;
  }
  return notExpected(scenario, environment.cluster);
}

/** Of a topic which is whole; a run looks once more at the one that it has made. */
function notExpected(scenario: Scenario, cluster: Cluster): string | undefined {
  const where = { failures: cluster.tolerate, sessionTimeoutMs: defaultSessionMs };
  try {
    const schedule = makeSchedule(scenario, 0, where);
    return differs(scenario, predict(scenario, schedule, configurationOf(cluster, where, scenario.topic.replicas)));
  } catch (error) {
    // More down at once than it allows, where more are to be tolerated than it was written for.
    if (error instanceof EnsembleError) return error.message;
    throw error;
  }
}
