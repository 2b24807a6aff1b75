/** Every service of every node serves. */
import { hostsDriver } from '../../hosts/hosted.ts';
import { machinesOf } from '../machines.ts';
import type { RehearsalStep } from '../rehearsal.ts';

export const servicesStep: RehearsalStep = {
  id: 'services',
  title: 'Services',
  async run(rehearsal, _, signal) {
    const { aws, chosen, hosted, objects, options } = rehearsal;
    const { timeoutMs } = options;
    const driver = hostsDriver(aws.environment, hosted.hosts, objects);
    const refs = chosen.flatMap(({ group, node }) => group.services.map((service) => ({ node: node.id, service })));
    await Promise.all(refs.map((ref) => driver.ready(ref, { timeoutMs, signal })));
    rehearsal.machines = await machinesOf(hosted.hosts);
    return `${refs.length} serve`;
  },
};
