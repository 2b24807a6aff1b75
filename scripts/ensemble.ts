/**
 * The command line. Names, options and help stand here, so that `--help` loads nothing else; what a command does is loaded when it runs.
 * Exit statuses are those of contracts/error.ts, and each command's help names its own.
 */
import { Command, Option } from 'commander';
import { addAwsCommands } from './aws-commands.ts';
import { addChaosCommands } from './chaos-commands.ts';
import { addCommand, collect, seconds, wholeNumber } from './command-line.ts';
import { addHostsCommands } from './hosts-commands.ts';
import { addTopicsCommands } from './topics-commands.ts';

const program = new Command('ensemble')
  .description(
    'A whole messaging platform from one environment file: brings it up, shows it, changes its topics, takes it down.',
  )
  .version('0.1.0')
  .showSuggestionAfterError()
  .addHelpText(
    'after',
    `
Environments are YAML files; a bare name means a file in environments/. State lies in .ensemble/<environment>/ of the working folder.
First steps: ensemble doctor, ensemble up, ensemble status, ensemble topics plan, ensemble down.`,
  );

addCommand(program, 'up', 'bring the environment up: masters, workers, topics, first messages, the platform on them', {
  load: async () => (await import('./commands/up.ts')).up,
  argument: ['[environment]', 'a file, or a name in environments/ (same as --environment)'],
  options: [
    seconds('--timeout <seconds>', 'how long each phase may take to become ready', 120),
    new Option('--no-messages', 'send no test messages through the monitoring topics'),
  ],
  statuses: [
    '0 everything is up and verified',
    '1 an error; what this run started was stopped',
    '3 the manifest asks for what is blocked',
    '4 topics partly applied',
    '130 interrupted',
  ],
  onInterrupt: 'what this run started was stopped',
});
addCommand(program, 'down', 'stop everything, in the reverse order of its start; data stays', {
  load: async () => (await import('./commands/down.ts')).down,
  argument: ['[environment]', 'a file, or a name in environments/ (same as --environment)'],
  options: [
    seconds('--timeout <seconds>', 'after this long a service is ended by force', 60),
    new Option('--purge', 'remove data, certificates and logs too; asks first'),
    new Option('-y, --yes', 'do not ask'),
  ],
  statuses: ['0 nothing runs any more', '1 an error, or --purge was not confirmed'],
});
addCommand(program, 'status', 'nodes, roles, addresses, processes and the health of the cluster', {
  load: async () => (await import('./commands/status.ts')).status,
  statuses: ['0 healthy', '1 an error', '3 something is stopped or degraded'],
});
addCommand(program, 'logs', 'the log of a node', {
  load: async () => (await import('./commands/logs.ts')).logs,
  argument: ['<node>', 'a node, such as worker-1'],
  options: [
    new Option('-n, --lines <count>', 'how many lines').default(50).argParser(wholeNumber),
    new Option('-f, --follow', 'go on with what is written, until Ctrl-C'),
    new Option('-s, --service <service>', 'the service, where a node runs several'),
  ],
  statuses: ['0 shown', '1 an error'],
});
addCommand(program, 'stop', 'stop the services of nodes', {
  load: async () => (await import('./commands/stop.ts')).stop,
  argument: ['<nodes...>', 'nodes, such as worker-1'],
  options: [seconds('--timeout <seconds>', 'after this long a service is ended by force', 60)],
  statuses: ['0 stopped, or stopped before', '1 an error'],
});
addCommand(program, 'start', 'start the services of nodes and wait until they serve', {
  load: async () => (await import('./commands/start.ts')).start,
  argument: ['<nodes...>', 'nodes, such as worker-1'],
  options: [seconds('--timeout <seconds>', 'how long a node may take to serve', 120)],
  statuses: ['0 they serve', '1 an error'],
});

