/** An error as a person or a program reads it, and the exit status that goes with it. */
import { EnsembleError, exitStatus } from '../../contracts/error.ts';
import { paintNotice } from './colour.ts';
import { systemFault } from './system-fault.ts';
import { printJson } from './terminal.ts';

/** As shells report a command that a signal ended: 128 + SIGINT. */
const interruptedStatus = 130;

/** Whether it is said that the command was interrupted, and no more; what could not be undone is said all the same. */
export function isInterruption(thrown: unknown, interrupted: boolean): boolean {
  return interrupted && !(thrown instanceof EnsembleError && thrown.leavesBroken);
}

/** Prints the error and returns the status to exit with. `onInterrupt` says what the command did about what it had begun. */
export function reportError(
  thrown: unknown,
  options: { readonly json: boolean; readonly interrupted: boolean; readonly onInterrupt?: string | undefined },
): number {
  if (isInterruption(thrown, options.interrupted)) {
    const undone = options.onInterrupt === undefined ? '' : `${options.onInterrupt}, `;
    process.stderr.write(`interrupted; ${undone}run the command again to go on\n`);
    return interruptedStatus;
  }
  const error = systemFault(thrown) ?? thrown;
  if (options.json) printJson({ error: errorJson(error) });
  else if (error instanceof EnsembleError) process.stderr.write(`${formatError(error)}\n`);
  else process.stderr.write(`${paintNotice.red('internal error')} ${textOf(error)}\n${reportIt}\n`);
  return error instanceof EnsembleError ? error.exitStatus : exitStatus.error;
}

/** As `--json` has it. */
export function errorJson(thrown: unknown): ReturnType<EnsembleError['toJSON']> {
  const error = systemFault(thrown) ?? thrown;
  if (error instanceof EnsembleError) return error.toJSON();
  return { code: 'INTERNAL', message: textOf(error), next: reportIt, evidence: [] };
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

const reportIt = 'This is a defect of ensemble itself: report it with the lines above and the command that you ran.';

export function formatError(error: EnsembleError): string {
  const evidence = error.evidence.length === 0 ? '' : `\n${error.evidence.map((line) => `  ${line}`).join('\n')}`;
  return `${paintNotice.red(error.code)} ${error.message}${evidence}\n${paintNotice.bold('next:')} ${error.next}`;
}
