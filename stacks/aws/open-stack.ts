/**
 * What the three stacks of an environment share: the provider (one account, one region, tags by which costs are told apart), and where the state lies.
 * A function and not a base class: another cloud will share neither.
 */
import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { S3Backend, type TerraformStack } from 'cdktf';
import type { Cluster } from '../../cluster/model.ts';
import { type StackPart, stateBucketName, stateKey, tags } from '../../contracts/aws-names.ts';
import { placeOf } from './place.ts';

/** The bindings are generated from 6.25; nothing that we use of them differs in 5.100, the last of its line. */
const providerVersions = '>= 5.100.0, < 7.0.0';

export function openStack(stack: TerraformStack, cluster: Cluster, part: StackPart): void {
  const place = placeOf(cluster);
  new AwsProvider(stack, 'aws', {
    region: place.region,
    allowedAccountIds: [place.account],
    defaultTags: [{ tags: { [tags.environment]: place.environment, 'ensemble:stack': part } }],
    // `ensemble retire` marks what a node leaves behind; to Terraform that is no change.
    ignoreTags: [{ keys: [tags.released] }],
  });
  new S3Backend(stack, {
    bucket: stateBucketName(place),
    key: stateKey(place.environment, part),
    region: place.region,
    encrypt: true,
  });
  // Newer than cdktf's own words for the backend.
  stack.addOverride('terraform.backend.s3.use_lockfile', true);
  stack.addOverride('terraform.required_version', '>= 1.10.0, < 2.0.0');
  stack.addOverride('terraform.required_providers.aws.version', providerVersions);
}
