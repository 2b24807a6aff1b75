/**
 * The bucket with Terraform's state, made once for an account and a region: planned, shown, then done. Each step can be done again, so that a run that was
 * cut off is simply run again. What somebody set otherwise is said, and only changed where that is asked for.
 */
import { assertAccount } from '../../clients/aws/account.ts';
import { type BucketClient, openBucket } from '../../clients/aws/buckets.ts';
import { type AwsPlace, stateBucketName } from '../../contracts/aws-names.ts';
import { stateBucketTaken } from './errors.ts';
import { type BucketLack, findLacks, mendSetting } from './state-bucket.ts';

export interface BootstrapPlan {
  readonly bucket: string;
  readonly account: string;
  readonly region: string;
  readonly exists: boolean;
  /** Of one that exists; a new one gets every setting. */
  readonly lacks: readonly BucketLack[];
}

export interface BootstrapReport extends Omit<BootstrapPlan, 'lacks' | 'exists'> {
  readonly made: boolean;
  readonly mended: readonly BucketLack[];
  /** Set otherwise by somebody, and left. */
  readonly left: readonly BucketLack[];
}

/** @throws EnsembleError CLIENT_AWS_WRONG_ACCOUNT, OPERATIONS_STATE_BUCKET_TAKEN, CLIENT_AWS_... */
export async function planBootstrap(place: AwsPlace): Promise<BootstrapPlan> {
  const { account, region } = place;
  await assertAccount({ region }, account);
  return await withBucket(place, async (client, bucket) => {
    const owner = await client.owner();
    if (owner === 'theirs') throw stateBucketTaken(bucket, account);
    const lacks = owner === 'ours' ? findLacks(await client.settings(), bucket) : [];
    return { bucket, account, region, exists: owner === 'ours', lacks };
  });
}

/** `mend`: also what somebody set otherwise. @throws EnsembleError OPERATIONS_STATE_BUCKET_TAKEN, CLIENT_AWS_... */
export async function applyBootstrap(
  place: AwsPlace,
  plan: BootstrapPlan,
  { mend }: { readonly mend: boolean },
): Promise<BootstrapReport> {
  const { bucket, account, region } = plan;
  return await withBucket(place, async (client) => {
    const made = !plan.exists && (await client.create());
    const settings = await client.settings();
    const lacks = findLacks(settings, bucket);
    const chosen = lacks.filter(({ unset }) => made || mend || unset);
    for (const { setting } of chosen) await mendSetting(client, setting, settings, bucket);
    const remaining = findLacks(await client.settings(), bucket);
    const left = remaining.filter(({ setting }) => !chosen.some((each) => each.setting === setting));
    const undone = remaining.filter((each) => !left.includes(each));
    if (undone.length > 0)
      throw new TypeError(`${bucket} does not keep ${undone.map(({ setting }) => setting).join(', ')}`);
    return { bucket, account, region, made, mended: chosen, left };
  });
}

async function withBucket<T>(place: AwsPlace, work: (client: BucketClient, bucket: string) => Promise<T>): Promise<T> {
  const bucket = stateBucketName(place);
  const client = await openBucket({ region: place.region }, bucket, place.account);
  try {
    return await work(client, bucket);
  } finally {
    client.close();
  }
}
