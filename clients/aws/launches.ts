/** What EC2 says it has launched, whole: the script that a machine was given, its address, its disks. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ */
import { type AwsPlace, call, clientConfig } from './connection.ts';
import type { Tags } from './instances.ts';

export interface Launch {
  readonly instance: string;
  readonly address: string;
  /** Of its subnet. */
  readonly zone: string;
  readonly tags: Tags;
  readonly userData: string;
  readonly volumes: readonly { readonly id: string; readonly sizeGiB: number }[];
}

/** Machines that run with all of these tags. @throws EnsembleError CLIENT_AWS_... */
export async function readLaunches(place: AwsPlace, tags: Tags): Promise<readonly Launch[]> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client(clientConfig(place));
  try {
    const wanted = Object.entries(tags).map(([name, value]) => ({ Name: `tag:${name}`, Values: [value] }));
    const Filters = [...wanted, { Name: 'instance-state-name', Values: ['running'] }];
    const { Reservations = [] } = await call('ec2:DescribeInstances', () =>
      client.send(new sdk.DescribeInstancesCommand({ Filters })),
    );
    const { Volumes = [] } = await call('ec2:DescribeVolumes', () => client.send(new sdk.DescribeVolumesCommand({})));
    const { Subnets = [] } = await call('ec2:DescribeSubnets', () => client.send(new sdk.DescribeSubnetsCommand({})));
    const zones = new Map(Subnets.map(({ SubnetId, AvailabilityZone }) => [SubnetId, AvailabilityZone]));
    const launches: Launch[] = [];
    for (const each of Reservations.flatMap(({ Instances = [] }) => Instances)) {
      const { InstanceId = '' } = each;
      const asked = new sdk.DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'userData' });
      const { UserData } = await call(`ec2:DescribeInstanceAttribute ${InstanceId}`, () => client.send(asked));
      const [network] = each.NetworkInterfaces ?? [];
      launches.push({
        instance: InstanceId,
        address: network?.PrivateIpAddress ?? each.PrivateIpAddress ?? '',
        zone: zones.get(network?.SubnetId ?? each.SubnetId) ?? each.Placement?.AvailabilityZone ?? '',
        tags: Object.fromEntries((each.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
        userData: Buffer.from(UserData?.Value ?? '', 'base64').toString('utf8'),
        volumes: Volumes.flatMap(({ VolumeId = '', Size = 1, Attachments = [] }) =>
          Attachments.some(
            (attachment) => attachment.InstanceId === InstanceId && attachment.Device !== each.RootDeviceName,
          )
            ? [{ id: VolumeId, sizeGiB: Size }]
            : [],
        ),
      });
    }
    return launches;
  } finally {
    client.destroy();
  }
}

/** Lifts the guard against being terminated by mistake (ModifyInstanceAttribute, DisableApiTermination). @throws EnsembleError CLIENT_AWS_... */
export async function allowTermination(place: AwsPlace, instance: string): Promise<void> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client(clientConfig(place));
  try {
    const asked = { InstanceId: instance, DisableApiTermination: { Value: false } };
    await call(`ec2:ModifyInstanceAttribute ${instance}`, () =>
      client.send(new sdk.ModifyInstanceAttributeCommand(asked)),
    );
  } finally {
    client.destroy();
  }
}
