/** How a command is declared: names, options and exit statuses here, what it does in a module that is loaded when it runs. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Invocation } from './commands/invocation.ts';

/** `--state` where it is not given. */
export const standardState = '.ensemble';

export interface CommandSpec {
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
  readonly argument?: readonly [name: string, description: string];
  readonly options?: readonly Option[];
  /** A line each: `0 healthy`. */
  readonly statuses: readonly string[];
  /** What the command does, when it is interrupted, about what it had begun; absent where that simply stays. */
  readonly onInterrupt?: string;
  /** In the place of an error's own, where the usual ones mean something else here. */
  readonly errorStatus?: number;
}

export function addCommand(parent: Command, name: string, description: string, spec: CommandSpec): void {
  const command = parent.command(name).description(description);
  if (spec.argument !== undefined) command.argument(...spec.argument);
  command
    .addOption(
      new Option('-e, --environment <name>', 'a file, or a name in environments/')
        .default('local')
        .env('ENSEMBLE_ENVIRONMENT'),
    )
    .addOption(new Option('--state <folder>', 'where state is kept').default(standardState).env('ENSEMBLE_STATE'))
    .addOption(new Option('--json', 'print the result as JSON; progress goes to standard error'));
  for (const option of spec.options ?? []) command.addOption(option);
  command.addHelpText('after', `\nExit statuses:\n${spec.statuses.map((line) => `  ${line}`).join('\n')}`);
  const { errorStatus } = spec;
  // A word that is wrong is an error like any other: 1 may mean something else there. What was wrong is said already.
  if (errorStatus !== undefined) command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : errorStatus));
  command.action(async () => {
    const positional = command.processedArgs.flat().filter((value) => typeof value === 'string');
    const { invoke } = await import('./commands/invocation.ts');
    const environmentGiven = command.getOptionValueSource('environment') !== 'default';
    const options = { ...command.opts(), environmentGiven };
    const status = await invoke(spec.load, positional, options, spec);
    // Done means done: a client's forgotten timer must not keep a person, or a pipeline, waiting. What was printed goes out first.
    await Promise.all(
      [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
    );
    process.exit(status);
  });
}

export function seconds(flags: string, description: string, standard: number): Option {
  return new Option(flags, description).default(standard).argParser(wholeNumber);
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('Expected a whole number of 0 or more.');
  return value;
}

/** Of what is done so many times: none at all would prove nothing. */
export function countingNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number of 1 or more.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

/** `20MB`, `1.5GB`, `500000` (bytes) or `unlimited`. Powers of ten, as network rates are given. */
export function byteRate(text: string): number | 'unlimited' {
  if (text === 'unlimited') return text;
  const match = /^(\d+(?:\.\d+)?)\s*(|k|m|g)b?$/i.exec(text.trim());
  const factor = { '': 1, k: 1e3, m: 1e6, g: 1e9 }[match?.[2]?.toLowerCase() ?? ''];
  const value = Math.round(Number(match?.[1]) * (factor ?? Number.NaN));
  if (!Number.isFinite(value) || value < 1)
    throw new InvalidArgumentError('Expected bytes a second, such as 20MB, or unlimited.');
  return value;
}

export function collect(text: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), text];
}
