/** The root file system that machines start from. */
import { prepareImage } from '../../hosts/hosted.ts';
import type { RehearsalStep } from '../rehearsal.ts';

export const imageStep: RehearsalStep = {
  id: 'image',
  title: 'Image of machines',
  async run(rehearsal) {
    const { folder, madeMs } = await prepareImage(rehearsal.options);
    rehearsal.image = folder;
    return madeMs === undefined ? 'there' : 'made';
  },
};
