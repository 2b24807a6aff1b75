/** Why the function refuses a request before it asks the cluster anything. The command shows these as if they were its own. */
import { EnsembleError } from '../../contracts/error.ts';

const sameVersion = 'Use the same version of Ensemble for the command and for the deployed function: deploy again.';

export function requestInvalid(faults: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_APPLIER_REQUEST_INVALID',
    message: `the function does not understand the request: ${faults.length} ${faults.length === 1 ? 'field is' : 'fields are'} not as it knows them`,
    next: sameVersion,
    evidence: faults.slice(0, 10),
  });
}

export function otherProtocol(asked: unknown, own: number): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_APPLIER_OTHER_PROTOCOL',
    message: `the command speaks protocol ${JSON.stringify(asked)}, and the function ${own}`,
    next: sameVersion,
  });
}

export function otherEnvironment(asked: string, own: string): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_APPLIER_OTHER_ENVIRONMENT',
    message: `the request is for ${asked}, and this function belongs to ${own}`,
    next: 'Name the environment whose function this is. Nothing was changed.',
  });
}

export function misconfigured(faults: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_APPLIER_MISCONFIGURED',
    message: 'the function’s environment variables are not as its program needs them',
    next: 'Deploy the environment again: the stack sets them.',
    evidence: faults,
  });
}

export function secretAbsent(name: string): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_APPLIER_SECRET_ABSENT',
    message: `the secret ${name} is not there, or has no value`,
    next: 'Make it with `ensemble secrets`, which issues the function’s certificate too.',
  });
}

/** The value is not shown: it holds a key. */
export function secretUnreadable(name: string, missing: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_APPLIER_SECRET_UNREADABLE',
    message: `the secret ${name} lacks ${missing.join(' and ')}`,
    next: 'Make it anew with `ensemble secrets`.',
  });
}

export function timeTooShort(remainingMs: number, neededMs: number): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_APPLIER_TIME_TOO_SHORT',
    message: `the function may run for ${Math.round(remainingMs / 1000)} s more, and keeps ${Math.round(neededMs / 1000)} s to end in order`,
    next: 'Give it a longer time (900 s is the longest): deploy the environment again.',
  });
}

export function foreignContinuation(): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_APPLIER_FOREIGN_CONTINUATION',
    message: 'what is to be continued was begun with another plan, or in another cluster',
    next: 'Run `ensemble topics apply` again: it plans from what is there.',
  });
}
