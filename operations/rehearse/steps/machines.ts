/** What EC2's API says was launched, booted here. */

import type { RehearsalStep } from '../rehearsal.ts';
import { rehearsedWorld } from '../world.ts';

export const machinesStep: RehearsalStep = {
  id: 'machines',
  title: 'Machines',
  async run({ aws, chosen, image, hosted: { hosts } }, report, signal) {
    const { world, keyPem } = await rehearsedWorld(aws, chosen, image, hosts.layout.folder);
    await hosts.up(world, { keyPem, signal, onProgress: report });
    return `${world.hosts.length} run`;
  },
};
