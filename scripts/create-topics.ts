/**
 * The entry that a deployment calls at its end: `npm run create-topics -- --environment production`. An environment on AWS is reached through the function
 * inside its network, any other cluster by --bootstrap or --outputs.
 * Waits for the cluster, applies the environment's manifest, verifies, and exits with another status than 0 on any difference.
 */
import { Command, Option } from 'commander';
import { addCommand, byteRate, seconds } from './command-line.ts';

const program = new Command('create-topics').description('the post-deploy entry: see its one command');

addCommand(program, 'run', 'wait for a cluster, make the topics of its manifest, verify', {
  load: async () => (await import('./commands/create-topics.ts')).createTopicsCommand,
  options: [
    new Option('-b, --bootstrap <servers>', 'host:port,host:port of the cluster').conflicts('outputs'),
    new Option(
      '--outputs <file>',
      'the deployment’s outputs (`terraform output -json`, `cdktf deploy --outputs-file`) with its topics applier or bootstrapServers',
    ),
    new Option(
      '-c, --command-config <file>',
      'how a guarded cluster is reached: TLS and SASL, as Kafka’s own tools take it',
    ),
    new Option('-m, --manifest <file>', 'a manifest, instead of the environment’s'),
    new Option('--throttle <rate>', 'bytes a second that each broker may copy while replicas move')
      .default(50_000_000, '50MB')
      .argParser(byteRate),
    seconds('--wait <seconds>', 'for the cluster to be there, and once more for its replicas to be in sync', 300),
  ],
  statuses: [
    '0 every topic is as declared, verified',
    '1 an error, or a difference that is left',
    '3 something is blocked',
    '4 partly applied',
  ],
});

// One command, so that its name need not be typed.
await program.parseAsync([...process.argv.slice(0, 2), 'run', ...process.argv.slice(2)]);
