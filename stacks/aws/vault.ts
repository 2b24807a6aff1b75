/**
 * What is kept under lock: the environment's key, the bucket of archives, settings and reports, an empty secret for each node (values never pass through
 * Terraform, whose state would keep them), groups of logs, and the schedule of snapshots.
 */
import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group/index.js';
import { DlmLifecyclePolicy } from '@cdktf/provider-aws/lib/dlm-lifecycle-policy/index.js';
import { KmsAlias } from '@cdktf/provider-aws/lib/kms-alias/index.js';
import { KmsKey } from '@cdktf/provider-aws/lib/kms-key/index.js';
import { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket/index.js';
import { S3BucketLifecycleConfiguration } from '@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration/index.js';
import { S3BucketOwnershipControls } from '@cdktf/provider-aws/lib/s3-bucket-ownership-controls/index.js';
import { S3BucketPolicy } from '@cdktf/provider-aws/lib/s3-bucket-policy/index.js';
import { S3BucketPublicAccessBlock } from '@cdktf/provider-aws/lib/s3-bucket-public-access-block/index.js';
import { S3BucketServerSideEncryptionConfigurationA } from '@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration/index.js';
import { S3BucketVersioningA } from '@cdktf/provider-aws/lib/s3-bucket-versioning/index.js';
import { S3Object } from '@cdktf/provider-aws/lib/s3-object/index.js';
import { SecretsmanagerSecret } from '@cdktf/provider-aws/lib/secretsmanager-secret/index.js';
import { TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import type { Cluster } from '../../cluster/model.ts';
import {
  type AwsPlace,
  archivesWanted,
  bucketName,
  logGroupName,
  nodeSecretName,
  tags,
  topicsApplierNode,
} from '../../contracts/aws-names.ts';
import { eachKey, eachValue, expression, type Ledger } from '../ledger.ts';
import { cloudOf, placeOf } from './place.ts';
import { policy } from './policy.ts';

/** A file of this machine that nodes fetch: its name is its key in the bucket, which has its hash in it. */
export interface ArchiveFile {
  readonly name: string;
  readonly sha256: string;
  readonly key: string;
  /** Relative to the stack's folder, so that a synthesis is the same on every machine. */
  readonly source: string;
}

/** The actions of a key's users, one by one. */
const useKey = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:DescribeKey',
];

export function buildVault(scope: Construct, ledger: Ledger, cluster: Cluster, archives: readonly ArchiveFile[]): void {
  const place = placeOf(cluster);
  buildKey(scope, ledger, place, cluster.protect);
  buildBucket(scope, ledger, place, cluster.protect);
  new TerraformVariable(scope, 'archives-wanted', {
    type: 'bool',
    default: true,
    description: 'Whether archives must lie on this machine; a comparison needs none',
  }).overrideLogicalId(archivesWanted);
  ledger
    .each(
      new S3Object(scope, 'archives', {
        bucket: expression('aws_s3_bucket.own.bucket'),
        key: eachValue('key'),
        source: eachValue('source'),
        sourceHash: eachValue('sha256'),
        lifecycle: {
          // A new version stands beside the old one before that one goes.
          createBeforeDestroy: true,
          // Else an apply would stop half-way, at a file that is not there.
          precondition: [
            {
              condition: expression(`!var.${archivesWanted} || fileexists(each.value.source)`),
              errorMessage: `${eachValue('source')} is not there: run \`npx ensemble artifacts build\` first.`,
            },
          ],
        },
      }),
      'archive',
      Object.fromEntries(archives.map(({ name, ...archive }) => [name, archive])),
      () => ({ holdsData: false, what: 'archive' }),
    )
    .addOverride('depends_on', [
      'aws_s3_bucket_server_side_encryption_configuration.own',
      'aws_s3_bucket_versioning.own',
    ]);
  buildSecrets(scope, ledger, cluster);
  buildLogGroups(scope, ledger, cluster);
  buildSnapshots(scope, ledger, cluster);
}

function buildKey(
  scope: Construct,
  ledger: Ledger,
  { environment, account, region }: AwsPlace,
  protect: boolean,
): void {
  const logs = `arn:aws:logs:${region}:${account}:log-group:${logGroupName(environment, '*')}`;
  ledger.one(
    new KmsKey(scope, 'key', {
      description: `Volumes, bucket, secrets and logs of ${environment}`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      lifecycle: { preventDestroy: protect },
      policy: policy([
        // As AWS asks of every key: without it, rights that IAM gives would not count, and nobody could mend the policy.
        {
          sid: 'RightsAreGivenInThisAccount',
          actions: ['kms:*'],
          resources: ['*'],
          principals: { AWS: `arn:aws:iam::${account}:root` },
        },
        {
          sid: 'Logs',
          actions: useKey,
          resources: ['*'],
          principals: { Service: `logs.${region}.amazonaws.com` },
          conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logs } },
        },
        {
          sid: 'AlarmsIntoAnEncryptedTopic',
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: ['*'],
          principals: { Service: 'cloudwatch.amazonaws.com' },
          conditions: { StringEquals: { 'aws:SourceAccount': account } },
        },
      ]),
    }),
    'own',
    { holdsData: true, what: 'key, without which no volume, secret or log can be read' },
  );
  ledger.one(
    new KmsAlias(scope, 'key-name', {
      name: `alias/ensemble-${environment}`,
      targetKeyId: expression('aws_kms_key.own.key_id'),
    }),
    'own',
  );
}

