/** Addresses and ports of an environment: each node an address of its own, each listener of a node a port of its own. */
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
  }
  if (subnet !== undefined) {
    const { base, size } = parseSubnet(subnet);
    const within = base % size;
    if (target === 'local' && !isLoopback(subnet)) {
      fault(['network', 'subnet'], 'a block within 127.0.0.0/8 for target local', subnet, 'write 127.0.20.0/24, say');
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

function checkTwice({ network, target }: EnvironmentDraft, nodes: readonly NumberedNode[], fault: SayFault): void {
  const pinned = network?.addresses ?? {};
  // In the cloud, the network itself gives the rest.
  const subnet = target === 'local' ? (network?.subnet ?? defaultSubnet) : undefined;
  const beyond = nodes.filter((node) => pinned[node.id] === undefined && subnet !== undefined && !fits(subnet, node));
  if (subnet !== undefined && beyond.length > 0) {
    const found = `${subnet}, which ends before ${beyond.map(({ id }) => id).join(', ')}`;
    const next = 'widen it (a /16 holds 65,000), or pin addresses under network.addresses';
    fault(['network', 'subnet'], 'a block with room for every node', found, next);
  }
  const owners = new Map<string, string>();
  for (const node of nodes) {
    const given = subnet !== undefined && fits(subnet, node) ? addressOf(subnet, node) : undefined;
    const address = pinned[node.id] ?? given;
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
