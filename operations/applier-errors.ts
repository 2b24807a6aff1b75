/** What can go wrong on the way to the topics applier and back. */
import { EnsembleError } from '../contracts/error.ts';

export function functionFailed(name: string, why: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_APPLIER_FAILED',
    message: `the function ${name} ended by an error: ${why}`,
    next: 'Read its log in CloudWatch, then run the command again: it carries on from what is there.',
  });
}

/** The first call of an apply, which nothing can repeat: it may be at work. */
export function answerLost(name: string, cause: EnsembleError): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_APPLIER_ANSWER_LOST',
    message: `the answer of the function ${name} was lost, and changes may have been made: ${cause.message}`,
    next: 'Wait a minute and run the command again: it plans from what is there, and takes moves under way up.',
    cause,
  });
}

export function answerUnreadable(name: string, fault: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_APPLIER_ANSWER_UNREADABLE',
    message: `the answer of the function ${name} is not as this version of Ensemble reads it: ${fault}`,
    next: 'Use the same version of Ensemble for the command and for the deployed function: deploy again.',
  });
}

/** Between two calls: what was sent goes on. */
export function applyInterrupted(): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_APPLY_INTERRUPTED',
    message:
      'the run was interrupted; moves under way go on in the cluster, under their throttle, which the function takes away within a minute of their end',
    next: 'Run the command again to watch them to their end, or take them back with `ensemble topics reassign cancel`.',
  });
}
