/** The `ensemble chaos` commands. Their exit statuses are their own: a verdict is no error. */
import type { Command } from 'commander';
import { addCommand } from './command-line.ts';

const verdicts = [
  '0 pass',
  '1 fail: what was predicted not to happen has happened',
  '2 inconclusive, or skipped',
  '3 an error',
];

export function addChaosCommands(program: Command): void {
  const chaos = program.command('chaos').description('break what runs on purpose, and judge what it kept');
  addCommand(chaos, 'list', 'the scenarios, with what each expects', {
    load: async () => (await import('./commands/chaos.ts')).list,
    statuses: ['0 shown', '3 an error'],
    errorStatus: 3,
  });
  addCommand(chaos, 'check', 'judge the history of a run, this one or an old one', {
    load: async () => (await import('./commands/chaos.ts')).check,
    argument: ['<history>', 'a history.jsonl'],
    statuses: verdicts,
    errorStatus: 3,
  });
}
