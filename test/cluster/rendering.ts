/** Rendered files as tests read them: `worker-1/server.properties` -> text, with late values shown as `{{secret ...}}`. */
import { type Addressing, localAddressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';
import { type RenderedFile, renderNode } from '../../cluster/render.ts';

export const loopback = (cluster: Cluster, state = '/state'): Addressing =>
  localAddressing(cluster, { kind: 'loopback' }, state);

export interface NodeFile extends RenderedFile {
  readonly node: string;
  readonly service: string;
  readonly name: string;
}

export function renderAll(cluster: Cluster, addressing: Addressing = loopback(cluster)): readonly NodeFile[] {
  return cluster.groups.flatMap((group) =>
    group.nodes.flatMap((node) =>
      renderNode(cluster, group, node, addressing).flatMap(({ service, files }) =>
        files.map((file) => ({ ...file, node: node.id, service, name: file.path.split('/').at(-1) ?? '' })),
      ),
    ),
  );
}

export function filesOf(cluster: Cluster, addressing?: Addressing): Readonly<Record<string, string>> {
  return Object.fromEntries(renderAll(cluster, addressing).map((file) => [`${file.node}/${file.name}`, textOf(file)]));
}

/** `api-1/auth/config.json` -> text: for nodes of several systems, which may have files of the same name. */
export function filesByService(cluster: Cluster, addressing: Addressing): Readonly<Record<string, string>> {
  const all = renderAll(cluster, addressing);
  return Object.fromEntries(all.map((file) => [`${file.node}/${file.service}/${file.name}`, textOf(file)]));
}

export function textOf({ text }: RenderedFile): string {
  return text.map((part) => (typeof part === 'string' ? part : `{{${JSON.stringify(part)}}}`)).join('');
}
