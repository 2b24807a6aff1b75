/** The end of an environment: refused while it is protected, and whole once it is not. */

import { openInstances } from '../../../clients/aws/instances.ts';
import { readLaunches } from '../../../clients/aws/launches.ts';
import { stackParts, tags } from '../../../contracts/aws-names.ts';
import { beside } from '../../../platform/beside.ts';
import { changeEnvironment } from '../changed-environment.ts';
import { notAsMeant, notRefused } from '../errors.ts';
import type { Rehearsal, RehearsalStep } from '../rehearsal.ts';

export const protectedStep: RehearsalStep = {
  id: 'protected',
  title: 'Destroying, refused while it is protected',
  async run(rehearsal, report, signal) {
    const { stacks, aws } = rehearsal;
    if (!aws.environment.cluster.protect) {
      const why = 'the environment’s file lifts its protection itself';
      rehearsal.notRehearsed.push({ what: 'the refusal to destroy', why });
      return why;
    }
    report('planning the end of each stack');
    await beside(stackParts, { signal }, async (part, either) => {
      const said = await stacks.refused(part, { signal: either }, ['-destroy']);
      if (!said.includes('prevent_destroy')) throw notRefused(`destroying ${part}, for its protection,`);
    });
    return 'by each of the three stacks: prevent_destroy';
  },
};

export const destroyStep: RehearsalStep = {
  id: 'destroy',
  title: 'Destroyed',
  async run(rehearsal, report, signal) {
    await changeEnvironment(rehearsal, (file) => file.set('protect', false));
    const { stacks, aws } = rehearsal;
    const working = { signal, onProgress: report };
    await stacks.synthesize(aws.environment.file, working);
    await beside(stackParts, { signal }, async (part, either) => {
      const options = { ...working, signal: either };
      const changes = await stacks.plan(part, options, ['-refresh=false']);
      const others = changes.filter(({ kind }) => kind !== 'update');
      if (others.length > 0)
        throw notAsMeant(
          'lifting the protection is to make and end nothing',
          others.map(({ kind, address }) => `${kind} ${address}`),
        );
      await stacks.apply(part, options);
    });
    await beside(['data', 'edge'] as const, { signal }, (part, either) =>
      stacks.destroy(part, { ...working, signal: either }),
    );
    await stacks.destroy('foundation', working);
    const left = await leftOnAws(rehearsal);
    if (left.length > 0) throw notAsMeant('something of the environment is still on AWS', left);
    return 'three stacks; no machine and no volume of the environment is on AWS';
  },
};

async function leftOnAws({ aws: { place } }: Rehearsal): Promise<readonly string[]> {
  const region = { region: place.region };
  const wanted = { [tags.environment]: place.environment };
  const instances = await openInstances(region);
  try {
    const volumes = await instances.volumes(wanted);
    return [
      ...(await readLaunches(region, wanted)).map(({ instance }) => instance),
      ...volumes.filter((volume) => volume.tags[tags.volume] !== undefined).map(({ id }) => id),
    ];
  } finally {
    instances.close();
  }
}
