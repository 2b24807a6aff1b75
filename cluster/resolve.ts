/** What an environment file means: the Cluster, filled in, derived and frozen. Pure; a valid environment always resolves. */

import { defaultCloudSubnet } from './address-plan.ts';
import { defaultSubnet } from './addressing.ts';
import { activeOrdinals } from './draft.ts';
import type { EnvironmentSpec } from './environment.ts';
import { type Machine, machines } from './machines.ts';
import type { Cloud, Cluster, Group, Id, Node } from './model.ts';
import { type Role, roles } from './roles.ts';
import type { Sizing } from './services/service.ts';
import { serviceTable } from './services/table.ts';

/**
 * @param spec an environment that has passed checkEnvironment.
 * @param missing services that the machine at hand cannot run: a stand-in takes a service's place where there is one, else its group is left out.
 */
export function resolveCluster(spec: EnvironmentSpec, missing: readonly Id[] = []): Cluster {
  const replicas = spec.tolerate + 1;
  const wanted = roles.filter((role) => spec[role.field] !== undefined);
  const absent = missing.filter((id) => wanted.some(({ services }) => services.includes(id)));
  const standIns = Object.fromEntries(
    [...serviceTable.values()].flatMap(({ id, standsInFor }) =>
      standsInFor !== undefined && absent.includes(standsInFor) ? [[standsInFor, id]] : [],
    ),
  );
  const lacking = absent.filter((id) => standIns[id] === undefined);
  return deepFreeze({
    environment: spec.name,
    target: spec.target,
    ...(spec.region === undefined ? {} : { region: spec.region }),
    domain: `${spec.name}.internal`,
    zones: spec.zones.slice(0, spec.spread ?? spec.zones.length),
    tolerate: spec.tolerate,
    replicas,
    network: {
      ...(spec.target === 'local' ? { subnet: spec.network.subnet ?? defaultSubnet } : {}),
      ...(spec.target === 'aws' ? { subnet: spec.network.subnet ?? defaultCloudSubnet } : {}),
      ...(spec.network.subnet === undefined ? {} : { subnet: spec.network.subnet }),
      addresses: spec.network.addresses,
      ports: spec.network.ports,
    },
    protect: spec.protect,
    ...(spec.aws === undefined ? {} : { cloud: cloudOf(spec.aws) }),
    standIns,
    lacking,
    groups: wanted
      .filter((role) => !role.services.some((id) => lacking.includes(id)))
      .map((role) => resolveGroup(role, spec, replicas, standIns)),
  });
}

/** Every node of every group, in the order of the groups. */
export function allNodes(cluster: Cluster): readonly Node[] {
  return cluster.groups.flatMap((group) => group.nodes);
}

function resolveGroup(role: Role, spec: EnvironmentSpec, replicas: number, standIns: Readonly<Record<Id, Id>>): Group {
  const group = spec[role.field];
  if (group === undefined) throw new TypeError(`the environment has no ${role.field}`);
  const machine = resolveMachine(group.machine);
  const services = role.services.map((id) => standIns[id] ?? id);
  // A stand-in is one server: a second one would be a second truth.
  const alone = services.some((id) => serviceTable.get(id)?.standsInFor !== undefined);
  const active = (activeOrdinals(group) ?? []).slice(0, alone ? 1 : undefined);
  const leaving = alone ? [] : leavingOrdinals(role, spec);
  const sizing: Sizing = {
    tolerate: spec.tolerate,
    replicas,
    memoryMiB: machine.memoryMiB,
    cpus: machine.cpus,
    nodes: active.length,
  };
  const shared = { role: role.id, machine: machine.name, memoryMiB: machine.memoryMiB, cpus: machine.cpus };
  const volumes = volumesOf(group);
  const node = (ordinal: number): Node => ({
    id: `${role.id}-${ordinal}`,
    ordinal,
    ...shared,
    zone: zoneOf(spec, ordinal),
    volumes,
    leaving: leaving.includes(ordinal),
  });
  return {
    role: role.id,
    identity: role.identity,
    tolerates: role.tolerates(spec),
    services,
    settings: Object.fromEntries(services.map((id) => [id, deriveService(id, role, spec, sizing)])),
    names: groupNames(role, spec),
    nodes: [...active, ...leaving].sort((a, b) => a - b).map(node),
  };
}

function leavingOrdinals(role: Role, { retired }: EnvironmentSpec): readonly number[] {
  return retired.filter((id) => id.startsWith(`${role.id}-`)).map((id) => Number(id.slice(role.id.length + 1)));
}

/** A group without a size of volumes keeps nothing. */
function volumesOf(group: NonNullable<EnvironmentSpec[Role['field']]>): Node['volumes'] {
  if (!('volumeGiB' in group)) return [];
  const { volumeGiB, volumeIops, volumeThroughputMiB } = group;
  const volumes = 'volumes' in group ? group.volumes : 1;
  return Array.from({ length: volumes }, (_, index) => ({
    name: `data-${index + 1}`,
    sizeGiB: volumeGiB,
    iops: volumeIops,
    throughputMiB: volumeThroughputMiB,
  }));
}

/** The model is JSON: what is not there has no key. */
function cloudOf({
  account,
  nat,
  endpoints,
  outward,
  image,
  agent,
  alarms,
  snapshots,
}: NonNullable<EnvironmentSpec['aws']>): Cloud {
  return {
    account,
    nat,
    endpoints,
    outward: Object.fromEntries(Object.entries(outward).filter(([, ports]) => ports !== undefined)),
    image,
    ...(agent === undefined ? {} : { agent }),
    alarms: alarms.email === undefined ? {} : { email: alarms.email },
    snapshots,
  };
}

/** Those that people gave first: they are what clients know. */
function groupNames({ groupName, field }: Role, spec: EnvironmentSpec): readonly string[] {
  if (groupName === undefined) return [];
  const group = spec[field];
  const given = group !== undefined && 'names' in group ? group.names : [];
  return [...given, `${groupName}.${spec.name}.internal`];
}

/** By the node's own number, so that no other node's coming or going moves it to another zone. */
function zoneOf({ zones, spread }: EnvironmentSpec, ordinal: number): string {
  const zone = zones[(ordinal - 1) % (spread ?? zones.length)];
  if (zone === undefined) throw new TypeError('an environment that has been checked has zones');
  return zone;
}

function resolveMachine(machine: EnvironmentSpec['masters']['machine']): Machine {
  if (typeof machine !== 'string') return { name: `custom-${machine.cpus}x${machine.memoryMiB}`, ...machine };
  const known = machines.get(machine);
  if (known === undefined)
    throw new TypeError(`an environment that has been checked has a known machine, not ${machine}`);
  return known;
}

/** ZooKeeper's and Kafka's settings have sections of their own, since people write many; the others stand in their group's section. */
function deriveService(id: Id, role: Role, spec: EnvironmentSpec, sizing: Sizing): unknown {
  const service = serviceTable.get(id);
  if (service === undefined) throw new TypeError(`no service ${id} in the table`);
  const sections: Readonly<Record<Id, unknown>> = { zookeeper: spec.zookeeper, kafka: spec.kafka };
  const profiles: Readonly<Record<Id, unknown>> = spec.profile ?? {};
  return service.derive(sections[id] ?? spec[role.field], profiles[id], sizing);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
