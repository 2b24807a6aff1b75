/** Why a rehearsal does not begin, or ends. */
import { EnsembleError } from '../../contracts/error.ts';

export function endpointNotLocal(endpoint: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_ENDPOINT_NOT_LOCAL',
    message:
      endpoint === ''
        ? 'AWS_ENDPOINT_URL is not set, and a rehearsal is never of a cloud that costs money'
        : `${endpoint} is no address of this machine by http, and a rehearsal is never of a cloud that costs money`,
    next: 'Start a local AWS (`moto_server`), apply the stacks to it, and set AWS_ENDPOINT_URL=http://127.0.0.1:PORT (docs/rehearse.md).',
  });
}

export function nothingLaunched(environment: string, nodes: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_NOTHING_LAUNCHED',
    message: `the local AWS has no running machines for ${nodes.join(', ')} of ${environment}`,
    next: `Apply the stacks to it: foundation, then \`ensemble secrets ensure -e ${environment}\`, then data and edge (docs/rehearse.md).`,
  });
}

export function filesDiffer(lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_FILES_DIFFER',
    message: 'files on machines are not those that their lists name',
    next: 'Read which above; `journalctl -u ensemble-node` on the machine says what was done.',
    evidence: lines,
  });
}

export function entryFailed(lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_TOPICS_FAILED',
    message: 'the post-deploy entry did not make the topics',
    next: 'Read what it said above.',
    evidence: lines,
  });
}

export function notRehearsable(lacks: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_NOT_POSSIBLE',
    message: 'this machine cannot carry a rehearsal; nothing was started',
    next: 'Mend what is named above (docs/rehearse.md); `ensemble up` runs a local environment as processes, without any of it.',
    evidence: lacks,
  });
}

export function stepUnknown(id: string, known: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_STEP_UNKNOWN',
    message: `a rehearsal has no step ${id}`,
    next: `Its steps are ${known.join(', ')}.`,
  });
}

/** Something was let through that must be refused: a defect of ours, not of the machine. */
export function notRefused(what: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_NOT_REFUSED',
    message: `${what} was to be refused, and was not`,
    next: 'The guard that should have held does not: look for it in the stacks and in the operation.',
  });
}

export function exchangeFailed(lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_MESSAGES_FAILED',
    message: 'not every message came through the load balancers and the messaging API as it was sent',
    next: 'Read which above; `journalctl -u ensemble-messaging-api` on the API’s machines and `-u ensemble-haproxy` on the balancers’ say what they saw.',
    evidence: lines,
  });
}

/** What was found is not what the step promises. */
export function notAsMeant(what: string, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_NOT_AS_MEANT',
    message: what,
    next: 'What was found stands above; on AWS the same would have happened.',
    evidence: lines,
  });
}

export function notTakenDown(cause: unknown, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_NOT_TAKEN_DOWN',
    message: `the rehearsal has ended, and taking it down failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: 'Run `ensemble hosts down --purge -e ENVIRONMENT`; it looks for all that a rehearsal makes, and needs no record.',
    evidence: lines,
    leavesBroken: true,
  });
}

export function loadFailed(why: string, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_REHEARSE_LOAD_FAILED',
    message: why,
    next: 'Read what it said above; `ensemble hosts status` says which machines run.',
    evidence: lines,
  });
}
