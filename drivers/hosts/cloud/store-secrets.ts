/** What the metadata store's stand-in must know and world.json must not hold: the members' certificates, and what verifies the users' passwords. For root alone. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostsWorld } from '../host-spec.ts';
import type { HostsLayout } from '../layout.ts';
import type { CloudConfig } from './cloud-config.ts';
import { scramCredentials } from './scram.ts';

export interface StoreSecrets {
  /** PEM, of each member by its node. */
  readonly certificates: ReadonlyMap<string, { readonly certificatePem: string; readonly keyPem: string }>;
  /** Passwords by user: they are not kept. */
  readonly users: ReadonlyMap<string, string>;
}

const usersFile = 'users.json';

export async function keepStoreSecrets(
  { cloud: { storeFolder } }: HostsLayout,
  { certificates, users }: StoreSecrets,
): Promise<void> {
  await mkdir(storeFolder, { recursive: true, mode: 0o700 });
  for (const [node, { certificatePem, keyPem }] of certificates) {
    await writeFile(join(storeFolder, `${node}.pem`), certificatePem);
    await writeFile(join(storeFolder, `${node}.key.pem`), keyPem, { mode: 0o600 });
  }
  const credentials = Object.fromEntries([...users].map(([user, password]) => [user, scramCredentials(password)]));
  await writeFile(join(storeFolder, usersFile), JSON.stringify(credentials), { mode: 0o600 });
}

/** As those who run are told: the world's words, and where the files are. */
export function storeConfig(
  { cloud: { storeFolder } }: HostsLayout,
  store: NonNullable<HostsWorld['store']>,
): NonNullable<CloudConfig['store']> {
  return {
    set: store.set,
    port: store.port,
    members: store.members.map(({ node, name, address }) => ({
      name,
      address,
      certificate: join(storeFolder, `${node}.pem`),
      key: join(storeFolder, `${node}.key.pem`),
    })),
    users: join(storeFolder, usersFile),
    backend: store.backend,
  };
}
