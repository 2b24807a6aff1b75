/** What the process driver runs: each service of each node with its files, as rendered for this machine, and where it listens. */
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster, Id, Node } from '../../cluster/model.ts';
import { type RenderedService, renderNode } from '../../cluster/render.ts';
import { serviceTable } from '../../cluster/services/table.ts';
import type { ServiceRef } from '../driver.ts';

export interface Unit {
  readonly ref: ServiceRef;
  readonly node: Node;
  readonly role: Id;
  readonly rendered: RenderedService;
  /** host:port that others connect to, in the order of its listeners. */
  readonly addresses: readonly string[];
  /** The same as it binds them. */
  readonly binds: readonly string[];
}

export function keyOf({ node, service }: ServiceRef): string {
  return `${node}/${service}`;
}

/** By keyOf. */
export function unitsOf(cluster: Cluster, addressing: Addressing): ReadonlyMap<string, Unit> {
  const units = cluster.groups.flatMap((group) =>
    group.nodes.flatMap((node) =>
      renderNode(cluster, group, node, addressing).map((rendered): Unit => {
        const { service } = rendered;
        const at = (host: string) =>
          (serviceTable.get(service)?.listeners ?? []).map(
            ({ name }) => `${host}:${addressing.port(node, service, name)}`,
          );
        return {
          ref: { node: node.id, service },
          node,
          role: group.role,
          rendered,
          addresses: at(addressing.host(node)),
          binds: at(addressing.bind(node)),
        };
      }),
    ),
  );
  return new Map(units.map((unit) => [keyOf(unit.ref), unit]));
}
