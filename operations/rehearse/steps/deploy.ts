/** From an empty account to what staging's operator has after the first deployment: each of its commands, in the order of docs/aws.md. */

import type { StackPart } from '../../../contracts/aws-names.ts';
import { beside } from '../../../platform/beside.ts';
import { applyBootstrap, planBootstrap } from '../../aws/bootstrap.ts';
import { ensureAwsSecrets } from '../../aws/ensure-secrets.ts';
import { buildProjectArchives } from '../../node-archives.ts';
import type { RehearsalStep } from '../rehearsal.ts';

const bucket: RehearsalStep = {
  id: 'bootstrap',
  title: 'The bucket for Terraform’s state',
  async run({ aws: { place } }) {
    const { made } = await applyBootstrap(place, await planBootstrap(place), { mend: false });
    return made ? 'made' : 'there';
  },
};

const archives: RehearsalStep = {
  id: 'archives',
  title: 'Archives of nodes',
  async run({ aws: { environment }, options }, report, signal) {
    const built: string[] = [];
    const { archives: all } = await buildProjectArchives(
      {
        environment: environment.file,
        environmentsDirectory: options.environmentsDirectory,
        projectFolder: options.projectFolder,
        onProgress: report,
        signal,
      },
      ({ name }) => built.push(name),
    );
    return `${all.length}, ${built.length === 0 ? 'all there' : `of which were made: ${built.join(', ')}`}`;
  },
};

const synthesis: RehearsalStep = {
  id: 'synth',
  title: 'Stacks, synthesized',
  async run({ aws: { environment }, stacks }, report, signal) {
    await stacks.synthesize(environment.file, { signal, onProgress: report });
    return 'three, valid to Terraform';
  },
};

const secrets: RehearsalStep = {
  id: 'secrets',
  title: 'Secrets',
  async run({ aws }) {
    const { issued, readers } = await ensureAwsSecrets(aws);
    return `${issued.length} certificates issued, ${readers} readers`;
  },
};

/** Stacks that need nothing of each other are applied beside each other: nearly all of the time is waiting. */
function applied(parts: readonly StackPart[]): RehearsalStep {
  return {
    id: parts.join('-and-'),
    title: `terraform apply of ${parts.join(' and ')}`,
    async run({ stacks }, report, signal) {
      const changes = await beside(parts, { signal }, async (part, either) => {
        const planned = await stacks.plan(part, { signal: either, onProgress: report });
        await stacks.apply(part, { signal: either, onProgress: report });
        return planned;
      });
      const all = changes.flat();
      const created = all.filter(({ kind }) => kind === 'create').length;
      return `${created} resources made${all.length === created ? '' : `, ${all.length - created} changed`}`;
    },
  };
}

export const deploySteps: readonly RehearsalStep[] = [
  bucket,
  archives,
  synthesis,
  applied(['foundation']),
  secrets,
  applied(['data', 'edge']),
];
