/**
 * What a roll is to do, as a value: nodes in their order, and for each of their services a restart, a reload, an update or nothing but a note that it runs
 * as its files say. Made from what was observed, printed, agreed to, and applied exactly. Pure.
 */
import type { Cluster, Group, Id, Node } from '../../cluster/model.ts';
import { type Difference, describeDifference, remedyOf } from '../../cluster/readings.ts';
import type { RenderedService } from '../../cluster/render.ts';
import { startOrder } from '../../cluster/services/table.ts';
import type { ServiceRef, ServiceState } from '../../drivers/driver.ts';
import type { BrokerNeeds, SettingUpdate } from './broker-settings.ts';

export type RollAction = { readonly service: Id; readonly because: readonly string[] } & (
  | { readonly kind: 'start' }
  /** `takeBack`: dynamic settings that the file no longer names. */
  | { readonly kind: 'restart'; readonly takeBack: readonly string[] }
  | { readonly kind: 'reload' }
  | { readonly kind: 'update'; readonly updates: readonly SettingUpdate[] }
  /** It runs as the files say already; only that is to be noted. */
  | { readonly kind: 'adopt' }
);

export interface RollStep {
  readonly node: Id;
  readonly role: Id;
  readonly zone: string;
  /** It does not serve before the step: its own troubles do not keep it from being mended. */
  readonly broken: boolean;
  /** In the order in which its services start. */
  readonly actions: readonly RollAction[];
}

export interface RollPlan {
  readonly environment: Id;
  readonly steps: readonly RollStep[];
  /** What a person should know before he agrees, a sentence each. */
  readonly notes: readonly string[];
}

export interface RollChoice {
  /** Nodes, roles, services, or one service of one node (`worker-1/kafka`); empty: all. */
  readonly only: readonly Id[];
  /** Restarts services whose settings did not change, too. */
  readonly restart: boolean;
}

/** What was asked of the driver and of the cluster. */
export interface Observed {
  readonly states: readonly ServiceState[];
  differenceOf(ref: ServiceRef): Difference | undefined;
  renderedOf(ref: ServiceRef): RenderedService;
  /** Of a broker that answers; undefined for other services, and where it does not. */
  brokerNeedsOf(ref: ServiceRef): BrokerNeeds | undefined;
  /** Nodes that lead their group: the quorum's leader, the set's primary, the controller. They come last. */
  readonly leaders: ReadonlySet<Id>;
  readonly topicsWithoutSpare: readonly string[];
}

/** From the ground up: what stands on others comes after them, clients' entrance last. A service that is not named comes in its order of start. */
const order = ['zookeeper', 'mongodb', 'mongodb-stand-in', 'kafka', 'messaging-api', 'push-server', 'haproxy'];

export function planRoll(cluster: Cluster, observed: Observed, { only, restart }: RollChoice): RollPlan {
  const chosen = ({ node, service }: ServiceRef, role: Id) =>
    only.length === 0 || [node, role, service, `${node}/${service}`].some((id) => only.includes(id));
  const steps = inOrder(cluster.groups).flatMap((group) =>
    nodesInOrder(cluster, group, observed.leaders).flatMap((node): readonly RollStep[] => {
      const refs = group.services.map((service) => ({ node: node.id, service }));
      const actions = refs
        .filter((ref) => chosen(ref, group.role))
        .flatMap((ref) => actionOn(ref, observed, restart) ?? []);
      if (actions.length === 0) return [];
      const broken = actions.some(({ service }) => isBroken({ node: node.id, service }, observed));
      return [{ node: node.id, role: group.role, zone: node.zone, broken, actions }];
    }),
  );
  // Nothing else is touched while something does not serve.
  const sorted = [...steps.filter(({ broken }) => broken), ...steps.filter(({ broken }) => !broken)];
  return { environment: cluster.environment, steps: sorted, notes: notesOn(cluster, sorted, observed) };
}

function inOrder(groups: readonly Group[]): readonly Group[] {
  const starts = startOrder()
    .flat()
    .map(({ id }) => id);
  const rank = ({ services: [first = ''] }: Group) =>
    order.includes(first) ? order.indexOf(first) : order.length + starts.indexOf(first);
  return [...groups].sort((a, b) => rank(a) - rank(b));
}

/** One zone after the other, so that nodes of two zones are never away for the same roll's sake; who leads comes last, so that it moves once. */
function nodesInOrder({ zones }: Cluster, { nodes }: Group, leaders: ReadonlySet<Id>): readonly Node[] {
  const rank = ({ id, zone }: Node) => Number(leaders.has(id)) * zones.length + zones.indexOf(zone);
  return [...nodes].sort((a, b) => rank(a) - rank(b) || a.ordinal - b.ordinal);
}

