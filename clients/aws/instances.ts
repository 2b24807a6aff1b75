/** Machines and volumes of EC2, found by their tags. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ */
import { type AwsPlace, call, clientConfig } from './connection.ts';

export type Tags = Readonly<Record<string, string>>;

export interface Instance {
  readonly id: string;
  /** EC2's own word: `pending`, `running`, `stopping`, `stopped`, `shutting-down`, `terminated`. */
  readonly state: string;
  readonly address: string | undefined;
  /** ISO 8601. */
  readonly launchedAt: string | undefined;
  readonly tags: Tags;
}

export interface Volume {
  readonly id: string;
  readonly tags: Tags;
}

export interface InstancesClient {
  /** Those with every one of the tags; terminated ones, which EC2 shows for an hour, are left out. */
  instances(tags: Tags): Promise<readonly Instance[]>;
  volumes(tags: Tags): Promise<readonly Volume[]>;
  /** Of volumes or instances, by id. */
  tag(ids: readonly string[], tags: Tags): Promise<void>;
  untag(ids: readonly string[], keys: readonly string[]): Promise<void>;
  close(): void;
}

export async function openInstances(place: AwsPlace): Promise<InstancesClient> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client(clientConfig(place));
  const filters = (tags: Tags) =>
    Object.entries(tags).map(([name, value]) => ({ Name: `tag:${name}`, Values: [value] }));
  const alive = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'] };

  return {
    async instances(tags) {
      const found: Instance[] = [];
      let NextToken: string | undefined;
      do {
        const asked = new sdk.DescribeInstancesCommand({ Filters: [...filters(tags), alive], NextToken });
        const answer = await call('ec2:DescribeInstances', () => client.send(asked));
        for (const each of (answer.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []))
          found.push({
            id: each.InstanceId ?? '',
            state: each.State?.Name ?? 'unknown',
            address: each.PrivateIpAddress,
            launchedAt: each.LaunchTime?.toISOString(),
            tags: tagsOf(each.Tags),
          });
        NextToken = answer.NextToken;
      } while (NextToken !== undefined);
      return found;
    },
    async volumes(tags) {
      const found: Volume[] = [];
      let NextToken: string | undefined;
      do {
        const asked = new sdk.DescribeVolumesCommand({ Filters: filters(tags), NextToken });
        const answer = await call('ec2:DescribeVolumes', () => client.send(asked));
        found.push(...(answer.Volumes ?? []).map(({ VolumeId = '', Tags }) => ({ id: VolumeId, tags: tagsOf(Tags) })));
        NextToken = answer.NextToken;
      } while (NextToken !== undefined);
      return found;
    },
    async tag(ids, tags) {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const asked = new sdk.CreateTagsCommand({ Resources: [...ids], Tags });
      await call(`ec2:CreateTags ${ids.join(' ')}`, () => client.send(asked));
    },
    async untag(ids, keys) {
      const asked = new sdk.DeleteTagsCommand({ Resources: [...ids], Tags: keys.map((Key) => ({ Key })) });
      await call(`ec2:DeleteTags ${ids.join(' ')}`, () => client.send(asked));
    },
    close: () => client.destroy(),
  };
}

function tagsOf(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] = [],
): Tags {
  return Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
}
