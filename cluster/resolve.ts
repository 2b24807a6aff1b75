/** What an environment file means: the Cluster, filled in, derived and frozen. Pure; a valid environment always resolves. */

import { defaultSubnet } from './addressing.ts';
import { activeOrdinals } from './draft.ts';
import type { EnvironmentSpec } from './environment.ts';
import { type Machine, machines } from './machines.ts';
import type { Cluster, Group, Node } from './model.ts';
import { type Role, roles } from './roles.ts';
import type { Sizing } from './services/service.ts';
import { serviceTable } from './services/table.ts';

/** @param spec an environment that has passed checkEnvironment. */
export function resolveCluster(spec: EnvironmentSpec): Cluster {
  const replicas = spec.tolerate + 1;
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
      ...(spec.network.subnet === undefined ? {} : { subnet: spec.network.subnet }),
      addresses: spec.network.addresses,
      ports: spec.network.ports,
    },
    groups: roles.map((role) => resolveGroup(role, spec, replicas)),
  });
}

/** Every node of every group, in the order of the groups. */
export function allNodes(cluster: Cluster): readonly Node[] {
  return cluster.groups.flatMap((group) => group.nodes);
}

function resolveGroup(role: Role, spec: EnvironmentSpec, replicas: number): Group {
  const group = spec[role.field];
  const machine = resolveMachine(group.machine);
  const active = activeOrdinals(group) ?? [];
  const leaving = spec.retired
    .filter((id) => id.startsWith(`${role.id}-`))
    .map((id) => Number(id.slice(role.id.length + 1)));
  const sizing: Sizing = {
    tolerate: spec.tolerate,
    replicas,
    memoryMiB: machine.memoryMiB,
    cpus: machine.cpus,
    nodes: active.length,
  };
  const shared = { role: role.id, machine: machine.name, memoryMiB: machine.memoryMiB, cpus: machine.cpus };
  const volumes = Array.from({ length: 'volumes' in group ? group.volumes : 1 }, (_, index) => ({
    name: `data-${index + 1}`,
    sizeGiB: group.volumeGiB,
  }));
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
    services: role.services,
    settings: Object.fromEntries(role.services.map((id) => [id, deriveService(id, spec, sizing)])),
    nodes: [...active, ...leaving].sort((a, b) => a - b).map(node),
  };
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

function deriveService(id: string, spec: EnvironmentSpec, sizing: Sizing): unknown {
  const service = serviceTable.get(id);
  if (service === undefined) throw new TypeError(`no service ${id} in the table`);
  const sections: Readonly<Record<string, unknown>> = { zookeeper: spec.zookeeper, kafka: spec.kafka };
  const profiles: Readonly<Record<string, unknown>> = spec.profile ?? {};
  return service.derive(sections[id], profiles[id], sizing);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
