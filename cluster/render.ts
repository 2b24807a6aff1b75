/** Every file and process of a node, with absolute paths, for one way of addressing. The same lines for every target. */
import type { LateText } from '../contracts/late.ts';
import type { Addressing } from './addressing.ts';
import type { Cluster, Group, Id, Node, ServiceProcess } from './model.ts';
import type { Service, Site } from './services/service.ts';
import { serviceTable } from './services/table.ts';

export interface RenderedFile {
  /** Absolute. */
  readonly path: string;
  readonly mode: number;
  /** As in ServiceFile. */
  readonly forJobs?: true;
  /** As in ServiceFile. */
  readonly reloaded?: true | readonly string[];
  readonly text: LateText;
}

export interface RenderedService {
  readonly service: Id;
  readonly files: readonly RenderedFile[];
  /** Absolute folders on the node's volumes, which are made once. */
  readonly folders: readonly string[];
  readonly process: ServiceProcess;
}

/** In the order in which the services start on the node. */
export function renderNode(
  cluster: Cluster,
  group: Group,
  node: Node,
  addressing: Addressing,
): readonly RenderedService[] {
  return group.services.map((id) => {
    const service = knownService(id);
    const site: Site<unknown> = { cluster, group, node, settings: group.settings[id], addressing };
    const files = service.files(site).map(({ place, path, mode = 0o644, forJobs, reloaded, text }) => ({
      path: `${addressing.path(node, id, place)}/${path}`,
      mode,
      ...(forJobs === undefined ? {} : { forJobs }),
      ...(reloaded === undefined ? {} : { reloaded }),
      text,
    }));
    const volumes = node.volumes.map(({ name }) => addressing.path(node, id, { kind: 'volume', volume: name }));
    const folders = volumes.flatMap((volume) => [
      volume,
      ...service.volumeFolders.map((folder) => `${volume}/${folder}`),
    ]);
    return { service: id, files, folders, process: service.process(site) };
  });
}

function knownService(id: Id): Service {
  const service = serviceTable.get(id);
  if (service === undefined) throw new TypeError(`no service ${id} in the table`);
  return service;
}
