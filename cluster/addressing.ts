/**
 * Where a node is reached and where it keeps things: the only part of a rendered file that may differ from target to target.
 *
 * Three ways: names that we create (clouds), a loopback address for each node with the standard ports (Linux answers on all of 127/8), and one
 * loopback address with shifted ports (systems where 127.0.0.1 alone answers). Pure: which way fits a machine is found out elsewhere.
 */
import { portsExhausted, subnetTooSmall } from './errors.ts';
import type { Cluster, Id, Node, Place } from './model.ts';
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

/** Where a local environment's addresses are given from, unless it says otherwise. */
export const defaultSubnet = '127.0.0.0/24';

interface Places {
  host(node: Node): string;
  shift(node: Node): number;
}

function loopbackPlaces(cluster: Cluster): Places {
  const subnet = cluster.network.subnet ?? defaultSubnet;
  return {
    host: (node) => cluster.network.addresses[node.id] ?? addressOf(subnet, node),
    shift: () => 0,
  };
}

/** Far enough for the standard ports, whose last digits differ where it matters; a wider step is taken where a person moved ports close together. */
const leastStep = 10;
const highestPort = 65_535;

/**
 * By the node's own number among its role, so that master-1 and worker-1 have the standard ports and no node's coming or going moves another's.
 * Throws CLUSTER_PORTS_EXHAUSTED when no step keeps all ports apart.
 */
function shiftedPlaces(cluster: Cluster, address: string): Places {
  const nodes = cluster.groups.flatMap((group) =>
    group.nodes.map((node) => ({ ordinal: node.ordinal, ports: group.services.flatMap((id) => portsOf(cluster, id)) })),
  );
  const step = stepFor(nodes);
  if (step === undefined) throw portsExhausted(nodes.length);
  return { host: () => address, shift: (node) => (node.ordinal - 1) * step };
}

interface Ported {
  readonly ordinal: number;
  readonly ports: readonly number[];
}

function stepFor(nodes: readonly Ported[]): number | undefined {
  const furthest = Math.max(1, ...nodes.map(({ ordinal }) => ordinal - 1));
  for (let step = leastStep; furthest * step <= highestPort; step += 1) {
    const taken = nodes.flatMap(({ ordinal, ports }) => ports.map((port) => port + (ordinal - 1) * step));
    if (new Set(taken).size === taken.length && taken.every((port) => port <= highestPort)) return step;
  }
  return undefined;
}

function portsOf(cluster: Cluster, service: Id): readonly number[] {
  const listeners = serviceTable.get(service)?.listeners ?? [];
  return listeners.map(({ name }) => listenerPort(cluster, service, name));
}

/**
 * The address of a node within a subnet: the role's offset plus the node's own ordinal, so that no other node's coming or going moves it.
 * @throws EnsembleError CLUSTER_SUBNET_TOO_SMALL
 */
export function addressOf(subnet: string, node: Pick<Node, 'role' | 'ordinal'>): string {
  const { base, size } = parseSubnet(subnet);
  const offset = addressOffsetOf(node);
  // The last address of a block is its broadcast address.
  if (offset >= size - 1) throw subnetTooSmall(subnet, `${node.role}-${node.ordinal}`);
  return formatAddress(base + offset);
}

/** How far into a subnet a node's address lies. */
export function addressOffsetOf(node: Pick<Node, 'role' | 'ordinal'>): number {
  return (roles.find((role) => role.id === node.role)?.addressOffset ?? 0) + node.ordinal;
}

/** `127.0.20.0/24` -> its first address as a number, and how many it holds. The text has been checked by the schema. */
export function parseSubnet(subnet: string): { readonly base: number; readonly size: number } {
  const [address = '', bits = '32'] = subnet.split('/');
  return { base: parseAddress(address), size: 2 ** (32 - Number(bits)) };
}

export function parseAddress(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
