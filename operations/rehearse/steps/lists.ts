/** Which nodes' machines boot: each has its list in the bucket, and all that it names is to be had. Those that are left out are said to be. */
import type { ObjectsClient } from '../../../clients/aws/objects.ts';
import { nodeListKey } from '../../../contracts/aws-names.ts';
import { parseNodeList } from '../../../contracts/node-list.ts';
import type { AwsEnvironment } from '../../aws/aws-environment.ts';
import { notAsMeant } from '../errors.ts';
import type { Placed, Rehearsal, RehearsalStep } from '../rehearsal.ts';

export const listsStep: RehearsalStep = {
  id: 'lists',
  title: 'Lists of nodes',
  async run(rehearsal) {
    const placed = await chooseNodes(rehearsal);
    const left = placed.filter((each) => !rehearsal.chosen.includes(each));
    for (const role of new Set(left.map(({ group }) => group.role))) {
      const packages = left.filter(({ group }) => group.role === role).flatMap(({ list }) => list.packages);
      const [needed] = packages;
      rehearsal.notRehearsed.push({
        what: `the nodes of ${role}`,
        why:
          needed === undefined
            ? 'what they need does not run'
            : `${needed.name} is to be had from ${needed.repository} alone, which is not reached from here`,
      });
    }
    return `${rehearsal.chosen.length} nodes of ${placed.length}`;
  },
};

/** Reads every node's list anew, and puts those that can boot into the rehearsal; all of them, also those that cannot. */
export async function chooseNodes(rehearsal: Rehearsal): Promise<readonly Placed[]> {
  const placed = await listsOf(rehearsal.aws, rehearsal.objects);
  rehearsal.chosen = placed.filter(({ list }) => list.packages.length === 0);
  return placed;
}

async function listsOf({ environment }: AwsEnvironment, objects: ObjectsClient): Promise<readonly Placed[]> {
  const all = environment.cluster.groups.flatMap((group) => group.nodes.map((node) => ({ group, node })));
  const placed = await Promise.all(
    all.map(async ({ group, node }) => {
      const text = await objects.read(nodeListKey(node.id));
      return { group, node, list: text === undefined ? undefined : parseNodeList(text) };
    }),
  );
  const without = placed.filter(({ list }) => list === undefined).map(({ node }) => node.id);
  if (without.length > 0) throw notAsMeant(`the bucket has no list for ${without.join(', ')}`, []);
  return placed.flatMap(({ list, ...rest }) => (list === undefined ? [] : [{ ...rest, list }]));
}
