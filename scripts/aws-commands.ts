/** The commands for an environment that is deployed to AWS: how each is called and what it exits with. */
import { type Command, Option } from 'commander';
import { addCommand, seconds } from './command-line.ts';

export function addAwsCommands(program: Command): void {
  addCommand(program, 'bootstrap', 'make the bucket with Terraform’s state, once for an account and region', {
    load: async () => (await import('./commands/bootstrap.ts')).bootstrap,
    options: [new Option('--mend', 'change what somebody set otherwise, too')],
    statuses: ['0 it is there, as it must be', '1 an error', '3 it is there, and something is set otherwise'],
  });
  addCommand(program, 'diff', 'what deploying would change, stack by stack', {
    load: async () => (await import('./commands/diff.ts')).diff,
    options: [
      new Option('--markdown', 'as Markdown, for a comment on a change'),
      new Option('--plugin-dir <folder>', 'take Terraform’s providers from here').env('TF_PLUGIN_DIR'),
    ],
    statuses: ['0 nothing would change', '1 an error', '2 something would change, or was never applied'],
  });
  addCommand(program, 'retire', 'let a node go that is listed under `retired:`, once the cluster can do without it', {
    load: async () => (await import('./commands/retire.ts')).retire,
    argument: ['<node>', 'a node, such as worker-4'],
    options: [
      new Option('--keep', 'take it back: its volumes are not to be deleted'),
      seconds('--timeout <seconds>', 'after this long a service is ended by force', 60),
    ],
    statuses: ['0 it is out, and its volumes may be deleted', '1 an error', '3 it is needed: the reasons are shown'],
  });
  const secrets = program
    .command('secrets')
    .description('secrets of a deployment, and what each node may read of them');
  addCommand(secrets, 'ensure', 'make what is missing, and give each node what its files name', {
    load: async () => (await import('./commands/secrets.ts')).ensure,
    statuses: ['0 everything is there', '1 an error; what was made is kept'],
  });
}
