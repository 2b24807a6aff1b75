/** How an environment's nodes are looked at: what each says of itself, and what the bucket has for it. */
import { createHash } from 'node:crypto';
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import type { Id } from '../../cluster/model.ts';
import { nodeListKey } from '../../contracts/aws-names.ts';
import { type NodeList, parseNodeList } from '../../contracts/node-list.ts';
import { objectsMissing } from './errors.ts';
import type { Machines } from './machines.ts';
import { type NodeReport, parseNodeReport } from './node-report.ts';
import { reportScript } from './scripts.ts';

export interface WantedList extends NodeList {
  /** Of its text, as reports have it. */
  readonly sha256: string;
}

export interface NodeLook {
  /** Of nodes whose agent answers. `patienceSeconds`: how long each waits for its services to answer. */
  reports(nodes: readonly Id[], patienceSeconds?: number): Promise<ReadonlyMap<Id, NodeReport>>;
  /** What the bucket says that a node is to become; undefined where it has no list. Throws NODE_LIST_UNREADABLE. */
  wanted(node: Id): Promise<WantedList | undefined>;
}

const answerMs = 60_000;

/**
 * What a node would look for in vain, before anything on it is touched: files whose object is another one (an apply was cut off between the two), and
 * archives. Throws DRIVER_OBJECTS_MISSING.
 */
export async function assertObjectsThere(
  node: Id,
  list: WantedList | undefined,
  objects: Pick<ObjectsClient, 'read' | 'exists'>,
): Promise<void> {
  if (list === undefined) throw objectsMissing(node, [nodeListKey(node)]);
  const missing = await Promise.all([
    ...list.files.map(async ({ key, sha256 }) => (hashOf((await objects.read(key)) ?? '') === sha256 ? [] : [key])),
    ...list.archives.map(async ({ key }) => ((await objects.exists(key)) ? [] : [key])),
  ]);
  if (missing.flat().length > 0) throw objectsMissing(node, missing.flat().sort());
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function nodeLook(machines: Machines, objects: Pick<ObjectsClient, 'read'>): NodeLook {
  return {
    async reports(nodes, patienceSeconds = 0) {
      const outcomes = await machines.runWhereReachable(nodes, reportScript(patienceSeconds), {
        what: 'report',
        timeoutMs: answerMs + patienceSeconds * 1000,
      });
      const found = [...outcomes].flatMap(([node, { output }]) => {
        const report = parseNodeReport(output);
        return report === undefined ? [] : [[node, report] as const];
      });
      return new Map(found);
    },
    async wanted(node) {
      const text = await objects.read(nodeListKey(node));
      if (text === undefined) return undefined;
      return { ...parseNodeList(text), sha256: hashOf(text) };
    },
  };
}
