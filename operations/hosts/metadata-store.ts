/**
 * What serves in the place of metadata nodes that cannot boot here: one server of MongoDB's protocol behind a front at their addresses and names, with their
 * certificates and the environment's own users (docs/decisions/0046). It is said wherever its work shows.
 */
import { delimiter, join } from 'node:path';
import { type EnsureArtifactOptions, ensureArtifact } from '../../artifacts/ensure-artifact.ts';
import { findJava } from '../../artifacts/find-java.ts';
import { cloudAddress } from '../../cluster/address-plan.ts';
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster, Node } from '../../cluster/model.ts';
import { applicationPassword, applicationUser } from '../../cluster/services/mongodb/connection.ts';
import { adminPassword } from '../../cluster/services/mongodb/process.ts';
import { nodesRunning } from '../../cluster/services/peers.ts';
import type { StoreSecrets } from '../../drivers/hosts/cloud/store-secrets.ts';
import type { HostsWorld } from '../../drivers/hosts/host-spec.ts';
import type { HostsLayout } from '../../drivers/hosts/layout.ts';
import type { SecretStore } from '../../secrets/store.ts';
import { storeSecretMissing } from './errors.ts';

export interface StandInStore {
  readonly store: NonNullable<HostsWorld['store']>;
  readonly secrets: StoreSecrets;
}

export interface StandInStoreOptions extends Pick<EnsureArtifactOptions, 'onProgress' | 'signal'> {
  readonly cluster: Cluster;
  readonly addressing: Addressing;
  /** Nodes whose machines boot: with theirs among them, nothing stands in. */
  readonly booted: readonly Node[];
  readonly layout: HostsLayout;
  /** The operator's: the nodes' certificates and the users' passwords are among them. */
  readonly secrets: Pick<SecretStore, 'read'>;
}

/** In every place that shows a result of it. */
const standInWords =
  'a stand-in serves at the addresses and names of the metadata nodes: one server behind a front that greets as a replica set, with TLS and the environment’s users; no MongoDB, no second copy, no election, no roles of users';

/** Undefined for an environment without metadata nodes, or where they boot. @throws EnsembleError OPERATIONS_HOSTS_SECRET_MISSING, and what fetching the server throws */
export async function standInStore({
  cluster,
  addressing,
  booted,
  layout,
  secrets,
  ...fetching
}: StandInStoreOptions): Promise<StandInStore | undefined> {
  const nodes = nodesRunning(cluster, 'mongodb');
  const [first] = nodes;
  if (first === undefined || nodes.some(({ id }) => booted.some((node) => node.id === id))) return undefined;
  const secret = async (id: string) => {
    const bytes = await secrets.read(id);
    if (bytes === undefined) throw storeSecretMissing(cluster.environment, id);
    return bytes.toString('utf8');
  };
  const port = addressing.port(first, 'mongodb', 'server');
  const [java, { classpath }] = [await findJava(), await ensureArtifact('mongodb-stand-in', fetching)];
  // Nobody but the front reaches it: the loopback interface of the machines' own network.
  const backend = { host: '127.0.0.1', port };
  const flags = ['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classpath.join(delimiter)];
  const file = join(layout.cloud.storeFolder, 'store');
  const certificates = nodes.map(
    async (node) =>
      [
        node.id,
        { certificatePem: await secret(`tls/${node.id}.pem`), keyPem: await secret(`tls/${node.id}.key.pem`) },
      ] as const,
  );
  return {
    store: {
      says: standInWords,
      set: cluster.environment,
      port,
      members: nodes.map((node) => ({
        node: node.id,
        name: addressing.host(node),
        address: cloudAddress(cluster, node),
      })),
      backend: { ...backend, command: [java.executable, ...flags, 'StandIn', backend.host, `${port}`, file] },
    },
    secrets: {
      certificates: new Map(await Promise.all(certificates)),
      users: new Map([
        [applicationUser, await secret(applicationPassword)],
        ['admin', await secret(adminPassword)],
      ]),
    },
  };
}
