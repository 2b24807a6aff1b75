/** `ensemble topics ...`: names, options and exit statuses. */
import { type Command, Option } from 'commander';
import { addCommand, byteRate, collect, positiveNumber, seconds, wholeNumber } from './command-line.ts';

export function addTopicsCommands(program: Command): void {
  const topics = program
    .command('topics')
    .description('topics as code: plan, apply, import, advice, status and reassignments, on any Kafka from 2.6 to 3.9');

  addCommand(topics, 'plan', 'show what would change; change nothing', {
    load: async () => (await import('./commands/topics/plan.ts')).plan,
    options: [
      ...target(),
      ...consents(),
      markdown(),
      new Option('-o, --out <file>', 'save the plan, for `topics apply FILE`'),
    ],
    statuses: ['0 no changes', '1 an error', '2 changes pending', '3 something is blocked'],
  });
  addCommand(topics, 'apply', 'make the topics as declared, exactly as planned, and verify', {
    load: async () => (await import('./commands/topics/apply.ts')).apply,
    argument: ['[plan]', 'a plan saved with `topics plan --out`; made anew where absent'],
    options: [
      ...target(),
      ...consents(),
      markdown(),
      new Option('-y, --yes', 'do not ask (deletions are asked for all the same, in a terminal)'),
      throttle(),
      seconds('--timeout <seconds>', 'how long replicas may take to be in sync', 120),
    ],
    statuses: [
      '0 as declared, verified',
      '1 an error, or not confirmed',
      '3 something is blocked, or the saved plan is stale',
      '4 partly applied',
    ],
  });
  addCommand(topics, 'import', 'write a manifest from a running cluster', {
    load: async () => (await import('./commands/topics/import.ts')).importCommand,
    options: [
      ...target(),
      new Option('--include <pattern>', 'only these topics; may be given again').argParser(collect),
      new Option('--exclude <pattern>', 'but not these; may be given again').argParser(collect),
      new Option('-o, --out <file>', 'write it there instead of to standard output'),
      new Option('--force', 'replace the file if it is there'),
    ],
    statuses: ['0 written', '1 an error'],
  });
  addCommand(topics, 'advise', 'how many partitions topics should have, with the arithmetic', {
    load: async () => (await import('./commands/topics/advise.ts')).advise,
    argument: ['[topics...]', 'topics; those of the manifest where none is named'],
    options: [
      ...target(),
      seconds('--window <seconds>', 'how long consumers are watched', 30),
      new Option(
        '--target <rate>',
        'records a second that a topic should carry; its peak times the headroom where absent',
      ).argParser(positiveNumber),
      new Option('--headroom <factor>', 'how much more than today’s peak').default(2).argParser(positiveNumber),
      new Option(
        '--partition-rate <rate>',
        'records a second that one partition takes, where a test has shown it',
      ).argParser(positiveNumber),
      new Option(
        '--member-rate <rate>',
        'records a second that one consumer reads, where a test has shown it',
      ).argParser(positiveNumber),
      new Option('--sample <records>', 'records of each topic that are read for their keys')
        .default(20_000)
        .argParser(wholeNumber),
      new Option('--write', 'raise the counts in the manifest, comments kept'),
    ],
    statuses: ['0 the counts suffice, or were written', '1 an error', '2 more partitions are advised'],
  });
  addCommand(topics, 'status', 'brokers, partitions, leaders, in-sync replicas, size and lag on one screen', {
    load: async () => (await import('./commands/topics/status.ts')).status,
    argument: ['[patterns...]', 'topics by name or pattern; all but Kafka’s own where none is named'],
    options: [...target(), new Option('-w, --watch', 'look again every two seconds, until Ctrl-C')],
    statuses: [
      '0 every partition has its leader and all its replicas in sync',
      '1 an error',
      '3 something is degraded',
    ],
  });

  const reassign = topics.command('reassign').description('replicas that move from broker to broker');
  addCommand(reassign, 'status', 'what moves, with bytes and time left', {
    load: async () => (await import('./commands/topics/reassign.ts')).reassignStatus,
    options: target(),
    statuses: ['0 nothing moves', '1 an error', '2 replicas move'],
  });
  addCommand(reassign, 'away', 'take every replica off brokers that are to leave; Kafka’s own topics too', {
    load: async () => (await import('./commands/topics/reassign-away.ts')).reassignAway,
    argument: ['<brokers...>', 'nodes of the environment, or broker ids'],
    options: [...target(), new Option('-y, --yes', 'do not ask'), throttle()],
    statuses: [
      '0 they hold nothing',
      '1 an error, or not confirmed',
      '3 something is blocked: nothing moves',
      '4 they hold something still',
    ],
  });
  addCommand(reassign, 'cancel', 'take moves back, and their throttle away', {
    load: async () => (await import('./commands/topics/reassign.ts')).reassignCancel,
    argument: ['[topics...]', 'only these topics’ moves; every move in the cluster where none is named'],
    options: [...target(), new Option('-y, --yes', 'do not ask')],
    statuses: ['0 taken back, or nothing moved', '1 an error, or not confirmed', '4 some could not be taken back'],
  });
}

function target(): readonly Option[] {
  return [
    new Option(
      '-b, --bootstrap <servers>',
      'host:port,host:port of any cluster, instead of the environment’s own; from inside its network, instead of the function there',
    ),
    new Option(
      '-c, --command-config <file>',
      'how a guarded cluster is reached: TLS and SASL, as Kafka’s own tools take it',
    ),
    new Option('-m, --manifest <file>', 'a manifest, instead of the environment’s'),
  ];
}

function consents(): readonly Option[] {
  return [
    new Option('--prune-configs', 'take settings off that topics have and the manifest does not name'),
    new Option(
      '--allow-delete',
      'the second of three consents to delete topics that the manifest has as `state: absent`',
    ),
  ];
}

function throttle(): Option {
  return new Option('--throttle <rate>', 'bytes a second that each broker may copy while replicas move, or unlimited')
    .default(50_000_000, '50MB')
    .argParser(byteRate);
}

function markdown(): Option {
  return new Option('--markdown', 'print it as Markdown, for a pull request').conflicts('json');
}
