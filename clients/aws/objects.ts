/** Objects of a bucket, as texts. https://docs.aws.amazon.com/AmazonS3/latest/API/ */
import { type AwsPlace, call, clientConfig, usesOwnEndpoint } from './connection.ts';

export interface ObjectsClient {
  /** Undefined where there is no such object, or no such bucket. */
  read(key: string): Promise<string | undefined>;
  exists(key: string): Promise<boolean>;
  write(key: string, text: string): Promise<void>;
  /** With the tag of what was read, which `writeIf` takes; undefined where there is no such object, or no such bucket. */
  readTagged(key: string): Promise<{ readonly text: string; readonly tag: string } | undefined>;
  /**
   * Only over what `tag` names, or where nothing is (undefined): false where somebody else has written since, and nothing is changed.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
   */
  writeIf(key: string, text: string, tag: string | undefined): Promise<boolean>;
  /** Keys below a prefix, in their order. */
  list(prefix: string): Promise<readonly string[]>;
  close(): void;
}

const plainText = 'text/plain; charset=utf-8';

/** `account` owns the bucket: S3 refuses one of the same name that somebody else made. */
export async function openObjects(place: AwsPlace, bucket: string, account: string): Promise<ObjectsClient> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({ ...clientConfig(place), forcePathStyle: usesOwnEndpoint() });
  const of = { Bucket: bucket, ExpectedBucketOwner: account };

  return {
    async read(key) {
      const asked = new sdk.GetObjectCommand({ ...of, Key: key });
      return await call(
        `s3:GetObject ${bucket}/${key}`,
        async () => (await client.send(asked)).Body?.transformToString('utf8'),
        ['NoSuchKey', 'NoSuchBucket'],
      );
    },
    async exists(key) {
      const asked = new sdk.HeadObjectCommand({ ...of, Key: key });
      const found = await call(`s3:HeadObject ${bucket}/${key}`, () => client.send(asked), [
        'NotFound',
        'NoSuchBucket',
      ]);
      return found !== undefined;
    },
    async write(key, text) {
      const asked = new sdk.PutObjectCommand({ ...of, Key: key, Body: text, ContentType: plainText });
      await call(`s3:PutObject ${bucket}/${key}`, () => client.send(asked));
    },
    async readTagged(key) {
      const asked = new sdk.GetObjectCommand({ ...of, Key: key });
      return await call(`s3:GetObject ${bucket}/${key}`, async () => {
        const { Body, ETag } = await client.send(asked);
        return { text: (await Body?.transformToString('utf8')) ?? '', tag: ETag ?? '' };
      }, ['NoSuchKey', 'NoSuchBucket']);
    },
    async writeIf(key, text, tag) {
      const condition = tag === undefined ? { IfNoneMatch: '*' } : { IfMatch: tag };
      const asked = new sdk.PutObjectCommand({ ...of, ...condition, Key: key, Body: text, ContentType: plainText });
      // The second is said to one of two that write in the same moment, the third where it was taken away.
      const refusals = ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey'];
      const written = await call(`s3:PutObject ${bucket}/${key}`, () => client.send(asked), refusals);
      return written !== undefined;
    },
    async list(prefix) {
      const keys: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const asked = new sdk.ListObjectsV2Command({ ...of, Prefix: prefix, ContinuationToken });
        const answer = await call(`s3:ListObjectsV2 ${bucket}/${prefix}`, () => client.send(asked), ['NoSuchBucket']);
        keys.push(...(answer?.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
        ContinuationToken = answer?.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return keys;
    },
    close: () => client.destroy(),
  };
}
