/** Where other services are, for the files of one: host and port of every node that runs them, in the order of the nodes. */
import type { Cluster, Group, Id, Node } from '../model.ts';
import type { Site } from './service.ts';

/** The group that runs a service; undefined where the environment has none. */
export function groupRunning(cluster: Cluster, service: Id): Group | undefined {
  return cluster.groups.find((group) => group.services.includes(service));
}

export function nodesRunning(cluster: Cluster, service: Id): readonly Node[] {
  return groupRunning(cluster, service)?.nodes ?? [];
}

/** `host:port` of a listener on every node that runs the service. */
export function addressesOf(site: Site<unknown>, service: Id, listener: string): readonly string[] {
  const { addressing, cluster } = site;
  return nodesRunning(cluster, service).map(
    (node) => `${addressing.host(node)}:${addressing.port(node, service, listener)}`,
  );
}

/**
 * Under which host a client inside the environment reaches any node of the group that is there: the group's own name, which means all of them, where nodes are
 * reached by names; else the first node's address, since nobody resolves names there. Undefined for a group without nodes.
 */
export function groupHost({ addressing, cluster }: Site<unknown>, { names, nodes }: Group): string | undefined {
  const [first] = nodes;
  if (first === undefined) return undefined;
  const host = addressing.host(first);
  const shared = names.find((name) => name.endsWith(`.${cluster.domain}`));
  return host === nodeName(cluster, first) ? (shared ?? host) : host;
}

/** The name of a node within the environment's domain, which its certificate carries as common name. */
export function nodeName(cluster: Cluster, node: Node): string {
  return `${node.id}.${cluster.domain}`;
}