function isBroken(ref: ServiceRef, observed: Observed): boolean {
  const state = stateOf(ref, observed);
  return state?.state === 'failed' || state?.restarting === true || (state?.state === 'starting' && state.outdated);
}

function stateOf({ node, service }: ServiceRef, { states }: Observed): ServiceState | undefined {
  return states.find((state) => state.node === node && state.service === service);
}

/** Undefined where nothing is to be done, or where a person stopped it: whether it is to run is his to say. */
function actionOn(ref: ServiceRef, observed: Observed, restart: boolean): RollAction | undefined {
  const { service } = ref;
  const state = stateOf(ref, observed);
  if (state === undefined) return undefined;
  if (state.restarting) return { kind: 'start', service, because: ['a restart of it was cut off'] };
  if (state.state === 'failed') return { kind: 'start', service, because: ['it ended by itself'] };
  if (state.pid === undefined) return undefined;
  const difference = observed.differenceOf(ref);
  const needs = observed.brokerNeedsOf(ref);
  const because = difference === undefined ? [] : describeDifference(difference);
  const takeBack = needs?.leftovers ?? [];
  if (restart) return { kind: 'restart', service, because: [...because, 'asked for'], takeBack };
  if (state.state === 'starting')
    return difference === undefined ? undefined : { kind: 'restart', service, because, takeBack };
  if (needs !== undefined) return brokerAction(ref, needs, difference, because);
  if (difference === undefined) return undefined;
  if (isIdle(difference)) return { kind: 'adopt', service, because };
  return remedyOf(difference, observed.renderedOf(ref)) === 'reload'
    ? { kind: 'reload', service, because }
    : { kind: 'restart', service, because, takeBack };
}

/** What differs is nothing that the service acts on: its node takes the files, and that is all. */
function isIdle({ known, command, files }: Difference): boolean {
  return known && !command && files.length === 0;
}

/** server.properties is the one file of which a running broker can be told; everything else it reads at its start. */
const toldFile = 'server.properties';

function brokerAction(
  { service }: ServiceRef,
  { atStart, updates, leftovers }: BrokerNeeds,
  difference: Difference | undefined,
  because: readonly string[],
): RollAction | undefined {
  const { known, command, files } = difference ?? { known: true, command: false, files: [] };
  const unseen = !known || command || files.some(({ path }) => !path.endsWith(`/${toldFile}`));
  if (unseen) return { kind: 'restart', service, because, takeBack: leftovers };
  if (atStart.length > 0)
    return { kind: 'restart', service, because: [`${toldFile}: ${atStart.join(', ')}`], takeBack: leftovers };
  if (updates.length > 0)
    return {
      kind: 'update',
      service,
      because: [`${toldFile}: ${updates.map(({ name }) => name).join(', ')}`],
      updates,
    };
  return difference === undefined ? undefined : { kind: 'adopt', service, because };
}

const namesShown = 5;

function notesOn({ groups }: Cluster, steps: readonly RollStep[], observed: Observed): readonly string[] {
  const restarted = (service: string) =>
    steps.filter(({ actions }) => actions.some((each) => each.service === service && each.kind === 'restart'));
  const alone = groups
    .filter(({ nodes }) => nodes.length === 1)
    .flatMap(({ services, nodes: [node] }) =>
      services
        .filter((service) => restarted(service).length > 0)
        .map((service) => `${service} runs on ${node?.id} alone: what it serves waits while it restarts`),
    );
  const { topicsWithoutSpare: topics } = observed;
  const names = topics.slice(0, namesShown).join(', ');
  const more = topics.length > namesShown ? ` and ${topics.length - namesShown} more` : '';
  const tight =
    topics.length > 0 && restarted('kafka').length > 0
      ? [
          `${names}${more} ${topics.length === 1 ? 'has' : 'have'} no replica to spare: writes with acks=all wait while a broker of theirs restarts`,
        ]
      : [];
  return [...alone, ...tight];
}

/** A plan as a table: its head, and a row for each service of each node. */
export function planRows(steps: readonly RollStep[]): readonly (readonly string[])[] {
  const rows = steps.flatMap(({ node, zone, actions }, index) =>
    actions.map((action, place) => [
      ...(place === 0 ? [String(index + 1), node, zone] : ['', '', '']),
      `${action.kind} ${action.service}`,
      describeAction(action),
    ]),
  );
  return [['', 'Node', 'Zone', 'What', 'Because'], ...rows];
}

function describeAction(action: RollAction): string {
  const because = action.because.join('; ');
  if (action.kind !== 'update') return because;
  const values = action.updates.map(({ name, from, to }) => `${name} ${from ?? 'none'} -> ${to}`);
  return `${because === '' ? 'hidden by a dynamic value' : 'no restart needed'}: ${values.join(', ')}`;
}
