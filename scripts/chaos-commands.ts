/** The `ensemble chaos` commands. Their exit statuses are their own: a verdict is no error. */
import { type Command, Option } from 'commander';
import { addCommand, countingNumber, wholeNumber } from './command-line.ts';

const errorStatus = 3;
const verdicts = [
  '0 pass',
  '1 fail: what was predicted not to happen has happened',
  '2 inconclusive, or skipped',
  '3 an error; what was broken is healed, or named where it could not be',
  '130 interrupted; everything is healed',
];
const onInterrupt = 'what was broken is healed';

export function addChaosCommands(program: Command): void {
  const chaos = program.command('chaos').description('break what runs on purpose, and judge what it kept');
  const driver = () =>
    new Option(
      '--driver <name>',
      'who injects the faults: into processes of this machine, machines of a rehearsal, or deployed nodes (from inside their network)',
    )
      .choices(['processes', 'hosts', 'aws'])
      .default('processes');
  const junit = () => new Option('--junit <file>', 'write the verdicts as JUnit XML too');
  const running = () => [
    driver(),
    new Option('--seed <number>', 'of the first run; drawn where it is left out, and printed').argParser(wholeNumber),
    new Option('--runs <count>', 'how many, each with the next seed').argParser(countingNumber),
    new Option(
      '--again <times>',
      'how often a run is played once more that was inconclusive, but for controls; a matrix’s once, others never',
    ).argParser(wholeNumber),
    junit(),
    new Option('--html <file>', 'write a page of the run too; of several, each beside it with scenario and seed'),
  ];
  const importing = () =>
    new Option(
      '--import <file>',
      'count runs as done that another machine has exported: of the same scenarios and seeds',
    );
  const scenarios = [
    '[scenarios...]',
    'names that `ensemble chaos list` shows; all of them where none is named',
  ] as const;
  const summaries = () => [
    new Option('--out <file>', 'write the table of all scenarios as Markdown too'),
    new Option('--html <file>', 'write it as a page too'),
  ];
  addCommand(chaos, 'list', 'the scenarios, with what each expects', {
    load: async () => (await import('./commands/chaos.ts')).list,
    statuses: ['0 shown', '3 an error'],
    errorStatus,
  });
  addCommand(chaos, 'run', 'run a scenario on an environment that is up: predict, break, heal, judge', {
    load: async () => (await import('./commands/chaos.ts')).run,
    argument: ['<scenario>', 'a name that `ensemble chaos list` shows, or a file that ends in .yaml'],
    options: running(),
    statuses: verdicts,
    errorStatus,
    onInterrupt,
  });
  addCommand(chaos, 'matrix', 'run every scenario, or those that are named, with some seeds', {
    load: async () => (await import('./commands/chaos.ts')).matrix,
    argument: scenarios,
    options: [
      ...running().filter(({ long }) => long !== '--html'),
      new Option(
        '--long',
        'with many seeds, also those that the short one leaves out: hours; goes on where an earlier one was ended',
      ),
      new Option('--fresh', 'with --long: begin anew, whatever an earlier one has done'),
      importing(),
      ...summaries(),
    ],
    statuses: verdicts,
    errorStatus,
    onInterrupt,
  });
  addCommand(chaos, 'summary', 'one table of the last matrix, ended or not; runs nothing', {
    load: async () => (await import('./commands/chaos-summary.ts')).summary,
    argument: scenarios,
    options: [
      driver(),
      new Option('--long', 'of the last long one'),
      junit(),
      ...summaries(),
      importing(),
      new Option('--export <file>', 'write its runs, to go on with --import on another machine'),
    ],
    statuses: [...verdicts.slice(0, 3), '3 an error, there was no matrix, or runs that were not finished'],
    errorStatus,
  });
  addCommand(chaos, 'check', 'judge the history of a run, this one or an old one', {
    load: async () => (await import('./commands/chaos.ts')).check,
    argument: ['<history>', 'a history.jsonl'],
    options: [junit()],
    statuses: [...verdicts.slice(0, 3), '3 an error'],
    errorStatus,
  });
  addCommand(chaos, 'report', 'one page of a run, with everything in it, from its history', {
    load: async () => (await import('./commands/chaos.ts')).report,
    argument: ['<history>', 'a history.jsonl'],
    options: [new Option('--html <file>', 'the page; report.html beside the history where it is left out')],
    statuses: [...verdicts.slice(0, 3), '3 an error'],
    errorStatus,
  });
  addCommand(chaos, 'heal', 'undo what a run that died has left; commands that look at the same nodes do so as well', {
    load: async () => (await import('./commands/chaos.ts')).heal,
    options: [driver()],
    statuses: [
      '0 nothing is broken on purpose any more, but by a run that is at work',
      '3 an error, or something could not be healed: it is named',
    ],
    errorStatus,
  });
}
