/** What EC2's API says was launched, booted here. */

import type { RehearsalStep } from '../rehearsal.ts';
import { rehearsedWorld } from '../world.ts';

export const machinesStep: RehearsalStep = {
  id: 'machines',
  title: 'Machines',
  async run({ aws, chosen, image, hosted: { hosts }, notRehearsed }, report, signal) {
    const fetching = { onProgress: report, signal };
    const { world, ...secrets } = await rehearsedWorld(aws, chosen, image, hosts.layout, fetching);
    await hosts.up(world, { ...secrets, signal, onProgress: report });
    if (world.store !== undefined) notRehearsed.push({ what: 'MongoDB as a replica set', why: world.store.says });
    return `${world.hosts.length} run`;
  },
};
