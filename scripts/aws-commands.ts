/** The commands for an environment that is deployed to AWS: how each is called and what it exits with. */
import { type Command, Option } from 'commander';
import { addCommand } from './command-line.ts';

export function addAwsCommands(program: Command): void {
  addCommand(program, 'bootstrap', 'make the bucket with Terraform’s state, once for an account and region', {
    load: async () => (await import('./commands/bootstrap.ts')).bootstrap,
    options: [new Option('--mend', 'change what somebody set otherwise, too')],
    statuses: ['0 it is there, as it must be', '1 an error', '3 it is there, and something is set otherwise'],
  });
  const secrets = program
    .command('secrets')
    .description('secrets of a deployment, and what each node may read of them');
  addCommand(secrets, 'ensure', 'make what is missing, and give each node what its files name', {
    load: async () => (await import('./commands/secrets.ts')).ensure,
    statuses: ['0 everything is there', '1 an error; what was made is kept'],
  });
}
