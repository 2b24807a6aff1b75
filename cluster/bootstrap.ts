/** Where clients of the brokers begin: `host:port` of each, as a deployment's commands and outputs name them. */
import type { Addressing } from './addressing.ts';
import type { Cluster } from './model.ts';

/** In the order of their numbers; brokers that are leaving still serve. */
export function bootstrapServers(cluster: Cluster, addressing: Addressing): readonly string[] {
  return cluster.groups
    .filter((group) => group.services.includes('kafka'))
    .flatMap((group) => group.nodes)
    .map((node) => `${addressing.host(node)}:${addressing.port(node, 'kafka', 'plaintext')}`);
}
