/**
 * A balancer as the driver of processes runs it: the files of an environment with real certificates in a folder of its own, on a subnet that no
 * other test uses. The nodes behind it are the test's.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Addressing, localAddressing } from '../../cluster/addressing.ts';
import { parseEnvironment } from '../../cluster/load.ts';
import type { Cluster } from '../../cluster/model.ts';
import { allNodes, resolveCluster } from '../../cluster/resolve.ts';
import type { Driver, ServiceRef } from '../../drivers/driver.ts';
import { processDriver } from '../../drivers/processes/process-driver.ts';
import type { Runtimes } from '../../drivers/processes/program-command.ts';
import { ensureCertificates } from '../../operations/certificates.ts';
import type { SecretStore } from '../../secrets/store.ts';
import { type Balanced, balancedEnvironment } from '../cluster/balanced-environment.ts';
import { memoryStore } from '../secrets/memory-store.ts';

export const balancer: ServiceRef = { node: 'balancer-1', service: 'haproxy' };

export interface BalancerFixture {
  readonly stateDirectory: string;
  readonly secrets: SecretStore;
  /** The environment as it was written last. */
  readonly cluster: () => Cluster;
  readonly addressing: () => Addressing;
  readonly driver: () => Driver;
  /** Another environment in the place of the one before: certificates, a driver that knows it, and the balancer's files. */
  change(balanced: Balanced): Promise<void>;
  /** Stops the balancer and removes the folder. */
  dispose(): Promise<void>;
}

/** `subnet` is the third number of 127.0.x.0/24. */
export async function balancerFixture(
  subnet: number,
  balanced: Balanced,
  amend: (cluster: Cluster) => Cluster = (cluster) => cluster,
): Promise<BalancerFixture> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'ensemble-balancer-'));
  const secrets = memoryStore();
  const open = async (changed: Balanced) => {
    const text = balancedEnvironment({ subnet: `127.0.${subnet}.0/24`, ...changed });
    const cluster = amend(resolveCluster(parseEnvironment({ file: 'balanced.yaml', text })));
    const addressing = localAddressing(cluster, { kind: 'loopback' }, stateDirectory);
    await ensureCertificates({ environment: { cluster }, addressing, secrets });
    const driver = processDriver({
      cluster,
      addressing,
      stateDirectory,
      runtimes: (async () => ({ kind: 'native', executable: 'haproxy' })) as unknown as Runtimes,
      resolveLate: async (_node, late) => {
        if (!('secret' in late)) throw new TypeError('only secrets are late here');
        return (await secrets.read(late.secret))?.toString('utf8') ?? '';
      },
    });
    for (const node of allNodes(cluster)) if (node.role === 'balancer') await driver.install(node.id);
    return { cluster, addressing, driver };
  };
  let opened = await open(balanced);
  return {
    stateDirectory,
    secrets,
    cluster: () => opened.cluster,
    addressing: () => opened.addressing,
    driver: () => opened.driver,
    async change(changed) {
      opened = await open(changed);
    },
    async dispose() {
      await opened.driver.stop(balancer, { timeoutMs: 0 });
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}

/** Where clients reach it, and whom they trust. */
export async function targetOf({ cluster, addressing, secrets }: BalancerFixture) {
  const node = allNodes(cluster()).find(({ id }) => id === balancer.node);
  if (node === undefined) throw new Error('the environment has no balancer');
  const ca = (await secrets.read('tls/ca.pem'))?.toString('utf8') ?? '';
  return { host: addressing().host(node), port: addressing().port(node, 'haproxy', 'api'), ca };
}
