/** Every service of every node serves. */
import { hostsDriver } from '../../hosts/hosted.ts';
import type { RehearsalStep } from '../rehearsal.ts';

export const servicesStep: RehearsalStep = {
  id: 'services',
  title: 'Services',
  async run({ aws: { environment }, chosen, hosted: { hosts }, objects, options: { timeoutMs } }, _, signal) {
    const driver = hostsDriver(environment, hosts, objects);
    const refs = chosen.flatMap(({ group, node }) => group.services.map((service) => ({ node: node.id, service })));
    await Promise.all(refs.map((ref) => driver.ready(ref, { timeoutMs, signal })));
    return `${refs.length} serve`;
  },
};
