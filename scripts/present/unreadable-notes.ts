/** Notes of faults that nobody can heal by: named beside what can be shown, which they keep nobody from. */
import { type EnsembleError, type ExitStatus, exitStatus } from '../../contracts/error.ts';
import { formatError } from './errors.ts';
import { printNotice } from './terminal.ts';

/** The status to end with. */
export function sayUnreadable(unreadable: readonly EnsembleError[]): ExitStatus {
  for (const error of unreadable) printNotice(formatError(error));
  return unreadable.length === 0 ? exitStatus.ok : exitStatus.error;
}
