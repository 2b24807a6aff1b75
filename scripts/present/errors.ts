/** An error as a person or a program reads it, and the exit status that goes with it. */
import { EnsembleError, exitStatus } from '../../contracts/error.ts';
import { paint, printJson } from './terminal.ts';

/** As shells report a command that a signal ended: 128 + SIGINT. */
const interruptedStatus = 130;

/** Prints the error and returns the status to exit with. */
export function reportError(
  error: unknown,
  options: { readonly json: boolean; readonly interrupted: boolean },
): number {
  if (options.interrupted) {
    process.stderr.write('interrupted; what this run started was stopped, run the command again to go on\n');
    return interruptedStatus;
  }
  if (!(error instanceof EnsembleError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (options.json) printJson({ error: { code: 'INTERNAL', message: text, next: reportIt, evidence: [] } });
    else process.stderr.write(`${paint.red('internal error')} ${text}\n${reportIt}\n`);
    return exitStatus.error;
  }
  if (options.json) printJson({ error });
  else process.stderr.write(`${formatError(error)}\n`);
  return error.exitStatus;
}

const reportIt = 'This is a defect of ensemble itself: report it with the lines above and the command that you ran.';

function formatError(error: EnsembleError): string {
  const evidence = error.evidence.length === 0 ? '' : `\n${error.evidence.map((line) => `  ${line}`).join('\n')}`;
  return `${paint.red(error.code)} ${error.message}${evidence}\n${paint.bold('next:')} ${error.next}`;
}
