/** Why no run of a scenario can begin, told before anything is made for it: such a scenario is skipped, with the reason, and never passes. */
import type { Scenario } from '../../chaos/scenario.ts';
import { nodesRunning } from '../health.ts';
import type { SystemUnderTest } from './system.ts';
import { serviceOf } from './targets.ts';

export async function cannotRun(
  { workload, steps }: Pick<Scenario, 'workload' | 'steps'>,
  {
    environment,
    faults,
    withoutPrimary,
    withoutPush,
    breakable,
  }: Pick<SystemUnderTest, 'environment' | 'faults' | 'withoutPrimary' | 'withoutPush' | 'breakable'>,
): Promise<string | undefined> {
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
  return undefined;
}