/** How long a replaced or deleted object can be had back, in days. */
const oldVersionDays = 90;

function buildBucket(scope: Construct, ledger: Ledger, place: AwsPlace, protect: boolean): void {
  const bucket = expression('aws_s3_bucket.own.id');
  const arn = `arn:aws:s3:::${bucketName(place)}`;
  ledger.one(
    new S3Bucket(scope, 'bucket', {
      bucket: bucketName(place),
      forceDestroy: !protect,
      lifecycle: { preventDestroy: protect },
    }),
    'own',
    { holdsData: false, what: 'bucket of archives, settings and reports' },
  );
  ledger.one(
    new S3BucketPublicAccessBlock(scope, 'bucket-private', {
      bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    }),
    'own',
  );
  ledger.one(
    new S3BucketOwnershipControls(scope, 'bucket-owner', { bucket, rule: { objectOwnership: 'BucketOwnerEnforced' } }),
    'own',
  );
  ledger.one(
    new S3BucketVersioningA(scope, 'bucket-versions', { bucket, versioningConfiguration: { status: 'Enabled' } }),
    'own',
  );
  ledger.one(
    new S3BucketServerSideEncryptionConfigurationA(scope, 'bucket-encryption', {
      bucket,
      rule: [
        {
          bucketKeyEnabled: true,
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: 'aws:kms',
            kmsMasterKeyId: expression('aws_kms_key.own.arn'),
          },
        },
      ],
    }),
    'own',
  );
  ledger
    .one(
      new S3BucketPolicy(scope, 'bucket-policy', {
        bucket,
        policy: policy([
          {
            sid: 'EncryptedOnTheWay',
            effect: 'Deny',
            actions: ['s3:*'],
            resources: [arn, `${arn}/*`],
            principals: { AWS: '*' },
            conditions: { Bool: { 'aws:SecureTransport': 'false' } },
          },
        ]),
      }),
      'own',
    )
    .addOverride('depends_on', ['aws_s3_bucket_public_access_block.own']);
  ledger
    .one(
      new S3BucketLifecycleConfiguration(scope, 'bucket-old-versions', {
        bucket,
        rule: [
          {
            id: 'old-versions',
            status: 'Enabled',
            filter: [{ prefix: '' }],
            noncurrentVersionExpiration: [{ noncurrentDays: oldVersionDays }],
            abortIncompleteMultipartUpload: [{ daysAfterInitiation: 7 }],
          },
        ],
      }),
      'own',
    )
    .addOverride('depends_on', ['aws_s3_bucket_versioning.own']);
}

function buildSecrets(scope: Construct, ledger: Ledger, cluster: Cluster): void {
  const { environment, groups } = cluster;
  const ids = [...groups.flatMap(({ nodes }) => nodes.map(({ id, role }) => [id, role] as const))];
  ledger.each(
    new SecretsmanagerSecret(scope, 'secrets', {
      name: nodeSecretName(environment, eachKey),
      description: eachValue('description'),
      kmsKeyId: expression('aws_kms_key.own.arn'),
      // Its value can be made again from the operator's store; and a node that comes back may have its name at once only where nothing is kept.
      recoveryWindowInDays: 0,
    }),
    'node',
    Object.fromEntries([
      ...ids.map(([id]) => [id, { description: `What files of ${id} are filled with` }] as const),
      [topicsApplierNode, { description: 'What the topics applier shows and believes' }],
    ]),
    (id) => ({
      ...(id === topicsApplierNode ? {} : { node: id, role: ids.find(([node]) => node === id)?.[1] }),
      holdsData: false,
      what: 'secret, empty until it is filled by command',
    }),
  );
}

/** As long as a question about last month may be asked. */
const logDays = 30;

function buildLogGroups(scope: Construct, ledger: Ledger, { environment, groups }: Cluster): void {
  const names = [...groups.map(({ role }) => role), 'network', topicsApplierNode];
  ledger.each(
    new CloudwatchLogGroup(scope, 'logs', {
      name: logGroupName(environment, eachKey),
      retentionInDays: logDays,
      kmsKeyId: expression('aws_kms_key.own.arn'),
    }),
    'own',
    Object.fromEntries(names.map((name) => [name, {}])),
    (name) => ({
      ...(groups.some(({ role }) => role === name) ? { role: name } : {}),
      holdsData: true,
      what: 'logs of a month',
    }),
  );
}

function buildSnapshots(scope: Construct, ledger: Ledger, cluster: Cluster): void {
  const { everyHours, keep } = cloudOf(cluster).snapshots;
  const { environment } = cluster;
  ledger.one(
    new DlmLifecyclePolicy(scope, 'snapshots', {
      description: `Volumes of ${environment} that are marked for it`,
      executionRoleArn: expression('aws_iam_role.snapshots.arn'),
      state: 'ENABLED',
      policyDetails: {
        resourceTypes: ['VOLUME'],
        targetTags: { [tags.snapshots]: environment },
        schedule: [
          {
            name: 'scheduled',
            copyTags: true,
            createRule: { interval: everyHours, intervalUnit: 'HOURS', times: ['01:15'] },
            retainRule: { count: keep },
          },
        ],
      },
    }),
    'own',
    { holdsData: false, what: 'schedule of snapshots' },
  );
}
