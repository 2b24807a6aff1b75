/**
 * Where a node is reached and where it keeps things: the only part of a rendered file that may differ from target to target.
 *
 * Three ways: names that we create (clouds), a loopback address for each node with the standard ports (Linux answers on all of 127/8), and one
 * loopback address with shifted ports (systems where 127.0.0.1 alone answers). Pure: which way fits a machine is found out elsewhere.
 */
import { subnetTooSmall } from './errors.ts';
import type { Cluster, Group, Id, Node, Place } from './model.ts';
import { roles } from './roles.ts';
import { serviceTable } from './services/table.ts';

export interface Addressing {
  /** What others connect to. */
  host(node: Node): string;
  /** What the node itself listens on. */
  bind(node: Node): string;
  port(node: Node, service: Id, listener: string): number;
  path(node: Node, service: Id, place: Place): string;
}

/** How a running local deployment is reached; kept with its state, so that later commands agree with `up`. */
export type LocalScheme = { readonly kind: 'loopback' } | { readonly kind: 'shifted-ports'; readonly address: string };

/** Names in the environment's private domain, standard ports, the paths of a host. */
export function namedAddressing(cluster: Cluster): Addressing {
  return {
    host: (node) => `${node.id}.${cluster.domain}`,
    bind: () => '0.0.0.0',
    port: (_node, service, listener) => listenerPort(cluster, service, listener),
    path: (_node, service, place) =>
      place.kind === 'configuration' ? `/etc/ensemble/${service}` : `/var/lib/ensemble/${service}/${place.volume}/data`,
  };
}

/** Loopback addresses (or ports) on this machine, state below one folder. `stateDirectory` is absolute. */
export function localAddressing(cluster: Cluster, scheme: LocalScheme, stateDirectory: string): Addressing {
  const places = scheme.kind === 'loopback' ? loopbackPlaces(cluster) : shiftedPlaces(cluster, scheme.address);
  return {
    host: (node) => places.host(node),
    bind: (node) => places.host(node),
    port: (node, service, listener) => listenerPort(cluster, service, listener) + places.shift(node),
    path: (node, service, place) => `${stateDirectory}/nodes/${node.id}/${service}/${placeFolder(place)}`,
  };
}

function placeFolder(place: Place): string {
  return place.kind === 'configuration' ? 'conf' : place.volume;
}

function listenerPort(cluster: Cluster, service: Id, listener: string): number {
  const moved = cluster.network.ports[`${service}.${listener}`];
  if (moved !== undefined) return moved;
  const found = serviceTable.get(service)?.listeners.find((candidate) => candidate.name === listener);
  if (found === undefined) throw new TypeError(`${service} has no listener ${listener}`);
  return found.port;
}

interface Places {
  host(node: Node): string;
  shift(node: Node): number;
}

function loopbackPlaces(cluster: Cluster): Places {
  const subnet = cluster.network.subnet ?? '127.0.0.0/24';
  return {
    host: (node) => cluster.network.addresses[node.id] ?? addressOf(subnet, node),
    shift: () => 0,
  };
}

/** Ports of one node lie within ten of each other's standard ports, so that ten apart is far enough. */
const portStep = 10;

function shiftedPlaces(cluster: Cluster, address: string): Places {
  const order = new Map(cluster.groups.flatMap(nodesOf).map((node, index) => [node.id, index * portStep]));
  return { host: () => address, shift: (node) => order.get(node.id) ?? 0 };
}

function nodesOf(group: Group): readonly Node[] {
  return group.nodes;
}

/**
 * The address of a node within a subnet: the role's offset plus the node's own ordinal, so that no other node's coming or going moves it.
 * @throws EnsembleError CLUSTER_SUBNET_TOO_SMALL
 */
export function addressOf(subnet: string, node: Pick<Node, 'role' | 'ordinal'>): string {
  const { base, size } = parseSubnet(subnet);
  const offset = (roles.find((role) => role.id === node.role)?.addressOffset ?? 0) + node.ordinal;
  // The last address of a block is its broadcast address.
  if (offset >= size - 1) throw subnetTooSmall(subnet, offset);
  return formatAddress(base + offset);
}

/** `127.0.20.0/24` -> its first address as a number, and how many it holds. The text has been checked by the schema. */
export function parseSubnet(subnet: string): { readonly base: number; readonly size: number } {
  const [address = '', bits = '32'] = subnet.split('/');
  return { base: parseAddress(address), size: 2 ** (32 - Number(bits)) };
}

export function parseAddress(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
