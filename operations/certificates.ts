/** The certificates and secrets of a deployment's nodes, and its operator's: made where they are missing, issued again where they no longer fit. */
import { renderNode } from '../cluster/render.ts';
import { allNodes } from '../cluster/resolve.ts';
import { nodeName } from '../cluster/services/peers.ts';
import { ensureAuthority } from '../secrets/authority.ts';
import { type Certificate, ensureCertificate } from '../secrets/certificate.ts';
import { ensureSecret } from '../secrets/tokens.ts';
import type { Deployment } from './deployment.ts';

/** Every node's and the operator's; with `renew`, new ones for all. @throws EnsembleError SECRETS_... */
export async function ensureCertificates(
  { environment, addressing, secrets }: Deployment,
  { renew = false }: { readonly renew?: boolean } = {},
): Promise<readonly Certificate[]> {
  const { cluster } = environment;
  const authority = await ensureAuthority(secrets, cluster.environment);
  const certificates: Certificate[] = [];
  for (const group of cluster.groups) {
    for (const node of group.nodes) {
      const commonName = nodeName(cluster, node);
      const hosts = [commonName, addressing.host(node), 'localhost', ...group.names];
      certificates.push(await ensureCertificate(secrets, authority, { id: node.id, commonName, hosts, renew }));
    }
  }
  const hosts = [`operator.${cluster.domain}`];
  certificates.push(
    await ensureCertificate(secrets, authority, { id: 'operator', commonName: 'operator', hosts, renew }),
  );
  return certificates;
}

/** Tokens, passwords and key files that the services' files ask for. */
export async function ensureSecrets({ environment, addressing, secrets }: Deployment): Promise<void> {
  const { cluster } = environment;
  const specs = cluster.groups.flatMap((group) =>
    group.nodes.flatMap((node) =>
      renderNode(cluster, group, node, addressing).flatMap(({ process }) => process.secrets ?? []),
    ),
  );
  for (const spec of new Map(specs.map((each) => [each.id, each])).values()) await ensureSecret(secrets, spec);
}

/** Writes every node's files. */
export async function installNodes({ environment, driver }: Deployment): Promise<number> {
  const nodes = allNodes(environment.cluster);
  for (const node of nodes) await driver.install(node.id);
  return nodes.length;
}
