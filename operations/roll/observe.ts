/** Looks at everything that a plan of a roll depends on. Changes nothing; a broker is at most asked whether it would take a setting. */
import { propertiesOf } from '../../cluster/readings.ts';
import type { Driver, ServiceDifference, ServiceRef } from '../../drivers/driver.ts';
import { chunksOf } from '../../topics/apply/chunks.ts';
import { type BrokerNeeds, brokerNeeds, changesOf, roundsOf } from './broker-settings.ts';
import type { Observed } from './plan.ts';
import { brokerHeapMiB, brokerProperties, isSame, type RolledService, type RollTarget, servicesOf } from './target.ts';

export async function observeRoll(target: RollTarget): Promise<Observed> {
  const { driver } = target;
  const services = servicesOf(target);
  const [states, differences] = await Promise.all([driver.status(), driver.differences()]);
  const answering = services.filter(
    (each) => each.service === 'kafka' && states.find(isSame(each))?.state === 'running',
  );
  const needs = new Map<string, BrokerNeeds>();
  for (const chunk of chunksOf(answering, { items: brokersAtOnce }))
    await Promise.all(
      chunk.map(async (each) => {
        const found = await needsOf(each, differences, target).catch(() => undefined);
        if (found !== undefined) needs.set(each.node, found);
      }),
    );
  return {
    states,
    differenceOf: (ref) => differences.find(isSame(ref)),
    renderedOf: (ref) => renderedOf(ref, services),
    brokerNeedsOf: ({ node, service }) => (service === 'kafka' ? needs.get(node) : undefined),
    leaders: await leadersOf(target, services, states),
    topicsWithoutSpare: answering.length === 0 ? [] : await target.brokers.topicsWithoutSpare().catch(() => []),
  };
}

/** Each is one connection and two requests. */
const brokersAtOnce = 16;

async function needsOf(
  service: RolledService,
  differences: readonly ServiceDifference[],
  { brokers }: RollTarget,
): Promise<BrokerNeeds> {
  const { at, rendered, group } = service;
  const wanted = propertiesOf(brokerProperties({ rendered }));
  const difference = differences.find(isSame(service));
  const file = difference?.files.find(({ path }) => path.endsWith('/server.properties'));
  // No difference in it: the broker read what it says now. One whose text of before nobody kept: what runs is compared.
  const before =
    difference?.known === false || (file !== undefined && file.before === undefined)
      ? undefined
      : file?.before === undefined
        ? wanted
        : propertiesOf(file.before);
  const needs = brokerNeeds(before, wanted, await brokers.settings(at.ordinal), brokerHeapMiB(group));
  const refused = new Map<string, string>();
  for (const update of needs.updates) {
    const why = await brokers.alter(at.ordinal, changesOf(roundsOf([update])[0] ?? []), { trying: true });
    if (why !== undefined) refused.set(update.name, inShort(why));
  }
  return {
    ...needs,
    atStart: [...needs.atStart, ...[...refused].map(([name, why]) => `${name} (while it runs: ${why})`)],
    updates: needs.updates.filter(({ name }) => !refused.has(name)),
  };
}

/** Kafka's words for a person, without the classes that they went through. */
function inShort(why: string): string {
  return why.replace(/^.*Exception: /, '').replace(/ for configuration Invalid dynamic configuration$/, '');
}

function renderedOf(ref: ServiceRef, services: readonly RolledService[]): RolledService['rendered'] {
  const found = services.find(isSame(ref));
  if (found === undefined) throw new TypeError(`${ref.service} does not run on ${ref.node}`);
  return found.rendered;
}

async function leadersOf(
  { wholeness }: RollTarget,
  services: readonly RolledService[],
  states: Awaited<ReturnType<Driver['status']>>,
): Promise<ReadonlySet<string>> {
  const runs = (service: string) => states.some((state) => state.service === service && state.pid !== undefined);
  const [quorum, store, brokers] = await Promise.all([
    runs('zookeeper') ? wholeness.quorum() : new Map<string, string>(),
    runs('mongodb') ? wholeness.store() : new Map<string, string>(),
    runs('kafka') ? wholeness.brokers() : undefined,
  ]);
  const lead = [...quorum, ...store].filter(([, mode]) => mode === 'leader' || mode === 'primary');
  const controller = services.find(({ service, at }) => service === 'kafka' && at.ordinal === brokers?.controller);
  return new Set([...lead.map(([node]) => node), ...(controller === undefined ? [] : [controller.node])]);
}
