/** The environment's topics, made by the entry that runs after a deployment, from inside the network. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrapServers } from '../../../cluster/bootstrap.ts';
import { outcomeOf } from '../../../drivers/hosts/run-command.ts';
import { seated } from '../../../drivers/hosts/seat.ts';
import { installationRoot } from '../../../platform/installation-root.ts';
import { entryFailed } from '../errors.ts';
import type { RehearsalStep } from '../rehearsal.ts';

export const topicsStep: RehearsalStep = {
  id: 'topics',
  title: 'Topics, by the post-deploy entry',
  async run({ aws: { environment, addressing }, hosted: { hosts }, options: { timeoutMs } }, _, signal) {
    const bootstrap = bootstrapServers(environment.cluster, addressing).join(',');
    const root = installationRoot();
    const loader = pathToFileURL(createRequire(join(root, 'package.json')).resolve('tsx')).href;
    const script = join(root, 'scripts', 'create-topics.ts');
    const entry = ['--import', loader, script, '-e', environment.file, '--bootstrap', bootstrap];
    const [program = '', ...args] = await seated(hosts.layout, [process.execPath, ...entry]);
    const { status, output, errors } = await outcomeOf(program, args, { timeoutMs, signal });
    if (status !== 0) throw entryFailed(`${output}\n${errors}`.trim().split('\n').slice(-20));
    return output.trim().split('\n').at(-1) ?? '';
  },
};
