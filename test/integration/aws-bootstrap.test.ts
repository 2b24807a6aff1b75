/** `ensemble bootstrap` against a local AWS (moto): the bucket with Terraform's state is made once, with every setting, and an existing one is judged. */
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { openBucket } from '../../clients/aws/buckets.ts';
import { stateBucketName } from '../../contracts/aws-names.ts';
import { type MotoServer, motoAccount, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { startShim } from '../../drivers/local-aws/shim.ts';
import { applyBootstrap, planBootstrap } from '../../operations/aws/bootstrap.ts';
import { requires } from '../requirements.ts';

const place = { environment: 'staging', account: motoAccount, region: 'eu-west-1' };
const bucket = stateBucketName(place);

requires('moto').describe('the bucket with Terraform’s state', () => {
  let moto: MotoServer;
  beforeAll(async () => {
    moto = await startMoto();
    for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
  });
  afterEach(async () => await moto.reset());
  afterAll(async () => {
    vi.unstubAllEnvs();
    await moto?.stop();
  });

  const made = async () => {
    const client = await openBucket({ region: place.region }, bucket, motoAccount);
    try {
      return await client.settings();
    } finally {
      client.close();
    }
  };

  requires('moto').it('is made with every setting, and a second run finds nothing to do', async () => {
    const plan = await planBootstrap(place);
    expect(plan).toMatchObject({ bucket, exists: false, lacks: [] });
    const report = await applyBootstrap(place, plan, { mend: false });
    expect(report).toMatchObject({ made: true, left: [] });
    expect(await made()).toMatchObject({
      versioning: 'Enabled',
      encryption: 'AES256',
      publicAccessBlocked: 'all',
      ownership: 'BucketOwnerEnforced',
      policy: [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
      lifecycle: [{ Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 90 } }],
    });
    expect(await planBootstrap(place)).toMatchObject({ exists: true, lacks: [] });
    expect(await applyBootstrap(place, plan, { mend: false })).toMatchObject({ made: false, mended: [], left: [] });
  });

  requires('moto').it('a run that was cut off after the bucket was made is completed by the next one', async () => {
    const client = await openBucket({ region: place.region }, bucket, motoAccount);
    await client.create();
    client.close();
    const plan = await planBootstrap(place);
    expect(plan.lacks.map(({ setting }) => setting)).toContain('versioning');
    await applyBootstrap(place, plan, { mend: false });
    expect((await planBootstrap(place)).lacks).toEqual([]);
  });

  requires('moto').it('what somebody set otherwise is said and left, and changed where that is asked for', async () => {
    const sdk = await import('@aws-sdk/client-s3');
    await applyBootstrap(place, await planBootstrap(place), { mend: false });
    const client = new sdk.S3Client({ region: place.region, forcePathStyle: true });
    await client.send(
      new sdk.PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Suspended' } }),
    );
    const theirs = {
      Sid: 'Theirs',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:DeleteBucket',
      Resource: `arn:aws:s3:::${bucket}`,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [theirs] });
    await client.send(new sdk.PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    client.destroy();

    const plan = await planBootstrap(place);
    expect(plan.lacks).toEqual([
      { setting: 'versioning', wanted: 'on', found: 'Suspended', unset: false },
      {
        setting: 'TLS',
        wanted: 'every request without it denied',
        found: 'a policy that does not say so',
        unset: false,
      },
    ]);
    expect((await applyBootstrap(place, plan, { mend: false })).left).toHaveLength(2);
    expect((await made()).versioning).toBe('Suspended');
    expect((await applyBootstrap(place, plan, { mend: true })).left).toEqual([]);
    expect((await made()).policy).toEqual([theirs, expect.objectContaining({ Sid: 'EnsembleTlsOnly' })]);
  });

  requires('moto').it('credentials of another account make nothing', async () => {
    const theirs = { ...place, account: '999999999999' };
    await expect(planBootstrap(theirs)).rejects.toMatchObject({ code: 'CLIENT_AWS_WRONG_ACCOUNT' });
  });

  requires('moto').it('a bucket of that name in another account is refused', async () => {
    // moto knows no owner of a bucket; AWS answers 403 where it is another than the one that is expected.
    const shim = await startShim(moto.endpoint, async ({ method, path, headers }) => {
      if (method !== 'HEAD' || !path.startsWith(`/${bucket}`)) return undefined;
      return { status: headers['x-amz-expected-bucket-owner'] === '210987654321' ? 200 : 403 };
    });
    vi.stubEnv('AWS_ENDPOINT_URL', shim.endpoint);
    try {
      await expect(planBootstrap(place)).rejects.toMatchObject({ code: 'OPERATIONS_STATE_BUCKET_TAKEN' });
    } finally {
      vi.stubEnv('AWS_ENDPOINT_URL', moto.endpoint);
      await shim.stop();
    }
  });
});
