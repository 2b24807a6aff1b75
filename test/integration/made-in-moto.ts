/** What Terraform would have made, as far as drivers look at it, made in moto by hand: machines and volumes with their tags, and nodes' lists in the bucket. */
import { createHash } from 'node:crypto';
import { openBucket } from '../../clients/aws/buckets.ts';
import { type ObjectsClient, openObjects } from '../../clients/aws/objects.ts';
import { type AwsPlace, bucketName, nodeListKey, tags } from '../../contracts/aws-names.ts';
import { formatNodeList, type ListedFile } from '../../contracts/node-list.ts';

/** An instance that runs, by its id. */
export async function makeMachine({ environment, region }: AwsPlace, node: string): Promise<string> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client({ region });
  const Tags = tagList({ [tags.environment]: environment, [tags.node]: node });
  const made = await client.send(
    new sdk.RunInstancesCommand({
      ImageId: 'ami-12c6146b',
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: 'instance', Tags }],
    }),
  );
  client.destroy();
  return made.Instances?.[0]?.InstanceId ?? '';
}

/** A VPC, by its id. */
export async function makeNetwork(region: string): Promise<string> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client({ region });
  const { Vpc } = await client.send(new sdk.CreateVpcCommand({ CidrBlock: '10.77.0.0/16' }));
  client.destroy();
  return Vpc?.VpcId ?? '';
}

/** As somebody who replaces it does. */
export async function endMachine(instance: string, region: string): Promise<void> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client({ region });
  await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [instance] }));
  client.destroy();
}

/** How many rules a security group has. */
export async function rulesOf(group: string, region: string): Promise<{ readonly in: number; readonly out: number }> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client({ region });
  const { SecurityGroups } = await client.send(new sdk.DescribeSecurityGroupsCommand({ GroupIds: [group] }));
  client.destroy();
  const [found] = SecurityGroups ?? [];
  return { in: found?.IpPermissions?.length ?? -1, out: found?.IpPermissionsEgress?.length ?? -1 };
}

export async function makeVolume(
  { environment, region }: AwsPlace,
  node: string,
  more: Readonly<Record<string, string>>,
): Promise<string> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client({ region });
  const Tags = tagList({ [tags.environment]: environment, [tags.node]: node, ...more });
  const made = await client.send(
    new sdk.CreateVolumeCommand({
      AvailabilityZone: `${region}a`,
      Size: 1,
      TagSpecifications: [{ ResourceType: 'volume', Tags }],
    }),
  );
  client.destroy();
  return made.VolumeId ?? '';
}

function tagList(all: Readonly<Record<string, string>>) {
  return Object.entries(all).map(([Key, Value]) => ({ Key, Value }));
}

export async function makeBucket(place: AwsPlace): Promise<void> {
  const bucket = await openBucket({ region: place.region }, bucketName(place), place.account);
  await bucket.create();
  bucket.close();
}

export async function withObjects<T>(place: AwsPlace, work: (objects: ObjectsClient) => Promise<T>): Promise<T> {
  const objects = await openObjects({ region: place.region }, bucketName(place), place.account);
  try {
    return await work(objects);
  } finally {
    objects.close();
  }
}

/** SHA-256 of a node's list, as its report has it. */
export async function listHash(place: AwsPlace, node: string): Promise<string> {
  const text = await withObjects(place, (objects) => objects.read(nodeListKey(node)));
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex');
}

/** A list of one service, Kafka, and of files that need not be there. */
export async function writeList(
  place: AwsPlace,
  node: string,
  digest: string,
  listed: readonly Pick<ListedFile, 'key' | 'path' | 'sha256'>[] = [],
): Promise<void> {
  const probe = { host: '127.0.0.1', port: 9092, tls: false, send: '', expect: '' };
  const text = formatNodeList({
    environment: place.environment,
    node,
    accounts: [],
    volumes: [],
    folders: [],
    archives: [],
    packages: [],
    jobs: [],
    asides: [],
    files: listed.map((file) => ({ ...file, late: false, mode: 0o644, owner: 'root' })),
    services: [{ service: 'kafka', unit: 'ensemble-kafka.service', digest, probe }],
  });
  await makeBucket(place);
  await withObjects(place, (objects) => objects.write(nodeListKey(node), text));
}

export interface SaidOfKafka {
  readonly state: string;
  readonly detail?: string;
  readonly ready: boolean;
  readonly pid: number;
  readonly running: string | null;
  readonly restarts?: number;
}

/** What a node would print of itself, with Kafka alone on it and `new` installed. */
export function reportText(service: SaidOfKafka, list: string): string {
  const since = '2026-01-01T00:00:00Z';
  const said = { service: 'kafka', since, installed: 'new', restarts: 0, detail: '', ...service };
  const about = { version: 1, environment: 'staging', node: 'worker-1', time: '', boot: '', fault: null };
  return `${JSON.stringify({ ...about, list, services: [said] })}\n`;
}
