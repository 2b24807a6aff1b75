/** The operator's secrets on AWS, against a local one (moto): the store keeps what SecretStore promises, and a refusal is said in our words. */
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { assertAccount } from '../../clients/aws/account.ts';
import { openSecrets, type SecretsClient } from '../../clients/aws/secrets.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { awsStore } from '../../secrets/aws-store.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import type { SecretStore } from '../../secrets/store.ts';
import { requires } from '../requirements.ts';
import { type MotoServer, motoAccount, startMoto } from './moto-server.ts';

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
});
