/**
 * How a program of ours is started: `node program.js --config FILE`. Reads the file, parses it with the program's shape, and ends the process with status 1
 * and one clear line for every fault, without the values (a configuration holds passwords and tokens).
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { EnsembleError } from '../contracts/error.ts';

/** The FILE of `--config FILE`. Throws PROGRAM_USAGE. */
export function configArgument(args: readonly string[] = process.argv.slice(2)): string {
  try {
    const { values } = parseArgs({ args: [...args], options: { config: { type: 'string' } } });
    if (values.config !== undefined && values.config !== '') return values.config;
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause), cause);
  }
  throw usage('--config is missing');
}

/** Throws PROGRAM_CONFIG_UNREADABLE and PROGRAM_CONFIG_INVALID, which names each field at fault. */
export function readConfig<Shape extends z.ZodType>(file: string, shape: Shape): z.output<Shape> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new EnsembleError({
      code: 'PROGRAM_CONFIG_UNREADABLE',
      message: `${file} cannot be read: ${systemCode(cause)}`,
      next: 'Name the file with --config, and let the user that runs the program read it.',
      cause,
    });
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may be a secret.
    throw invalid(file, ['it is not JSON']);
  }
  const parsed = shape.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw invalid(
    file,
    parsed.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)),
  );
}

/** One line an error on standard error: the code, what and where, what to do. A defect of ours keeps its stack. */
export function tellAndExit(error: unknown): never {
  const line =
    error instanceof EnsembleError
      ? [`${error.code}: ${error.message}`, ...error.evidence, error.next].join('; ')
      : error instanceof Error
        ? 'syscall' in error
          ? `PROGRAM_SYSTEM: ${error.message}; mend what the system names here, such as an address that another process holds`
          : (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

function usage(message: string, cause?: unknown): EnsembleError {
  return new EnsembleError({
    code: 'PROGRAM_USAGE',
    message,
    next: 'Start it with --config FILE and nothing else.',
    cause,
  });
}

function invalid(file: string, faults: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'PROGRAM_CONFIG_INVALID',
    message: `${file} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}`,
    next: 'Mend the fields named here.',
    evidence: faults,
  });
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
