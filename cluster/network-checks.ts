/** Addresses and ports of an environment: each node an address of its own, each listener of a node a port of its own. */
import { addressInBlock, cloudSubnetBits, defaultCloudSubnet, mostZones, zoneBlocks } from './address-plan.ts';
import { addressOf, addressOffsetOf, defaultSubnet, parseAddress, parseSubnet } from './addressing.ts';
import { activeOrdinals, type EnvironmentDraft, type SayFault } from './draft.ts';
import { roles } from './roles.ts';
import { serviceTable } from './services/table.ts';

interface NumberedNode {
  readonly id: string;
  readonly role: string;
  readonly ordinal: number;
}

export function checkAddresses(draft: EnvironmentDraft, fault: SayFault): void {
  const { network, target } = draft;
  const pinned = network?.addresses ?? {};
  const subnet = network?.subnet;
  const nodes = numberedNodes(draft);
  const known = new Set(nodes.map(({ id }) => id));
  // Where a group's size is wrong, its nodes are not known.
  const sized = roles.every((role) => {
    const group = draft[role.field];
    return group === undefined ? role.optional : activeOrdinals(group) !== undefined;
  });
  for (const [id, address] of Object.entries(pinned)) {
    const path = ['network', 'addresses', id];
    if (sized && !known.has(id)) {
      fault(path, 'a node of this environment', JSON.stringify(id), 'remove it, or add the node');
    }
    if (target === 'local' && address !== undefined && !isLoopback(address)) {
      fault(path, 'an address within 127.0.0.0/8 for target local', address, 'write 127.0.20.11, say');
    }
    const block = target === 'aws' ? blockOf(draft, nodes, id) : undefined;
    if (block !== undefined && address !== undefined && !isFree(block, address)) {
      const expected = `an address of its zone’s private block, ${block}, but for the first four and the last (AWS keeps them)`;
      fault(path, expected, address, 'choose one of them, or remove the line');
    }
  }
  if (subnet !== undefined) {
    const { base, size } = parseSubnet(subnet);
    const within = base % size;
    if (target === 'local' && !isLoopback(subnet)) {
      fault(['network', 'subnet'], 'a block within 127.0.0.0/8 for target local', subnet, 'write 127.0.20.0/24, say');
    } else if (target === 'aws' && !isCloudBlock(subnet)) {
      const expected = `a private block of addresses (of 10/8, 172.16/12 or 192.168/16), a /${cloudSubnetBits.least} to a /${cloudSubnetBits.most}`;
      fault(['network', 'subnet'], expected, subnet, `write ${defaultCloudSubnet}, say`);
    } else if (within !== 0) {
      fault(
        ['network', 'subnet'],
        'the first address of a block',
        subnet,
        `its block begins ${within} addresses before`,
      );
    }
  }
  checkTwice(draft, nodes, fault);
}

function checkTwice(draft: EnvironmentDraft, nodes: readonly NumberedNode[], fault: SayFault): void {
  const { network, target } = draft;
  const pinned = network?.addresses ?? {};
  const plan = target === 'local' ? localPlan(network?.subnet) : target === 'aws' ? cloudPlan(draft) : undefined;
  const beyond = nodes.filter((node) => pinned[node.id] === undefined && plan?.give(node) === 'beyond');
  if (plan !== undefined && beyond.length > 0) {
    const found = `${plan.subnet}, which ends before ${listed(beyond.map(({ id }) => id))}`;
    fault(['network', 'subnet'], 'a block with room for every node', found, plan.next);
  }
  const owners = new Map<string, string>();
  for (const node of nodes) {
    const given = plan?.give(node);
    const address = pinned[node.id] ?? (given === 'beyond' ? undefined : given);
    if (address === undefined) continue;
    const other = owners.get(address);
    if (other !== undefined && other !== node.id) {
      const path = ['network', 'addresses', pinned[node.id] === undefined ? other : node.id];
      const found = `${address} for ${other} and ${node.id}`;
      fault(path, 'an address of its own for each node', found, 'give one of them another');
    }
    owners.set(address, node.id);
  }
}

