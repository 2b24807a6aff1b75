/**
 * Which nodes run with something else than the bucket has for them, and which files: digests say that something differs, the node itself says with what each
 * service was started (readings.ts), and the bucket has the files of now.
 */
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster, Group, Id, Node } from '../../cluster/model.ts';
import { unknownDifference } from '../../cluster/readings.ts';
import { renderNode } from '../../cluster/render.ts';
import { nodeFileKey } from '../../contracts/aws-names.ts';
import { serviceUnitFile } from '../../provision/unit.ts';
import type { ServiceDifference } from '../driver.ts';
import type { Machines } from './machines.ts';
import type { NodeLook, WantedList } from './node-look.ts';
import type { NodeReport } from './node-report.ts';
import { differenceSince, parseReadings, readingsScript, type ServiceRead } from './readings.ts';

export interface ComparedNodes {
  readonly cluster: Cluster;
  readonly addressing: Addressing;
  readonly machines: Pick<Machines, 'runWhereReachable'>;
  readonly objects: Pick<ObjectsClient, 'read'>;
  readonly look: NodeLook;
}

interface Compared {
  readonly group: Group;
  readonly node: Node;
  readonly report: NodeReport;
  readonly wanted: WantedList;
  /** Services that run with something else. */
  readonly outdated: readonly Id[];
}

const answerMs = 60_000;

/** Of `nodes` that answer. A node that is behind in files which none of its services acts on says so with a difference that has no files. */
export async function findDifferences(
  compared: ComparedNodes,
  nodes: ReadonlySet<Id>,
): Promise<readonly ServiceDifference[]> {
  const all = await compareNodes(compared, nodes);
  const outdated = all.filter((each) => each.outdated.length > 0);
  const paths = new Map(
    outdated.flatMap(({ node, outdated: services }) =>
      services.map((service) => [service, pathsOf(compared.addressing, node, service)] as const),
    ),
  );
  const outcomes =
    outdated.length === 0
      ? new Map<Id, never>()
      : await compared.machines.runWhereReachable(
          outdated.map(({ node }) => node.id),
          readingsScript(paths),
          { what: 'what services run with', timeoutMs: answerMs },
        );
  const found = await Promise.all(
    all.map((each) =>
      each.outdated.length > 0
        ? differencesOf(compared, each, parseReadings(outcomes.get(each.node.id)?.output ?? ''))
        : behind(each),
    ),
  );
  return found.flat();
}

async function compareNodes({ cluster, look }: ComparedNodes, nodes: ReadonlySet<Id>): Promise<readonly Compared[]> {
  const reports = await look.reports([...nodes]);
  const found = await Promise.all(
    cluster.groups.flatMap((group) =>
      group.nodes.map(async (node): Promise<readonly Compared[]> => {
        const report = reports.get(node.id);
        const wanted = report === undefined ? undefined : await look.wanted(node.id);
        if (report === undefined || wanted === undefined) return [];
        const digests = new Map(wanted.services.map(({ service, digest }) => [service, digest]));
        const outdated = report.services.filter(
          ({ service, running }) => running !== null && digests.has(service) && running !== digests.get(service),
        );
        return [{ group, node, report, wanted, outdated: outdated.map(({ service }) => service) }];
      }),
    ),
  );
  return found.flat();
}

function pathsOf(addressing: Addressing, node: Node, service: Id): readonly string[] {
  return [addressing.path(node, service, { kind: 'configuration' }), serviceUnitFile(service)];
}

async function differencesOf(
  { cluster, addressing, objects }: ComparedNodes,
  { group, node, report, wanted, outdated }: Compared,
  readings: ReadonlyMap<string, ServiceRead>,
): Promise<readonly ServiceDifference[]> {
  const hashes = new Map(wanted.files.map(({ path, sha256 }) => [path, sha256]));
  const all = renderNode(cluster, group, node, addressing);
  return await Promise.all(
    outdated.map(async (service): Promise<ServiceDifference> => {
      const ref = { node: node.id, service };
      const ran = readings.get(service);
      const rendered = all.find((each) => each.service === service);
      const running = report.services.find((each) => each.service === service)?.running;
      // Started anew meanwhile, or by a script of before, which kept nothing.
      if (ran === undefined || rendered === undefined || ran.digest !== running)
        return { ...ref, ...unknownDifference };
      const path = serviceUnitFile(service);
      const text = (await objects.read(nodeFileKey(node.id, path))) ?? '';
      return { ...ref, ...differenceSince(ran, { rendered, hashes, unit: { path, text } }) };
    }),
  );
}

/** Its machine's files, or its jobs': whoever rolls has the node fetch them, and restarts nothing. */
function behind({ node, report, wanted }: Compared): readonly ServiceDifference[] {
  const service = report.services.find(({ running }) => running !== null)?.service;
  if (report.list === wanted.sha256 || service === undefined) return [];
  return [{ node: node.id, service, known: true, command: false, files: [] }];
}
