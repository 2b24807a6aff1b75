/** What can be wrong with topics beyond the faults in a manifest (those are a DocumentError with MANIFEST_INVALID). */
import { EnsembleError, exitStatus } from '../contracts/error.ts';

export const manifestInvalid = 'MANIFEST_INVALID';

export function manifestNotFound(file: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'MANIFEST_NOT_FOUND',
    message: `no topics manifest ${JSON.stringify(file)}`,
    next: 'Name a manifest that is there, or mend `topics:` in the environment file.',
    cause,
  });
}

/** The plan was made for other facts than those that hold now. `what` says which. */
export function planStale(what: string): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_PLAN_STALE',
    message: `the plan no longer fits: ${what}`,
    next: 'Make a new plan, read it, and apply that one.',
    exitStatus: exitStatus.blocked,
  });
}
