/**
 * How a cloud's block of addresses is cut, and which address a node has in it. Pure, and by a node's own id, so that no other node's coming or going
 * moves it.
 *
 * The block is cut into eight. Seven are the private blocks of zones, in the order of the environment's zones; the eighth is cut into eight again:
 * the zones' public blocks, which hold a few gateways and load balancers each. A /16 gives each zone 8,192 private addresses, a /20 512.
 */
import { addressOffsetOf, formatAddress, parseSubnet } from './addressing.ts';
import { subnetTooSmall } from './errors.ts';
import type { Cluster, Node } from './model.ts';

/** Where a cloud's addresses are given from, unless the environment says otherwise. */
export const defaultCloudSubnet = '10.20.0.0/16';

/** The widest network that AWS makes, and the narrowest of which every zone's public block still has the 8 free addresses of a load balancer. */
export const cloudSubnetBits = { least: 16, most: 20 } as const;

const pieces = 8;
/** The eighth piece is for public blocks. */
export const mostZones = pieces - 1;

/** AWS reserves the first four addresses of a subnet and the last; the rest up to 16 is ours to keep free, for load balancers and endpoints. */
const firstNode = 16;

export interface ZoneBlocks {
  readonly zone: string;
  readonly private: string;
  readonly public: string;
}

/** @param zones at most `mostZones` */
export function zoneBlocks(subnet: string, zones: readonly string[]): readonly ZoneBlocks[] {
  const { base, size } = parseSubnet(subnet);
  const privateSize = size / pieces;
  const publicSize = privateSize / pieces;
  return zones.map((zone, index) => ({
    zone,
    private: block(base + index * privateSize, privateSize),
    public: block(base + mostZones * privateSize + index * publicSize, publicSize),
  }));
}

type Numbered = Pick<Node, 'id' | 'role' | 'ordinal'>;

/** The place of a node's address in its zone's private block, or undefined where the block ends before it. */
export function addressInBlock(privateBlock: string, node: Pick<Node, 'role' | 'ordinal'>): string | undefined {
  const { base, size } = parseSubnet(privateBlock);
  const offset = firstNode + addressOffsetOf(node);
  return offset >= size - 1 ? undefined : formatAddress(base + offset);
}

/**
 * A node's fixed private address: the one that a person pinned, or its own place in its zone's block.
 * @throws EnsembleError CLUSTER_SUBNET_TOO_SMALL, which a checked environment does not meet
 */
export function cloudAddress(cluster: Cluster, node: Numbered & Pick<Node, 'zone'>): string {
  const pinned = cluster.network.addresses[node.id];
  if (pinned !== undefined) return pinned;
  const subnet = cluster.network.subnet ?? defaultCloudSubnet;
  const blocks = zoneBlocks(subnet, cluster.zones).find(({ zone }) => zone === node.zone);
  const address = blocks === undefined ? undefined : addressInBlock(blocks.private, node);
  if (address === undefined) throw subnetTooSmall(subnet, node.id);
  return address;
}

function block(base: number, size: number): string {
  return `${formatAddress(base)}/${32 - Math.log2(size)}`;
}
