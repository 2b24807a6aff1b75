/** The commands for machines on this machine, and for what they are made to suffer. */
import { type Command, Option } from 'commander';
import { addCommand, collect, seconds, wholeNumber } from './command-line.ts';

export function addHostsCommands(program: Command): void {
  addCommand(
    program,
    'rehearse',
    'deploy an environment to an AWS of this machine, boot it here, change it, destroy it',
    {
      load: async () => (await import('./commands/rehearse.ts')).rehearse,
      argument: ['[environment]', 'a file, or a name in environments/ (same as --environment)'],
      options: [
        seconds('--timeout <seconds>', 'for a machine to become its node, and for its services to serve', 300),
        new Option('--until <step>', 'the last step, by its name in the report'),
        new Option('--keep', 'leave all of it running, for `ensemble fault` and your own eyes'),
        new Option('--plugin-dir <folder>', 'take Terraform’s providers from here').env('TF_PLUGIN_DIR'),
      ],
      statuses: [
        '0 every step was done',
        '1 a step failed, or it did not begin',
        '130 interrupted, and taken down; after a second interrupt `ensemble hosts down` removes what is left',
      ],
    },
  );
  const hosts = program
    .command('hosts')
    .description('machines of systemd-nspawn on this machine, as a rehearsal makes them (root, Linux)');
  addCommand(hosts, 'image', 'make the image that they start from, once; some minutes', {
    load: async () => (await import('./commands/hosts.ts')).image,
    statuses: ['0 it is there', '1 an error, or this machine cannot carry machines', '130 interrupted'],
  });
  addCommand(hosts, 'status', 'each machine: whether it runs, and its memory', {
    load: async () => (await import('./commands/hosts.ts')).status,
    statuses: ['0 all run', '1 an error, or a fault’s note that cannot be read', '3 one does not run'],
  });
  addCommand(hosts, 'down', 'end them and remove what they were made of, also after a run that was killed', {
    load: async () => (await import('./commands/hosts.ts')).down,
    options: [new Option('--purge', 'their volumes and records too')],
    statuses: ['0 nothing of them is left', '1 an error, or something is left'],
  });

  const fault = program
    .command('fault')
    .description('make a machine of a rehearsal, or a deployed one, suffer; and heal it');
  const driver = () =>
    new Option('--driver <name>', 'whose machines: of a rehearsal here, or deployed ones on AWS')
      .choices(['hosts', 'aws'])
      .default('hosts');
  addCommand(fault, 'list', 'the faults that stand', {
    load: async () => (await import('./commands/fault.ts')).list,
    options: [driver()],
    statuses: ['0 shown', '1 an error, or a note that cannot be read: it is named, and the others are shown'],
  });
  addCommand(fault, 'inject', 'make one; how it is undone is noted first', {
    load: async () => (await import('./commands/fault.ts')).inject,
    argument: ['<kind-and-node...>', 'term, kill, pause, isolate, slow-link, full-disk or machine-kill; then a node'],
    options: [
      driver(),
      new Option('-s, --service <service>', 'this service alone (term, kill, pause)'),
      new Option('--from <node>', 'isolate from this node alone; may be given again').argParser(collect),
      new Option('--delay-ms <ms>', 'slow-link: each packet, each way').argParser(wholeNumber),
    ],
    statuses: ['0 it stands', '1 an error', '3 it cannot be made here: the reason is shown'],
  });
  addCommand(fault, 'heal', 'undo one, or all where none is named', {
    load: async () => (await import('./commands/fault.ts')).heal,
    argument: ['[id]', 'as `ensemble fault list` shows it'],
    options: [driver()],
    statuses: ['0 healed', '1 an error, or one that could not be: it is named, and the others are healed'],
  });
}
