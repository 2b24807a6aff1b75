/** What a local AWS must say of an environment's nodes, from its model: machines, volumes and names. For tests of stacks. */
import { cloudAddress } from '../../cluster/address-plan.ts';
import { namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster, Id } from '../../cluster/model.ts';
import { allNodes } from '../../cluster/resolve.ts';
import { type AwsPlace, bucketName, ownName } from '../../contracts/aws-names.ts';
import { debianImage } from '../../drivers/local-aws/debian-image.ts';
import { userData } from '../../provision/user-data.ts';
import type { SeenMachine, SeenVolume } from './aws-view.ts';

export interface Expected {
  /** By node. */
  readonly machines: ReadonlyMap<Id, Partial<SeenMachine>>;
  /** By `worker-4/data-1`. */
  readonly volumes: ReadonlyMap<string, { readonly node: Id; readonly volume: Partial<SeenVolume> }>;
  /** Addresses by name; sorted where they are several. */
  readonly records: Readonly<Record<string, string>>;
}

/** `seen`: a machine is told its volumes by the ids that AWS gave them. */
export function expectedOf(cluster: Cluster, place: AwsPlace, seen: ReadonlyMap<string, SeenVolume>): Expected {
  const addressing = namedAddressing(cluster);
  const nodes = allNodes(cluster);
  const machines = nodes.map((node) => {
    const volumes = node.volumes.map(({ name }) => `${name}=${seen.get(`${node.id}/${name}`)?.id}`);
    const machine = {
      type: node.machine,
      zone: node.zone,
      address: cloudAddress(cluster, node),
      profile: ownName(place.environment, node.role),
      groups: [ownName(place.environment, node.role)],
      tokens: 'required',
      image: debianImage.ami_id,
      userData: userData(),
      tags: {
        Name: addressing.host(node),
        'ensemble-node': node.id,
        'ensemble-bucket': bucketName(place),
        'ensemble:environment': place.environment,
        'ensemble:node': node.id,
        'ensemble:role': node.role,
        'ensemble:stack': node.volumes.length === 0 ? 'edge' : 'data',
        ...(volumes.length === 0 ? {} : { 'ensemble-volumes': volumes.join(',') }),
      },
    };
    return [node.id, machine] as const;
  });
  const volumes = nodes.flatMap((node) =>
    node.volumes.map(({ name, sizeGiB, iops, throughputMiB }) => {
      const volume = { zone: node.zone, sizeGiB, iops, throughputMiB, encrypted: true, type: 'gp3' };
      return [`${node.id}/${name}`, { node: node.id, volume }] as const;
    }),
  );
  const balancers = nodes.filter(({ role }) => role === 'balancer').map((node) => cloudAddress(cluster, node));
  return {
    machines: new Map(machines),
    volumes: new Map(volumes),
    records: {
      ...Object.fromEntries(nodes.map((node) => [addressing.host(node), cloudAddress(cluster, node)])),
      [`messaging.${cluster.domain}`]: balancers.sort().join(','),
    },
  };
}
