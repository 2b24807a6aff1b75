/** A bucket itself: made, and its settings read and written. What they should be is said by who asks. */
import type { BucketLocationConstraint, LifecycleRule, PublicAccessBlockConfiguration } from '@aws-sdk/client-s3';
import { type AwsPlace, call, clientConfig, usesOwnEndpoint } from './connection.ts';
import { statusOf } from './errors.ts';

export type { LifecycleRule };

/** One of a policy's statements; AWS's own words. */
export type PolicyStatement = Readonly<Record<string, unknown>>;

/** As AWS says it: a setting that was never made is undefined. */
export interface BucketSettings {
  readonly versioning: string | undefined;
  /** `AES256`, `aws:kms`. */
  readonly encryption: string | undefined;
  /** Of the four ways to make it public: how many are closed. */
  readonly publicAccessBlocked: 'all' | 'some' | 'never set';
  /** Undefined where access lists count. */
  readonly ownership: string | undefined;
  readonly policy: readonly PolicyStatement[];
  readonly lifecycle: readonly LifecycleRule[];
}

export interface BucketClient {
  /** `theirs`: the name is taken by another account. */
  owner(): Promise<'nobody' | 'ours' | 'theirs'>;
  /** False where it was there, of the same account. Throws CLIENT_AWS_FAILED with BucketAlreadyExists where it is another's. */
  create(): Promise<boolean>;
  settings(): Promise<BucketSettings>;
  writeVersioning(): Promise<void>;
  writeEncryption(): Promise<void>;
  writePublicAccessBlock(): Promise<void>;
  writeOwnership(): Promise<void>;
  writePolicy(statements: readonly PolicyStatement[]): Promise<void>;
  writeLifecycle(rules: readonly LifecycleRule[]): Promise<void>;
  writeTags(tags: Readonly<Record<string, string>>): Promise<void>;
  close(): void;
}

export async function openBucket(place: AwsPlace, bucket: string, account: string): Promise<BucketClient> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({ ...clientConfig(place), forcePathStyle: usesOwnEndpoint() });
  const of = { Bucket: bucket, ExpectedBucketOwner: account };
  const asks = (action: string) => `s3:${action} ${bucket}`;

  return {
    async owner() {
      try {
        await client.send(new sdk.HeadBucketCommand(of));
        return 'ours';
      } catch (error) {
        if (statusOf(error) === 404) return 'nobody';
        // All that it says of a bucket of another account, and of rights that are lacking.
        if (statusOf(error) === 403) return 'theirs';
        return await call(asks('HeadBucket'), () => Promise.reject(error));
      }
    },
    async create() {
      // Without a constraint a bucket lies in us-east-1, and there naming that region is refused.
      const constraint =
        place.region === 'us-east-1'
          ? {}
          : {
              CreateBucketConfiguration: {
                LocationConstraint: place.region as BucketLocationConstraint,
              },
            };
      const asked = new sdk.CreateBucketCommand({
        Bucket: bucket,
        ObjectOwnership: 'BucketOwnerEnforced',
        ...constraint,
      });
      return (await call(asks('CreateBucket'), () => client.send(asked), ['BucketAlreadyOwnedByYou'])) !== undefined;
    },
    async settings() {
      const [versioning, encryption, block, ownership, policy, lifecycle] = await Promise.all([
        call(asks('GetBucketVersioning'), () => client.send(new sdk.GetBucketVersioningCommand(of))),
        call(asks('GetBucketEncryption'), () => client.send(new sdk.GetBucketEncryptionCommand(of)), [
          'ServerSideEncryptionConfigurationNotFoundError',
        ]),
        call(asks('GetPublicAccessBlock'), () => client.send(new sdk.GetPublicAccessBlockCommand(of)), [
          'NoSuchPublicAccessBlockConfiguration',
        ]),
        call(asks('GetBucketOwnershipControls'), () => client.send(new sdk.GetBucketOwnershipControlsCommand(of)), [
          'OwnershipControlsNotFoundError',
        ]),
        call(asks('GetBucketPolicy'), () => client.send(new sdk.GetBucketPolicyCommand(of)), ['NoSuchBucketPolicy']),
        call(
          asks('GetBucketLifecycleConfiguration'),
          () => client.send(new sdk.GetBucketLifecycleConfigurationCommand(of)),
          ['NoSuchLifecycleConfiguration'],
        ),
      ]);
      return {
        versioning: versioning.Status,
        encryption:
          encryption?.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
        publicAccessBlocked: closedWays(block?.PublicAccessBlockConfiguration),
        ownership: ownership?.OwnershipControls?.Rules?.[0]?.ObjectOwnership,
        policy: statementsOf(policy?.Policy),
        lifecycle: lifecycle?.Rules ?? [],
      };
    },
    async writeVersioning() {
      const asked = new sdk.PutBucketVersioningCommand({ ...of, VersioningConfiguration: { Status: 'Enabled' } });
      await call(asks('PutBucketVersioning'), () => client.send(asked));
    },
    async writeEncryption() {
      const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }];
      const asked = new sdk.PutBucketEncryptionCommand({ ...of, ServerSideEncryptionConfiguration: { Rules } });
      await call(asks('PutBucketEncryption'), () => client.send(asked));
    },
    async writePublicAccessBlock() {
      const PublicAccessBlockConfiguration = {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      };
      const asked = new sdk.PutPublicAccessBlockCommand({ ...of, PublicAccessBlockConfiguration });
      await call(asks('PutPublicAccessBlock'), () => client.send(asked));
    },
    async writeOwnership() {
      const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] };
      const asked = new sdk.PutBucketOwnershipControlsCommand({ ...of, OwnershipControls });
      await call(asks('PutBucketOwnershipControls'), () => client.send(asked));
    },
    async writePolicy(statements) {
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
      await call(asks('PutBucketPolicy'), () => client.send(new sdk.PutBucketPolicyCommand({ ...of, Policy })));
    },
    async writeLifecycle(rules) {
      const asked = new sdk.PutBucketLifecycleConfigurationCommand({
        ...of,
        LifecycleConfiguration: { Rules: [...rules] },
      });
      await call(asks('PutBucketLifecycleConfiguration'), () => client.send(asked));
    },
    async writeTags(tags) {
      const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await call(asks('PutBucketTagging'), () =>
        client.send(new sdk.PutBucketTaggingCommand({ ...of, Tagging: { TagSet } })),
      );
    },
    close: () => client.destroy(),
  };
}

function statementsOf(policy: string | undefined): readonly PolicyStatement[] {
  if (policy === undefined) return [];
  const parsed: { readonly Statement?: PolicyStatement | readonly PolicyStatement[] } = JSON.parse(policy);
  const statement = parsed.Statement ?? [];
  return Array.isArray(statement) ? statement : [statement as PolicyStatement];
}

function closedWays(block: PublicAccessBlockConfiguration | undefined): BucketSettings['publicAccessBlocked'] {
  if (block === undefined) return 'never set';
  const { BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets } = block;
  const ways = [BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets];
  return ways.every((way) => way === true) ? 'all' : 'some';
}
