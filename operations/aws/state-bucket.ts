/**
 * What the bucket with Terraform's state must be, setting by setting, and what an existing one lacks of it. Pure: operations/aws/bootstrap.ts does it.
 * A state names every machine and volume of a platform, and losing it means importing them by hand: hence versions, and nobody outside.
 */
import type { BucketClient, BucketSettings, LifecycleRule, PolicyStatement } from '../../clients/aws/buckets.ts';

/** A setting that is not as it must be. */
export interface BucketLack {
  readonly setting: SettingName;
  readonly wanted: string;
  readonly found: string;
  /** Nobody ever made it, so that making it overrides nobody. */
  readonly unset: boolean;
}

export type SettingName = 'versioning' | 'encryption' | 'public access' | 'ownership' | 'TLS' | 'old versions';

interface Setting {
  readonly name: SettingName;
  readonly wanted: string;
  /** Undefined where it is as it must be; else what it is. */
  lack(settings: BucketSettings, bucket: string): { readonly found: string; readonly unset: boolean } | undefined;
  write(client: BucketClient, settings: BucketSettings, bucket: string): Promise<void>;
}

/** The versions of a state that are kept for good, and how long those before them. */
const keptVersions = 20;
const keptDays = 90;

const ruleId = 'ensemble-old-versions';
const statementId = 'EnsembleTlsOnly';

function tlsOnly(bucket: string): PolicyStatement {
  return {
    Sid: statementId,
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}

/** A lock file is deleted after each run: its marker goes with its last version. */
const oldVersions: LifecycleRule = {
  ID: ruleId,
  Status: 'Enabled',
  Filter: { Prefix: '' },
  NoncurrentVersionExpiration: { NoncurrentDays: keptDays, NewerNoncurrentVersions: keptVersions },
  Expiration: { ExpiredObjectDeleteMarker: true },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
};

const settings: readonly Setting[] = [
  {
    name: 'versioning',
    wanted: 'on',
    lack: ({ versioning }) =>
      versioning === 'Enabled' ? undefined : { found: versioning ?? 'never set', unset: versioning === undefined },
    write: (client) => client.writeVersioning(),
  },
  {
    name: 'encryption',
    wanted: 'on (a key of S3’s or of KMS)',
    lack: ({ encryption }) => (encryption === undefined ? { found: 'never set', unset: true } : undefined),
    write: (client) => client.writeEncryption(),
  },
  {
    name: 'public access',
    wanted: 'blocked in all four ways',
    // AWS blocks it in every new bucket: where it is open, somebody opened it.
    lack: ({ publicAccessBlocked }) =>
      publicAccessBlocked === 'all'
        ? undefined
        : {
            found: publicAccessBlocked === 'never set' ? 'never set' : 'open',
            unset: publicAccessBlocked === 'never set',
          },
    write: (client) => client.writePublicAccessBlock(),
  },
  {
    name: 'ownership',
    wanted: 'the account’s, without access lists',
    lack: ({ ownership }) =>
      ownership === 'BucketOwnerEnforced'
        ? undefined
        : { found: ownership ?? 'never set', unset: ownership === undefined },
    write: (client) => client.writeOwnership(),
  },
  {
    name: 'TLS',
    wanted: 'every request without it denied',
    lack: ({ policy }, bucket) =>
      policy.some((statement) => deniesPlaintext(statement, bucket))
        ? undefined
        : { found: policy.length === 0 ? 'no policy' : 'a policy that does not say so', unset: policy.length === 0 },
    write: (client, { policy }, bucket) =>
      client.writePolicy([...policy.filter(({ Sid }) => Sid !== statementId), tlsOnly(bucket)]),
  },
  {
    name: 'old versions',
    wanted: `kept ${keptDays} days, and the last ${keptVersions} for good`,
    lack: ({ lifecycle }) => {
      if (lifecycle.some(keepsEnough)) return undefined;
      return { found: lifecycle.length === 0 ? 'no rule' : 'rules that say otherwise', unset: lifecycle.length === 0 };
    },
    write: (client, { lifecycle }) =>
      client.writeLifecycle([...lifecycle.filter(({ ID }) => ID !== ruleId), oldVersions]),
  },
];

/** In the order in which they are to be mended. */
export function findLacks(found: BucketSettings, bucket: string): readonly BucketLack[] {
  return settings.flatMap(({ name, wanted, lack }) => {
    const amiss = lack(found, bucket);
    return amiss === undefined ? [] : [{ setting: name, wanted, ...amiss }];
  });
}

export async function mendSetting(
  client: BucketClient,
  name: SettingName,
  found: BucketSettings,
  bucket: string,
): Promise<void> {
  await settings.find((setting) => setting.name === name)?.write(client, found, bucket);
}

function deniesPlaintext(statement: PolicyStatement, bucket: string): boolean {
  const { Effect, Principal, Action, Resource, Condition } = statement;
  const resources = [Resource].flat();
  const everybody = Principal === '*' || JSON.stringify(Principal) === '{"AWS":"*"}';
  return (
    Effect === 'Deny' &&
    everybody &&
    [Action].flat().some((action) => action === 's3:*' || action === '*') &&
    resources.includes(`arn:aws:s3:::${bucket}`) &&
    resources.includes(`arn:aws:s3:::${bucket}/*`) &&
    /^\{"Bool":\{"aws:SecureTransport":("false"|false|\["false"\])\}\}$/.test(JSON.stringify(Condition ?? {}))
  );
}

/** A rule of somebody else's that keeps as much, or more, will do. */
function keepsEnough({ Status, Expiration, NoncurrentVersionExpiration: noncurrent }: LifecycleRule): boolean {
  const days = noncurrent?.NoncurrentDays ?? 0;
  return Status === 'Enabled' && Expiration?.Days === undefined && Expiration?.Date === undefined && days >= keptDays;
}
