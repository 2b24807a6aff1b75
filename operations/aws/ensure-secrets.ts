/**
 * The secrets of an environment on AWS: made where they are missing, kept in the operator's store, and given to each node as one secret with what its
 * files name. Every step looks before it acts, so that a run that was cut off is simply run again (docs/decisions/0034).
 *
 * Terraform makes each node's secret, empty, with who may read it; this fills it. So the first deployment goes: foundation, secrets, data, edge.
 */
import { assertAccount } from '../../clients/aws/account.ts';
import { openSecrets, type SecretsClient } from '../../clients/aws/secrets.ts';
import { topicsApplierCertificate } from '../../cluster/topics-applier.ts';
import { nodeSecretName, storeSecretName, tags } from '../../contracts/aws-names.ts';
import { awsStore } from '../../secrets/aws-store.ts';
import { keystoreCopies } from '../../secrets/keystore-copies.ts';
import type { SecretStore } from '../../secrets/store.ts';
import { ensureCertificates, ensureSecrets } from '../certificates.ts';
import type { AwsEnvironment } from './aws-environment.ts';
import { foundationMissing } from './errors.ts';
import { readerSecret, secretsByReader } from './node-secrets.ts';

export interface SecretsReport {
  readonly environment: string;
  readonly account: string;
  /** Certificates that were issued, and why. */
  readonly issued: readonly { readonly id: string; readonly why: string; readonly expiresAt: string }[];
  /** Readers whose secret was written, since what is to stand in it was not there. */
  readonly published: readonly string[];
  /** Of all readers. */
  readonly readers: number;
}

export interface SecretsOptions {
  /** New certificates for everybody, also where they fit. */
  readonly renew?: boolean;
}

/**
 * @throws EnsembleError CLIENT_AWS_WRONG_ACCOUNT before anything is changed; OPERATIONS_FOUNDATION_MISSING once the store is filled, where a node's
 * secret is not there to be written; CLIENT_AWS_..., SECRETS_...
 */
export async function ensureAwsSecrets(
  aws: AwsEnvironment,
  { renew = false }: SecretsOptions = {},
): Promise<SecretsReport> {
  const { account, region } = aws.place;
  await assertAccount({ region }, account);
  return await withStore(aws, async (store, client) => {
    const needs = { environment: aws.environment, addressing: aws.addressing, secrets: store };
    const certificates = await ensureCertificates(needs, {
      renew,
      also: [topicsApplierCertificate(aws.environment.cluster)],
    });
    await ensureSecrets(needs);
    const { published, readers } = await publish(aws, client);
    const issued = certificates.flatMap(({ id, issued: why, expiresAt }) =>
      why === undefined ? [] : [{ id, why, expiresAt: expiresAt.toISOString() }],
    );
    return { environment: aws.place.environment, account, issued, published, readers };
  });
}

/** The operator's store, for as long as `work` takes. */
export async function withStore<T>(
  { place }: Pick<AwsEnvironment, 'place'>,
  work: (store: SecretStore, client: SecretsClient) => Promise<T>,
): Promise<T> {
  const client = await openSecrets({ region: place.region });
  try {
    return await work(storeOf(place, client), client);
  } finally {
    client.close();
  }
}

async function publish(
  { environment: { cluster }, addressing, place }: AwsEnvironment,
  client: SecretsClient,
): Promise<{ readonly published: readonly string[]; readonly readers: number }> {
  const readers = secretsByReader(cluster, addressing);
  const values = await freshValues(place, client, [...readers.values()].flat());
  const present = await client.readAll(nodeSecretName(place.environment, ''));
  const published: string[] = [];
  const missing: string[] = [];
  for (const [reader, ids] of readers) {
    const name = nodeSecretName(place.environment, reader);
    const text = readerSecret(ids, values);
    if (present.get(name) === text) continue;
    if (await client.put(name, text)) published.push(reader);
    else missing.push(name);
  }
  if (missing.length > 0) throw foundationMissing(place.environment, missing);
  return { published, readers: readers.size };
}

/** By a store of its own, which reads all anew: another run may have renewed meanwhile what this one has in mind. */
async function freshValues(
  place: AwsEnvironment['place'],
  client: SecretsClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const store = storeOf(place, client);
  const values = new Map<string, string>();
  for (const id of new Set(ids)) {
    const bytes = await store.read(id);
    if (bytes !== undefined) values.set(id, bytes.toString('utf8'));
  }
  return values;
}

function storeOf({ environment }: AwsEnvironment['place'], client: SecretsClient): SecretStore {
  const options = {
    description: `Made by ensemble for the environment ${environment}; no node reads it`,
    tags: { [tags.environment]: environment },
  };
  return keystoreCopies(awsStore({ client, prefix: storeSecretName(environment, ''), options }));
}
