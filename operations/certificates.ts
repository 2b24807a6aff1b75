/** The certificates and secrets of a deployment's nodes, and its operator's: made where they are missing, issued again where they no longer fit. */
import type { Addressing } from '../cluster/addressing.ts';
import type { Cluster, Group, Node } from '../cluster/model.ts';
import { renderNode } from '../cluster/render.ts';
import { allNodes } from '../cluster/resolve.ts';
import { nodeName } from '../cluster/services/peers.ts';
import { serviceTable } from '../cluster/services/table.ts';
import { ensureAuthority } from '../secrets/authority.ts';
import { type Certificate, type CertificateSpec, ensureCertificate } from '../secrets/certificate.ts';
import { ensureSecret } from '../secrets/tokens.ts';
import type { Deployment } from './deployment.ts';

/** What certificates are made from: of the environment, its model alone. */
interface CertificateNeeds extends Pick<Deployment, 'addressing' | 'secrets'> {
  readonly environment: Pick<Deployment['environment'], 'cluster'>;
}

/** Every node's and the operator's, and `also` others; with `renew`, new ones for all. @throws EnsembleError SECRETS_... */
export async function ensureCertificates(
  { environment, addressing, secrets }: CertificateNeeds,
  { renew = false, also = [] }: { readonly renew?: boolean; readonly also?: readonly CertificateSpec[] } = {},
): Promise<readonly Certificate[]> {
  const { cluster } = environment;
  const authority = await ensureAuthority(secrets, cluster.environment);
  const certificates: Certificate[] = [];
  for (const group of cluster.groups) {
    for (const node of group.nodes) {
      const commonName = nodeName(cluster, node);
      const passed = passedNames(cluster, addressing, group);
      const hosts = [...namesOf(cluster, addressing, group, node), 'localhost', ...passed];
      certificates.push(await ensureCertificate(secrets, authority, { id: node.id, commonName, hosts, renew }));
    }
  }
  const operator = { id: 'operator', commonName: 'operator', hosts: [`operator.${cluster.domain}`] };
  for (const spec of [operator, ...also])
    certificates.push(await ensureCertificate(secrets, authority, { ...spec, renew }));
  return certificates;
}

function namesOf(cluster: Cluster, addressing: Addressing, group: Group, node: Node): readonly string[] {
  return [nodeName(cluster, node), addressing.host(node), ...group.names];
}

/** Of the nodes whose listeners pass connections on to a service of this group: its certificate is what their clients see. */
function passedNames(cluster: Cluster, addressing: Addressing, to: Group): readonly string[] {
  return cluster.groups
    .filter(({ services }) => services.some((id) => passesTo(id, to)))
    .flatMap((group) => group.nodes.flatMap((node) => namesOf(cluster, addressing, group, node)));
}

function passesTo(service: string, group: Group): boolean {
  const listeners = serviceTable.get(service)?.listeners ?? [];
  return listeners.some(({ passesTo: next }) => next !== undefined && group.services.includes(next));
}

/** Tokens, passwords and key files that the services' files ask for. */
export async function ensureSecrets({ environment, addressing, secrets }: CertificateNeeds): Promise<void> {
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
