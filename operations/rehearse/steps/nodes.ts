/** Each machine becomes the node that its list says. */
import { awaitNode } from '../../../drivers/hosts/await-node.ts';
import type { RehearsalStep } from '../rehearsal.ts';

export const nodesStep: RehearsalStep = {
  id: 'nodes',
  title: 'Nodes',
  async run({ chosen, hosted: { hosts }, options: { timeoutMs } }, _, signal) {
    await Promise.all(
      chosen.map(async ({ node }) => await awaitNode(await hosts.machine(node.id), { timeoutMs, signal })),
    );
    return 'each is what its list says';
  },
};