addCommand(
  program,
  'roll',
  'apply changed settings to running nodes, one node at a time, only while everything is whole',
  {
    load: async () => (await import('./commands/roll.ts')).roll,
    argument: ['[environment]', 'a file, or a name in environments/ (same as --environment)'],
    options: [
      new Option(
        '--only <name>',
        'only this node, role, service or service of a node (worker-1/kafka); may be given again',
      ).argParser(collect),
      new Option('--restart', 'restart them also where no setting changed (for another Java, say)'),
      new Option('--plan', 'show what would be done; change nothing'),
      new Option('-y, --yes', 'do not ask'),
      seconds('--timeout <seconds>', 'how long a node may take to serve, and then everything to be whole again', 300),
    ],
    statuses: [
      '0 every node runs as the environment says',
      '1 an error, or not confirmed; no node was touched',
      '2 with --plan: changes pending',
      '3 refused: the platform is not whole, others are at work on it, or it changed while the plan was read; no node was touched',
      '4 stopped at a node that failed; those after it are untouched',
      '130 interrupted',
    ],
    onInterrupt: 'the node under way may still be starting',
  },
);

addTopicsCommands(program);

addCommand(program, 'token', 'the API token of a user that the environment makes (admin where none is named)', {
  load: async () => (await import('./commands/token.ts')).token,
  argument: ['[user]', 'admin, or a user of api.users'],
  statuses: ['0 shown', '1 an error'],
});
const certificates = program.command('certificates').description('certificates of nodes and of the operator');
addCommand(certificates, 'status', 'how long each is valid, and for which names', {
  load: async () => (await import('./commands/certificates.ts')).certificates,
  statuses: ['0 all are valid', '1 an error', '3 one expires soon, or has expired'],
});
addCommand(
  certificates,
  'renew',
  'new certificates for every node, taken into use without a restart where that can be',
  {
    load: async () => (await import('./commands/certificates.ts')).renew,
    options: [
      seconds('--timeout <seconds>', 'how long the listeners may take to show them', 30),
      new Option('--continue', 'go on with a run that ended: take what was issued into use, issue nothing anew'),
    ],
    statuses: [
      '0 every listener shows its new one',
      '1 an error',
      '3 a service must be started again to take it, or others are at work on these nodes',
    ],
  },
);
const artifacts = program.command('artifacts').description('archives that deployed nodes install (Linux on x86-64)');
const forEnvironment = [
  '[environment]',
  'for this one alone; all that are not for this machine where none is named',
] as const;
addCommand(
  artifacts,
  'build',
  'make or fetch what is lacking in .ensemble/archives, from where a deployment uploads it',
  {
    load: async () => (await import('./commands/artifacts.ts')).build,
    argument: forEnvironment,
    statuses: ['0 all are there, every byte', '1 an error; what was made before it stays', '130 interrupted'],
  },
);
addCommand(artifacts, 'list', 'each with its version, size and SHA-256, and whether it is there', {
  load: async () => (await import('./commands/artifacts.ts')).list,
  argument: forEnvironment,
  statuses: ['0 shown', '1 an error'],
});
addCommand(artifacts, 'verify', 'hash every byte of what is there', {
  load: async () => (await import('./commands/artifacts.ts')).verify,
  argument: forEnvironment,
  statuses: ['0 all are there, every byte', '1 an error', '3 one is absent or damaged'],
});
addCommand(program, 'doctor', 'what this machine has and lacks, with the next step for each lack', {
  load: async () => (await import('./commands/doctor.ts')).doctor,
  options: [new Option('--verify', 'hash every byte of the cached archives')],
  statuses: ['0 ready', '1 an error', '3 something is lacking'],
});
addCommand(program, 'validate', 'check an environment file and its topics manifest; change nothing', {
  load: async () => (await import('./commands/validate.ts')).validate,
  argument: ['[file]', 'an environment file, or a name in environments/'],
  statuses: ['0 valid', '1 faults, each with its place'],
});

addAwsCommands(program);
addHostsCommands(program);
addChaosCommands(program);

await program.parseAsync();
