/**
 * Machines of nodes: a node is an address, a name in the private zone and an instance that may be replaced without losing the other two. What pinned and
 * interchangeable nodes share; volumes are in node-volumes.ts. Families by node id, in the order in which AWS can make them.
 */
import { Instance } from '@cdktf/provider-aws/lib/instance/index.js';
import { NetworkInterface } from '@cdktf/provider-aws/lib/network-interface/index.js';
import { Route53Record } from '@cdktf/provider-aws/lib/route53-record/index.js';
import { TerraformLocal, type TerraformStack, Token } from 'cdktf';
import { cloudAddress } from '../../cluster/address-plan.ts';
import { namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster, Group, Node } from '../../cluster/model.ts';
import { bucketName, instanceTags, tags } from '../../contracts/aws-names.ts';
import type { InventoryResource } from '../../contracts/inventory.ts';
import { userData } from '../../provision/user-data.ts';
import { eachKey, eachValue, expression, type Ledger, literal } from '../ledger.ts';
import type { FoundationStack } from './foundation-stack.ts';
import { debianImage } from './image.ts';
import { nodeAlarms } from './node-alarms.ts';
import { placeOf } from './place.ts';

export interface NodesProps {
  readonly stack: TerraformStack;
  readonly ledger: Ledger;
  readonly cluster: Cluster;
  readonly groups: readonly Group[];
  readonly foundation: FoundationStack;
}

export interface MachinesProps extends NodesProps {
  /** Terraform's words for a node's tag that says its volumes, where it has any; within the family of instances. */
  readonly volumesTag?: string;
  /** Addresses of families that must be there before a machine starts. */
  readonly after: readonly string[];
  /** Whether a machine of a node that stays is guarded against being terminated by hand. An interchangeable one goes when its group gets smaller. */
  readonly guarded: boolean;
}

/** Debian's image asks for 8 GiB; archives of two releases and a journal of 1 GiB want as much again. */
const rootGiB = 16;

const recordTtlSeconds = 60;

/**
 * Instances ignore `ami` and `user_data`: a newer image would replace every machine in one apply, and other user-data would stop them all at once. New
 * machines start with the newest; a new script reaches the others as one of their files (provision/machine-files.ts).
 */
export function nodeMachines({
  stack,
  ledger,
  cluster,
  groups,
  foundation,
  volumesTag,
  after,
  guarded,
}: MachinesProps): void {
  const addressing = namedAddressing(cluster);
  const place = placeOf(cluster);
  const nodes = groups.flatMap((group) => group.nodes);
  byName(stack, 'subnets', unique(nodes.map(({ zone }) => zone)), (zone) => foundation.privateSubnetId(zone));
  const roles = groups.map(({ role }) => role);
  byName(stack, 'security_groups', roles, (role) => foundation.securityGroupId(role));
  byName(stack, 'instance_profiles', roles, (role) => foundation.instanceProfileName(role));
  const shared = {
    [tags.node]: eachKey,
    [tags.role]: eachValue('role'),
  };

  ledger.each(
    new NetworkInterface(stack, 'interface', {
      description: `Node \${each.key} of ${cluster.environment}: its address outlives its machine`,
      subnetId: expression('local.subnets[each.value.zone]'),
      privateIps: [eachValue('address')],
      securityGroups: [expression('local.security_groups[each.value.role]')],
      tags: { Name: eachValue('host'), ...shared },
    }),
    'node',
    entriesOf(nodes, (node) => ({
      role: node.role,
      zone: node.zone,
      host: addressing.host(node),
      address: cloudAddress(cluster, node),
    })),
    aboutNode('fixed address', nodes),
  );
  ledger.each(
    new Route53Record(stack, 'record', {
      zoneId: foundation.privateZoneId,
      name: eachValue('host'),
      type: 'A',
      ttl: recordTtlSeconds,
      records: [eachValue('address')],
    }),
    'node',
    entriesOf(nodes, (node) => ({ host: addressing.host(node), address: cloudAddress(cluster, node) })),
    aboutNode('name in the private zone', nodes),
  );

  const instance = new Instance(stack, 'instance', {
    ami: debianImage(stack, cluster),
    instanceType: eachValue('machine'),
    iamInstanceProfile: expression('local.instance_profiles[each.value.role]'),
    // Newer providers call it primary_network_interface; the oldest that we allow knows this one alone.
    networkInterface: [{ deviceIndex: 0, networkInterfaceId: expression('aws_network_interface.node[each.key].id') }],
    metadataOptions: {
      httpEndpoint: 'enabled',
      httpTokens: 'required',
      httpPutResponseHopLimit: 1,
      instanceMetadataTags: 'enabled',
    },
    rootBlockDevice: {
      encrypted: true,
      kmsKeyId: foundation.keyArn,
      volumeType: 'gp3',
      volumeSize: rootGiB,
      deleteOnTermination: true,
      tags: { Name: `\${each.value.host} (system)`, ...shared },
    },
    userData: literal(userData()),
    userDataReplaceOnChange: false,
    disableApiTermination: Token.asAny(eachValue('protect')),
    tags: {
      Name: eachValue('host'),
      ...shared,
      [instanceTags.node]: eachKey,
      [instanceTags.bucket]: bucketName(place),
      ...(volumesTag === undefined ? {} : { [instanceTags.volumes]: volumesTag }),
    },
    lifecycle: { ignoreChanges: ['ami', 'user_data'] },
  });
  instance.addOverride('depends_on', after);
  ledger.each(
    instance,
    'node',
    entriesOf(nodes, (node) => ({
      role: node.role,
      zone: node.zone,
      host: addressing.host(node),
      machine: node.machine,
      protect: guarded && cluster.protect && !node.leaving,
      volumes: node.volumes.map(({ name }) => name),
    })),
    aboutNode('machine', nodes),
  );
  nodeAlarms({ stack, ledger, cluster, nodes });
}

/** What the members of a family look up by a name of ours: `local.subnets["eu-west-1a"]`. */
function byName(stack: TerraformStack, name: string, keys: readonly string[], value: (key: string) => string): void {
  const local = new TerraformLocal(stack, name, Object.fromEntries(keys.map((key) => [key, value(key)])));
  local.overrideLogicalId(name);
}

function entriesOf<E extends object>(nodes: readonly Node[], entry: (node: Node) => E): Readonly<Record<string, E>> {
  return Object.fromEntries(nodes.map((node) => [node.id, entry(node)]));
}

/** For families whose keys are node ids. */
function aboutNode(what: string, nodes: readonly Node[]): (key: string) => InventoryResource {
  const roles = new Map(nodes.map(({ id, role }) => [id, role]));
  return (key) => {
    const role = roles.get(key);
    return { node: key, ...(role === undefined ? {} : { role }), holdsData: false, what };
  };
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
