/**
 * What each node of a deployment may read of the environment's secrets: exactly those that its files name, and the topics applier, which is no node, its
 * own two. Pure.
 */
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster, Id } from '../../cluster/model.ts';
import { renderNode } from '../../cluster/render.ts';
import { topicsApplierCertificate, topicsApplierSecretIds } from '../../cluster/topics-applier.ts';

/** Ids of secrets by who may read them, sorted. */
export function secretsByReader(cluster: Cluster, addressing: Addressing): ReadonlyMap<Id, readonly string[]> {
  const ofNodes = cluster.groups.flatMap((group) =>
    group.nodes.map((node): [Id, readonly string[]] => {
      const texts = renderNode(cluster, group, node, addressing).flatMap(({ files }) => files.map(({ text }) => text));
      const ids = texts.flat().flatMap((part) => (typeof part !== 'string' && 'secret' in part ? [part.secret] : []));
      return [node.id, [...new Set(ids)].sort()];
    }),
  );
  return new Map([...ofNodes, [topicsApplierCertificate(cluster).id, [...topicsApplierSecretIds].sort()]]);
}

/** What stands in a reader's secret: JSON, its ids in their order, so that the same secrets are the same text. */
export function readerSecret(ids: readonly string[], values: ReadonlyMap<string, string>): string {
  const entries = ids.map((id) => {
    const text = values.get(id);
    if (text === undefined) throw new TypeError(`the secret ${id} was not made before it was asked for`);
    return [id, text];
  });
  return JSON.stringify(Object.fromEntries(entries));
}
