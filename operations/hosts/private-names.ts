/** The names of an environment's private zone and their addresses, as the stacks make them: each node's, and each group's own. Pure. */
import { cloudAddress } from '../../cluster/address-plan.ts';
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';

export function privateNames(cluster: Cluster, addressing: Addressing): Readonly<Record<string, readonly string[]>> {
  const entries = cluster.groups.flatMap(({ names, nodes }) => {
    const addresses = nodes.map((node) => cloudAddress(cluster, node));
    return [
      ...nodes.map((node, index): [string, readonly string[]] => [
        addressing.host(node),
        addresses.slice(index, index + 1),
      ]),
      ...names
        .filter((name) => name.endsWith(`.${cluster.domain}`) && addresses.length > 0)
        .map((name): [string, readonly string[]] => [name, addresses]),
    ];
  });
  return Object.fromEntries(entries);
}