/** How addresses are given: `beyond` where the block ends before a node's, nothing where it is not known. */
interface AddressPlan {
  readonly subnet: string;
  readonly next: string;
  give(node: NumberedNode): string | 'beyond' | undefined;
}

function localPlan(subnet = defaultSubnet): AddressPlan {
  return {
    subnet,
    next: 'widen it (a /16 holds 65,000), or pin addresses under network.addresses',
    give: (node) => (fits(subnet, node) ? addressOf(subnet, node) : 'beyond'),
  };
}

/** Each zone has its own part of the block, and a node's zone follows from its number. */
function cloudPlan({ network, zones = [], spread }: EnvironmentDraft): AddressPlan | undefined {
  const subnet = network?.subnet ?? defaultCloudSubnet;
  const named = zones.flatMap((zone) => zone ?? []);
  if (!isCloudBlock(subnet) || named.length !== zones.length || named.length === 0 || named.length > mostZones)
    return undefined;
  const blocks = zoneBlocks(subnet, named);
  return {
    subnet,
    next: 'widen it (each zone has an eighth of the block: 8,192 addresses of a /16, the widest there is), or take fewer, larger nodes',
    give: (node) => {
      const block = blocks[(node.ordinal - 1) % (spread ?? blocks.length)];
      return block === undefined ? undefined : (addressInBlock(block.private, node) ?? 'beyond');
    },
  };
}

/** The private block of the zone that a node is in. */
function blockOf(
  { network, zones = [], spread }: EnvironmentDraft,
  nodes: readonly NumberedNode[],
  id: string,
): string | undefined {
  const node = nodes.find((candidate) => candidate.id === id);
  const named = zones.flatMap((zone) => zone ?? []);
  const index = node === undefined ? 0 : (node.ordinal - 1) % (spread ?? Math.max(1, named.length));
  return node === undefined ? undefined : zoneBlocks(network?.subnet ?? defaultCloudSubnet, named)[index]?.private;
}

function isFree(block: string, address: string): boolean {
  const { base, size } = parseSubnet(block);
  const offset = parseAddress(address) - base;
  return offset >= 4 && offset < size - 1;
}

/** A thousand names say no more than a few. */
function listed(ids: readonly string[]): string {
  return ids.length <= 4 ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more`;
}

function numberedNodes(draft: EnvironmentDraft): readonly NumberedNode[] {
  return roles.flatMap((role) => {
    const active = activeOrdinals(draft[role.field] ?? {}) ?? [];
    const leaving = (draft.retired ?? [])
      .filter((id) => id.startsWith(`${role.id}-`))
      .map((id) => Number(id.slice(role.id.length + 1)));
    return [...new Set([...active, ...leaving])].map((ordinal) => ({
      id: `${role.id}-${ordinal}`,
      role: role.id,
      ordinal,
    }));
  });
}

function isLoopback(addressOrBlock: string): boolean {
  return Math.floor(parseAddress(addressOrBlock.split('/')[0] ?? '') / 2 ** 24) === 127;
}

function isCloudBlock(subnet: string): boolean {
  const bits = Number(subnet.split('/')[1]);
  const isPrivate = /^(10|172\.(1[6-9]|2\d|3[01])|192\.168)\./.test(subnet);
  return isPrivate && bits >= cloudSubnetBits.least && bits <= cloudSubnetBits.most;
}

/** The last address of a block is its broadcast address. */
function fits(subnet: string, node: NumberedNode): boolean {
  return addressOffsetOf(node) < parseSubnet(subnet).size - 1;
}

export function checkPorts({ network }: EnvironmentDraft, fault: SayFault): void {
  const moved = network?.ports ?? {};
  for (const role of roles) {
    const owners = new Map<number, string>();
    for (const service of role.services) {
      for (const listener of serviceTable.get(service)?.listeners ?? []) {
        const name = `${service}.${listener.name}`;
        const port = moved[name] ?? listener.port;
        const other = owners.get(port);
        if (other !== undefined) {
          const path = ['network', 'ports', moved[name] === undefined ? other : name];
          const found = `${port} for ${other} and ${name}`;
          fault(path, 'a port of its own for each listener of a node', found, 'give one of them another');
        }
        owners.set(port, name);
      }
    }
  }
}
