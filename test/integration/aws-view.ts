/** What a local AWS says is there, by node: through AWS's own SDK, and where that has no client here through the call itself. For tests of stacks. */
import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  EC2Client,
  type Tag,
} from '@aws-sdk/client-ec2';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

export interface SeenVolume {
  readonly id: string;
  /** `worker-4/data-1` */
  readonly key: string;
  readonly zone: string;
  readonly sizeGiB: number;
  readonly iops: number;
  readonly throughputMiB: number;
  readonly encrypted: boolean;
  readonly type: string;
  /** Of the instance that has it. */
  readonly instance: string | undefined;
}

export interface SeenMachine {
  readonly id: string;
  readonly node: string;
  readonly type: string;
  /** Of the subnet that its interface is in: moto tells the region's first zone of a machine that brings its own interface. */
  readonly zone: string;
  readonly address: string;
  readonly interfaceId: string;
  readonly profile: string;
  /** Names of security groups. */
  readonly groups: readonly string[];
  readonly tokens: string;
  readonly image: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly userData: string;
}

export interface AwsView {
  machines(): Promise<ReadonlyMap<string, SeenMachine>>;
  /** By `worker-4/data-1`. */
  volumes(): Promise<ReadonlyMap<string, SeenVolume>>;
  /** By name in the private zone; where a name has several addresses, they are sorted. */
  records(): Promise<Readonly<Record<string, string>>>;
  /** Texts by key. */
  objects(bucket: string, prefix: string): Promise<Readonly<Record<string, string>>>;
  readonly ec2: EC2Client;
  close(): void;
}

export function awsView(endpoint: string, region: string): AwsView {
  const settings = { endpoint, region, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
  const ec2 = new EC2Client(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  return {
    ec2,
    async machines() {
      const { Reservations = [] } = await ec2.send(
        new DescribeInstancesCommand({ Filters: [{ Name: 'instance-state-name', Values: ['running'] }] }),
      );
      const groups = await ec2.send(new DescribeSecurityGroupsCommand({}));
      const names = new Map((groups.SecurityGroups ?? []).map(({ GroupId, GroupName }) => [GroupId, GroupName ?? '']));
      const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
      const zones = new Map(Subnets.map(({ SubnetId, AvailabilityZone }) => [SubnetId, AvailabilityZone]));
      const machines = await Promise.all(
        Reservations.flatMap(({ Instances = [] }) => Instances).map(async (instance): Promise<SeenMachine> => {
          const tags = tagsOf(instance.Tags);
          const [network] = instance.NetworkInterfaces ?? [];
          const { UserData } = await ec2.send(
            new DescribeInstanceAttributeCommand({ InstanceId: instance.InstanceId, Attribute: 'userData' }),
          );
          return {
            id: instance.InstanceId ?? '',
            node: tags['ensemble-node'] ?? '',
            type: instance.InstanceType ?? '',
            zone: zones.get(network?.SubnetId) ?? '',
            address: network?.PrivateIpAddress ?? '',
            interfaceId: network?.NetworkInterfaceId ?? '',
            profile: instance.IamInstanceProfile?.Arn?.split('/').at(-1) ?? '',
            groups: (network?.Groups ?? []).map(({ GroupId }) => names.get(GroupId) ?? ''),
            tokens: instance.MetadataOptions?.HttpTokens ?? '',
            image: instance.ImageId ?? '',
            tags,
            userData: Buffer.from(UserData?.Value ?? '', 'base64').toString('utf8'),
          };
        }),
      );
      return new Map(machines.map((machine) => [machine.node, machine]));
    },
    async volumes() {
      const { Volumes = [] } = await ec2.send(
        new DescribeVolumesCommand({ Filters: [{ Name: 'tag-key', Values: ['ensemble:volume'] }] }),
      );
      return new Map(
        Volumes.map((volume) => {
          const key = tagsOf(volume.Tags)['ensemble:volume'] ?? '';
          const seen: SeenVolume = {
            id: volume.VolumeId ?? '',
            key,
            zone: volume.AvailabilityZone ?? '',
            sizeGiB: volume.Size ?? 0,
            iops: volume.Iops ?? 0,
            throughputMiB: volume.Throughput ?? 0,
            encrypted: volume.Encrypted === true,
            type: volume.VolumeType ?? '',
            instance: volume.Attachments?.[0]?.InstanceId,
          };
          return [key, seen] as const;
        }),
      );
    },
    async records() {
      const zones = await route53(endpoint, '/2013-04-01/hostedzone');
      const id = /<Id>\/hostedzone\/(\w+)<\/Id>/.exec(zones)?.[1] ?? '';
      const sets = await route53(endpoint, `/2013-04-01/hostedzone/${id}/rrset`);
      const found = [...sets.matchAll(/<ResourceRecordSet>(.*?)<\/ResourceRecordSet>/gs)].map(([, set = '']) => [
        (/<Name>([^<]*)\.<\/Name>/.exec(set)?.[1] ?? '').replaceAll('\\052', '*'),
        /<Type>A<\/Type>/.test(set)
          ? [...set.matchAll(/<Value>([^<]*)<\/Value>/g)]
              .map(([, value]) => value)
              .sort()
              .join(',')
          : '',
      ]);
      return Object.fromEntries(found.filter(([, value]) => value !== ''));
    },
    async objects(bucket, prefix) {
      const listed: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
          }),
        );
        listed.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      const texts: (readonly [string, string])[] = [];
      // As many at a time as the client has connections.
      for (let from = 0; from < listed.length; from += 50) {
        const some = listed.slice(from, from + 50).map(async (Key) => {
          const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
          return [Key, (await Body?.transformToString()) ?? ''] as const;
        });
        texts.push(...(await Promise.all(some)));
      }
      return Object.fromEntries(texts);
    },
    close() {
      ec2.destroy();
      s3.destroy();
    },
  };
}

function tagsOf(tags: readonly Tag[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']));
}

/** Route 53 speaks XML, and no client of it is installed: two questions do not need one. */
async function route53(endpoint: string, path: string): Promise<string> {
  const scope = 'testing/20260101/us-east-1/route53/aws4_request';
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
  const answer = await fetch(`${endpoint}${path}`, { headers: { authorization } });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
  return await answer.text();
}
