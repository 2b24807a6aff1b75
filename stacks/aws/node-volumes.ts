/**
 * Volumes that outlive machines, and the two ways in which one may go: never (`data`: prevent_destroy on a family goes on guarding a key that vanished
 * from it), or once its node has left (`leaving`, where a retired node's volumes are moved to, without being touched).
 *
 * A volume that exists although no node of the environment has it stops the plan in words (the tagging API is asked): whoever lowers a count reads what
 * to do, and a node that left is let go only when `ensemble retire` has marked its volumes.
 */
import { DataAwsResourcegroupstaggingapiResources } from '@cdktf/provider-aws/lib/data-aws-resourcegroupstaggingapi-resources/index.js';
import { EbsVolume } from '@cdktf/provider-aws/lib/ebs-volume/index.js';
import { VolumeAttachment } from '@cdktf/provider-aws/lib/volume-attachment/index.js';
import { TerraformLocal, Token } from 'cdktf';
import type { Group, Node, Volume } from '../../cluster/model.ts';
import { tags } from '../../contracts/aws-names.ts';
import type { InventoryResource } from '../../contracts/inventory.ts';
import { eachKey, eachValue, expression } from '../ledger.ts';
import type { NodesProps } from './node-machines.ts';

/** Within the family of instances: `data-1=vol-0abc,data-2=vol-0def`, which a machine reads of itself. */
export const volumesTag = expression(
  'join(",", [for v in each.value.volumes : join("=", [v, local.volume_ids[join("/", [each.key, v])]])])',
);

interface PlacedVolume {
  readonly node: Node;
  readonly volume: Volume;
  /** As the instance is told; on today's machines the disk is found by its serial number, not by this name. */
  readonly device: string;
  /** Whether snapshots of it are taken. */
  readonly copied: boolean;
}

export function nodeVolumes({ stack, ledger, cluster, groups, foundation }: NodesProps): void {
  const all = placedVolumes(groups);
  const about =
    (what: string) =>
    (key: string): InventoryResource => {
      const node = all.get(key)?.node;
      return {
        ...(node === undefined ? {} : { node: node.id, role: node.role }),
        holdsData: what === 'data volume',
        what,
      };
    };
  const families = [
    { name: 'data', volumes: [...all].filter(([, { node }]) => !node.leaving), preventDestroy: cluster.protect },
    { name: 'leaving', volumes: [...all].filter(([, { node }]) => node.leaving), preventDestroy: false },
  ].filter(({ name, volumes }) => name === 'data' || volumes.length > 0);
  for (const { name, volumes, preventDestroy } of families) {
    ledger.each(
      new EbsVolume(stack, name, {
        availabilityZone: eachValue('zone'),
        size: Token.asNumber(eachValue('size')),
        type: 'gp3',
        iops: Token.asNumber(eachValue('iops')),
        throughput: Token.asNumber(eachValue('throughput')),
        encrypted: true,
        kmsKeyId: foundation.keyArn,
        tags: {
          Name: eachValue('label'),
          [tags.node]: eachValue('node'),
          [tags.role]: eachValue('role'),
          [tags.volume]: eachKey,
          [tags.snapshots]: eachValue('snapshots'),
        },
        ...(preventDestroy ? { lifecycle: { preventDestroy } } : {}),
      }),
      name,
      Object.fromEntries(
        volumes.map(([key, { node, volume, copied }]) => [
          key,
          {
            node: node.id,
            role: node.role,
            zone: node.zone,
            label: `${node.id}.${cluster.domain} (${volume.name})`,
            size: volume.sizeGiB,
            iops: volume.iops,
            throughput: volume.throughputMiB,
            snapshots: copied ? cluster.environment : '',
          },
        ]),
      ),
      about('data volume'),
    );
  }
  // Each way: a node that is retired, and one that is wanted again.
  stack.addOverride(
    'moved',
    [...all].map(([key, { node }]) => {
      const [data, leaving] = ['data', 'leaving'].map((name) => `aws_ebs_volume.${name}[${JSON.stringify(key)}]`);
      return node.leaving ? { from: data, to: leaving } : { from: leaving, to: data };
    }),
  );
  const ids = families.map(({ name }) => `{ for k, v in aws_ebs_volume.${name} : k => v.id }`);
  new TerraformLocal(stack, 'volume_ids', `\${merge(${ids.join(', ')})}`).overrideLogicalId('volume_ids');
  ledger.each(
    new VolumeAttachment(stack, 'attachment', {
      instanceId: expression('aws_instance.node[each.value.node].id'),
      volumeId: expression('local.volume_ids[each.key]'),
      deviceName: eachValue('device'),
      // Its services stop as they should, and the file system is put away, before the disk goes.
      stopInstanceBeforeDetaching: true,
    }),
    'data',
    Object.fromEntries([...all].map(([key, { node, device }]) => [key, { node: node.id, device }])),
    about('volume in its machine'),
  );
  refuseVanishedNodes({ stack, cluster, groups });
}

/** By `worker-4/data-1`, in the order of the groups. */
function placedVolumes(groups: readonly Group[]): ReadonlyMap<string, PlacedVolume> {
  return new Map(
    groups.flatMap((group) =>
      group.nodes.flatMap((node) =>
        node.volumes.map(
          (volume, index) =>
            [
              `${node.id}/${volume.name}`,
              // Replicas of other nodes make up for a volume; a quorum's members all have what they decided, a wrong decision too.
              { node, volume, device: deviceOf(index), copied: group.tolerates === 'quorum' },
            ] as const,
        ),
      ),
    ),
  );
}

/** AWS EC2 user guide, "Device names for volumes": /dev/sdf and on are for data; 16 volumes reach /dev/sdu. */
function deviceOf(index: number): string {
  return `/dev/sd${String.fromCharCode('f'.charCodeAt(0) + index)}`;
}

function refuseVanishedNodes({ stack, cluster, groups }: Pick<NodesProps, 'stack' | 'cluster' | 'groups'>): void {
  const named = groups.flatMap(({ nodes }) => nodes.filter(({ volumes }) => volumes.length > 0).map(({ id }) => id));
  new TerraformLocal(stack, 'nodes_with_volumes', named).overrideLogicalId('nodes_with_volumes');
  const tag = (name: string) => `lookup(found.tags, ${JSON.stringify(name)}, "")`;
  const lost =
    `[for found in self.resource_tag_mapping_list : ${tag(tags.volume)} if ${tag(tags.released)} != "yes" ` +
    `&& !contains(local.nodes_with_volumes, ${tag(tags.node)})]`;
  const existing = new DataAwsResourcegroupstaggingapiResources(stack, 'volumes', {
    resourceTypeFilters: ['ec2:volume'],
    tagFilter: [{ key: tags.environment, values: [cluster.environment] }, { key: tags.volume }],
    lifecycle: {
      postcondition: [
        {
          condition: `\${length(${lost}) == 0}`,
          errorMessage:
            `These volumes hold data of nodes that the environment ${cluster.environment} no longer names: ` +
            `\${join(", ", sort(${lost}))}. A node leaves in three steps: list it under retired and apply, ` +
            'run `ensemble retire` with its id, which refuses while it holds what nobody else does, then remove it from the list and apply.',
        },
      ],
    },
  });
  existing.overrideLogicalId('volumes');
}
