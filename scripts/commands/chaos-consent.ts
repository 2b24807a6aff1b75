/** What is shown before scenarios break deployed nodes, and what a person types then. No flag stands for it. */
import type { Scenario } from '../../chaos/scenario.ts';
import { faultNotConfirmed } from '../../operations/aws/errors.ts';
import type { SystemUnderTest } from '../../operations/chaos/system.ts';
import { serviceOf } from '../../operations/chaos/targets.ts';
import { nodesRunning } from '../../operations/health.ts';
import { confirmTyped } from '../present/confirm.ts';
import { printNotice } from '../present/terminal.ts';

type Asked = Pick<SystemUnderTest, 'consent' | 'breakable' | 'environment'>;

/** Returns at once where nobody has to agree. @throws EnsembleError OPERATIONS_FAULT_NOT_CONFIRMED */
export async function agree(
  { consent, breakable, environment }: Asked,
  scenarios: readonly Scenario[],
  signal: AbortSignal,
): Promise<void> {
  if (consent === undefined || scenarios.length === 0) return;
  const { environment: name, groups } = environment.cluster;
  const plans = new Map<string, Parameters<typeof consent.plan>[0]>();
  printNotice(`Plan, on ${name}; the seed chooses among the nodes, and when:`);
  for (const { name: scenario, atMostDown, steps } of scenarios) {
    const faults = steps.map(({ fault, on }) => `${fault} on ${on}`).join(', then ');
    printNotice(`  ${scenario}: ${faults}; never more than ${atMostDown} down at once`);
    for (const { fault: kind, on } of steps) {
      const service = serviceOf[on];
      for (const { id: node } of nodesRunning(groups, service))
        if (breakable?.has(node) !== false) plans.set(`${kind} ${node} ${service}`, { kind, node, service });
    }
  }
  for (const fault of plans.values()) printNotice(`  ${await consent.plan(fault)}`);
  if (!(await confirmTyped(`This breaks deployed nodes of ${name}.`, consent.words, signal)))
    throw faultNotConfirmed(consent.words);
}
