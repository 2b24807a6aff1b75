/**
 * The command line. Names, options and help stand here, so that `--help` loads nothing else; what a command does is loaded when it runs.
 * Exit statuses are those of contracts/error.ts, and each command's help names its own.
 */
import { Command, Option } from 'commander';
import type { Invocation } from './commands/invocation.ts';

type Handler = (invocation: Invocation) => Promise<number>;

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

add(program, 'up', 'bring the environment up: masters, workers, topics, first messages', {
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
});
add(program, 'down', 'stop workers, then masters; data stays', {
  load: async () => (await import('./commands/down.ts')).down,
  argument: ['[environment]', 'a file, or a name in environments/ (same as --environment)'],
  options: [
    seconds('--timeout <seconds>', 'after this long a service is ended by force', 60),
    new Option('--purge', 'remove data, certificates and logs too; asks first'),
    new Option('-y, --yes', 'do not ask'),
  ],
  statuses: ['0 nothing runs any more', '1 an error, or --purge was not confirmed'],
});
add(program, 'status', 'nodes, roles, addresses, processes and the health of the cluster', {
  load: async () => (await import('./commands/status.ts')).status,
  statuses: ['0 healthy', '1 an error', '3 something is stopped or degraded'],
});
add(program, 'logs', 'the log of a node', {
  load: async () => (await import('./commands/logs.ts')).logs,
  argument: ['<node>', 'a node, such as worker-1'],
  options: [
    new Option('-n, --lines <count>', 'how many lines').default(50).argParser(wholeNumber),
    new Option('-f, --follow', 'go on with what is written, until Ctrl-C'),
    new Option('-s, --service <service>', 'the service, where a node runs several'),
  ],
  statuses: ['0 shown', '1 an error'],
});
add(program, 'stop', 'stop the services of nodes', {
  load: async () => (await import('./commands/stop.ts')).stop,
  argument: ['<nodes...>', 'nodes, such as worker-1'],
  options: [seconds('--timeout <seconds>', 'after this long a service is ended by force', 60)],
  statuses: ['0 stopped, or stopped before', '1 an error'],
});
add(program, 'start', 'start the services of nodes and wait until they serve', {
  load: async () => (await import('./commands/start.ts')).start,
  argument: ['<nodes...>', 'nodes, such as worker-1'],
  options: [seconds('--timeout <seconds>', 'how long a node may take to serve', 120)],
  statuses: ['0 they serve', '1 an error'],
});

const topics = program.command('topics').description('the topics that the manifest declares');
add(topics, 'plan', 'show what would change; change nothing', {
  load: async () => (await import('./commands/topics.ts')).topicsPlan,
  statuses: ['0 no changes', '1 an error', '2 changes pending', '3 something is blocked'],
});
add(topics, 'apply', 'make the cluster’s topics as declared, and verify', {
  load: async () => (await import('./commands/topics.ts')).topicsApply,
  options: [
    new Option('-y, --yes', 'do not ask'),
    seconds('--timeout <seconds>', 'how long replicas may take to be in sync', 120),
  ],
  statuses: ['0 as declared, verified', '1 an error, or not confirmed', '3 something is blocked', '4 partly applied'],
});

add(program, 'doctor', 'what this machine has and lacks, with the next step for each lack', {
  load: async () => (await import('./commands/doctor.ts')).doctor,
  options: [new Option('--verify', 'hash every byte of the cached archives')],
  statuses: ['0 ready', '1 an error', '3 something is lacking'],
});
add(program, 'validate', 'check an environment file and its topics manifest; change nothing', {
  load: async () => (await import('./commands/validate.ts')).validate,
  argument: ['[file]', 'an environment file, or a name in environments/'],
  statuses: ['0 valid', '1 faults, each with its place'],
});

interface CommandSpec {
  readonly load: () => Promise<Handler>;
  readonly argument?: readonly [name: string, description: string];
  readonly options?: readonly Option[];
  readonly statuses: readonly string[];
}

function add(parent: Command, name: string, description: string, spec: CommandSpec): void {
  const command = parent.command(name).description(description);
  if (spec.argument !== undefined) command.argument(...spec.argument);
  command
    .addOption(
      new Option('-e, --environment <name>', 'a file, or a name in environments/')
        .default('local')
        .env('ENSEMBLE_ENVIRONMENT'),
    )
    .addOption(new Option('--state <folder>', 'where state is kept').default('.ensemble').env('ENSEMBLE_STATE'))
    .addOption(new Option('--json', 'print the result as JSON; progress goes to standard error'));
  for (const option of spec.options ?? []) command.addOption(option);
  command.addHelpText('after', `\nExit statuses:\n${spec.statuses.map((line) => `  ${line}`).join('\n')}`);
  command.action(async () => {
    const positional = command.processedArgs.flat().filter((value) => typeof value === 'string');
    const { invoke } = await import('./commands/invocation.ts');
    const status = await invoke(spec.load, positional, command.opts());
    // Done means done: a client's forgotten timer must not keep a person, or a pipeline, waiting. What was printed goes out first.
    await Promise.all(
      [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
    );
    process.exit(status);
  });
}

function seconds(flags: string, description: string, standard: number): Option {
  return new Option(flags, description).default(standard).argParser(wholeNumber);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    program.error(`error: ${JSON.stringify(text)} is not a whole number of 0 or more`, { exitCode: 1 });
  return value;
}

await program.parseAsync();
