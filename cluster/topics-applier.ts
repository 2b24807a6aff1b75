/**
 * The function that plans and applies topics inside a private network, as the model sees it: no node, but it has a name, a certificate and a secret like
 * one, and reaches brokers by the listener that lets `applier` in. What its target makes of it is the target's business.
 */
import { topicsApplierSecrets } from '../contracts/topics-applier-environment.ts';
import type { Addressing } from './addressing.ts';
import type { Cluster } from './model.ts';
import { bootstrapNodes } from './services/kafka/bootstrap.ts';
import { serviceTable } from './services/table.ts';

/** Its id among the nodes' ids, for secrets and certificates. */
const topicsApplierId = 'topics-applier';

/** The certificate that it shows brokers. @internal */
export function topicsApplierCertificate({ domain }: Cluster): {
  readonly id: string;
  readonly commonName: string;
  readonly hosts: readonly string[];
} {
  return { id: topicsApplierId, commonName: topicsApplierId, hosts: [`${topicsApplierId}.${domain}`] };
}

/** Ids of the secrets that its own secret is filled with. @internal */
export const topicsApplierSecretIds: readonly string[] = Object.values(topicsApplierSecrets);

/**
 * Its environment variables (contracts/topics-applier-environment.ts). `secret` is the name of its secret at the target. @internal
 */
export function topicsApplierVariables(
  cluster: Cluster,
  addressing: Addressing,
  secret: string,
): Readonly<Record<'ENSEMBLE_ENVIRONMENT' | 'ENSEMBLE_BOOTSTRAP' | 'ENSEMBLE_SECRET', string>> {
  const addresses = bootstrapNodes(cluster).map(
    (node) => `${addressing.host(node)}:${addressing.port(node, kafka, listener())}`,
  );
  return {
    ENSEMBLE_ENVIRONMENT: cluster.environment,
    ENSEMBLE_BOOTSTRAP: addresses.join(','),
    ENSEMBLE_SECRET: secret,
  };
}

const kafka = 'kafka';

function listener(): string {
  const found = serviceTable.get(kafka)?.listeners.find(({ from }) => from.includes('applier'));
  if (found === undefined) throw new TypeError(`no listener of ${kafka} lets the applier in`);
  return found.name;
}
