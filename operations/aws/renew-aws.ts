/**
 * New certificates for every node on AWS: issued into the operator's store, given to each node's secret, filled in on the node, and read by each service that
 * can do so while it runs. A service that cannot takes them at its next start: `ensemble roll` does that, one node at a time.
 */
import { serviceTable } from '../../cluster/services/table.ts';
import type { ServiceRef } from '../../drivers/driver.ts';
import type { RenewReport } from '../renew.ts';
import { ensureAwsSecrets } from './ensure-secrets.ts';
import type { OperatedAws } from './operated.ts';

export interface RenewAwsOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** What the listeners show is not looked at: they are in a private network. @throws as ensureAwsSecrets; EnsembleError DRIVER_... */
export async function renewOnAws(operated: OperatedAws, { signal, onProgress }: RenewAwsOptions): Promise<RenewReport> {
  const { driver, environment } = operated;
  const { cluster } = environment;
  // Before anything is issued: what a node cannot be given now, it would start with later, unasked.
  await driver.preflight(
    cluster.groups.flatMap(({ nodes, services }) =>
      nodes.flatMap(({ id }) => services.map((service) => ({ node: id, service }))),
    ),
  );
  const secrets = await ensureAwsSecrets(operated, { renew: true });
  onProgress?.(`${secrets.issued.length} certificates issued`);
  const restartNeeded: ServiceRef[] = [];
  for (const group of cluster.groups) {
    for (const node of group.nodes) {
      signal.throwIfAborted();
      await driver.install(node.id);
      for (const service of group.services.filter(showsCertificate)) {
        const ref = { node: node.id, service };
        if (!(await driver.reload(ref))) restartNeeded.push(ref);
      }
      onProgress?.(`${node.id} has its new certificate`);
    }
  }
  const certificates = secrets.issued.map(({ id, expiresAt }) => ({ id, expiresAt }));
  return { environment: cluster.environment, certificates, listeners: [], restartNeeded };
}

function showsCertificate(service: string): boolean {
  return serviceTable.get(service)?.listeners.some(({ transport }) => transport === 'tls') === true;
}
