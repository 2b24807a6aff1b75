/** The operator's secrets on AWS, against a local one (moto): the store keeps what SecretStore promises, and a refusal is said in our words. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { assertAccount } from '../../clients/aws/account.ts';
import { openSecrets, type SecretsClient } from '../../clients/aws/secrets.ts';
import { nodeSecretName } from '../../contracts/aws-names.ts';
import { type MotoServer, motoAccount, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { type AwsEnvironment, openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { ensureAwsSecrets } from '../../operations/aws/ensure-secrets.ts';
import { secretsByReader } from '../../operations/aws/node-secrets.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { awsStore } from '../../secrets/aws-store.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import type { SecretStore } from '../../secrets/store.ts';
import { requires } from '../requirements.ts';

const place = { region: 'eu-west-1' };
const prefix = 'ensemble/staging/store/';

requires('moto').describe('secrets on AWS', () => {
  let moto: MotoServer;
  let client: SecretsClient;
  let store: SecretStore;
  const bytes = (text: string) => Buffer.from(text);

  beforeAll(async () => {
    moto = await startMoto();
    for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
    client = await openSecrets(place);
  });
  beforeEach(() => {
    store = awsStore({ client, prefix, options: { tags: { 'ensemble:environment': 'staging' } } });
  });
  afterEach(async () => await moto.reset());
  afterAll(async () => {
    client?.close();
    vi.unstubAllEnvs();
    await moto?.stop();
  });

  requires('moto').it('what was written is read, replaced whole, and listed by its id', async () => {
    expect(await store.read('tls/ca.pem')).toBeUndefined();
    await store.write('tls/ca.pem', bytes('one'));
    await store.write('tls/ca.pem', bytes('two'));
    expect((await store.read('tls/ca.pem'))?.toString()).toBe('two');
    await client.create('ensemble/production/store/tls/ca.pem', 'of another environment');
    expect(await store.list()).toEqual(['tls/ca.pem']);
  });

  requires('moto').it(
    'creating never overwrites: of many at once one wins, and everybody reads its bytes',
    async () => {
      const attempts = Array.from({ length: 5 }, (_, number) => String(number));
      const won = await Promise.all(attempts.map((text) => store.create('token', bytes(text))));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await store.read('token'))?.toString()).toBe(attempts[won.indexOf(true)]);
      expect(await store.create('token', bytes('late'))).toBe(false);
    },
  );

  requires('moto').it('a secret that was made without a value reads as missing, and can be given one', async () => {
    // As Terraform makes a node's.
    const { CreateSecretCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
    const sdk = new SecretsManagerClient(place);
    await sdk.send(new CreateSecretCommand({ Name: 'ensemble/staging/nodes/worker-1' }));
    sdk.destroy();
    expect(await client.read('ensemble/staging/nodes/worker-1')).toBeUndefined();
    expect(await client.put('ensemble/staging/nodes/worker-1', '{}')).toBe(true);
    expect(await client.read('ensemble/staging/nodes/worker-1')).toBe('{}');
    expect(await client.put('ensemble/staging/nodes/worker-2', '{}')).toBe(false);
  });

  requires('moto').it('all values below a prefix come together, more than one answer holds', async () => {
    const names = Array.from({ length: 23 }, (_, number) => `${prefix}n/${number}`);
    for (const name of names) await client.create(name, `value of ${name}`);
    const all = await client.readAll(prefix);
    expect([...all.keys()].sort()).toEqual([...names].sort());
    expect(all.get(`${prefix}n/7`)).toBe(`value of ${prefix}n/7`);
  });

  requires('moto').it('two runs at once end with the same authority and the same certificates', async () => {
    const spec = { id: 'worker-1', commonName: 'worker-1', hosts: ['worker-1.staging.internal'] };
    const run = async () => await ensureCertificate(store, await ensureAuthority(store, 'staging'), spec);
    const [one, other] = await Promise.all([run(), run()]);
    expect(one.keystorePem).toBe(other.keystorePem);
    expect((await run()).issued).toBeUndefined();
  });

  requires('moto').it('another account than the environment’s is refused before anything is changed', async () => {
    expect((await assertAccount(place, motoAccount)).account).toBe(motoAccount);
    await expect(assertAccount(place, '999999999999')).rejects.toMatchObject({ code: 'CLIENT_AWS_WRONG_ACCOUNT' });
  });

  requires('moto').describe('of an environment', () => {
    const open = () =>
      openAwsEnvironment(
        { environment: 'staging', environmentsDirectory: join(installationRoot(), 'environments') },
        'test',
      );

    /** As the stack of the foundation makes them: without a value. */
    async function makeContainers(aws: AwsEnvironment): Promise<readonly string[]> {
      const { CreateSecretCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
      const sdk = new SecretsManagerClient(place);
      const readers = [...secretsByReader(aws.environment.cluster, aws.addressing).keys()];
      for (const reader of readers)
        await sdk.send(new CreateSecretCommand({ Name: nodeSecretName('staging', reader) }));
      sdk.destroy();
      return readers;
    }

    requires('moto').it(
      'before the foundation they are made and kept; after it each node gets exactly what its files name',
      async () => {
        const aws = await open();
        const early = ensureAwsSecrets(aws);
        await expect(early).rejects.toMatchObject({ code: 'OPERATIONS_FOUNDATION_MISSING' });
        const authority = await client.read(`${prefix}tls/ca.pem`);
        const readers = await makeContainers(aws);
        const report = await ensureAwsSecrets(aws);
        expect(report).toMatchObject({ issued: [], published: readers, readers: readers.length });
        for (const [reader, ids] of secretsByReader(aws.environment.cluster, aws.addressing)) {
          const bundle: Record<string, string> = JSON.parse(
            (await client.read(nodeSecretName('staging', reader))) ?? '',
          );
          expect(Object.keys(bundle)).toEqual(ids);
          expect(Object.values(bundle).every((text) => text.length > 0)).toBe(true);
          expect(JSON.stringify(bundle)).not.toContain((await client.read(`${prefix}tls/ca.key.pem`))?.split('\n')[1]);
          if (ids.includes('tls/ca.pem')) expect(bundle['tls/ca.pem']).toBe(authority);
        }
        // One secret a node holds its certificate and its key.
        expect((await client.list(prefix)).filter((name) => name.includes('worker-1'))).toEqual([
          `${prefix}tls/worker-1.keystore.pem`,
        ]);
      },
    );

    requires('moto').it(
      'a second run changes nothing; renewed, every reader is given its new certificate',
      async () => {
        const aws = await open();
        await makeContainers(aws);
        await ensureAwsSecrets(aws);
        const worker = nodeSecretName('staging', 'worker-1');
        const before = await client.read(worker);
        expect(await ensureAwsSecrets(aws)).toMatchObject({ issued: [], published: [] });
        const renewed = await ensureAwsSecrets(aws, { renew: true });
        expect(renewed.issued.every(({ why }) => why === 'asked for')).toBe(true);
        expect(renewed.published).toContain('worker-1');
        expect(await client.read(worker)).not.toBe(before);
      },
    );

    requires('moto').it('credentials of another account write nothing', async () => {
      const aws = await open();
      const theirs = { ...aws, place: { ...aws.place, account: '999999999999' } };
      await expect(ensureAwsSecrets(theirs)).rejects.toMatchObject({ code: 'CLIENT_AWS_WRONG_ACCOUNT' });
      expect(await client.list('')).toEqual([]);
    });
  });
});
