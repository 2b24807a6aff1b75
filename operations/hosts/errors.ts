/** What can go wrong with an environment's machines on this machine. */
import { EnsembleError, exitStatus } from '../../contracts/error.ts';

export function noHosts(environment: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NO_HOSTS',
    message: `no machines of ${environment} were brought up from this folder`,
    next: 'Faults and machines are those of a rehearsal (docs/rehearse.md); name the folder of its state with --state.',
  });
}

export function hostsNotRunning(environment: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_HOSTS_NOT_RUNNING',
    message: `no machine of ${environment} runs`,
    next: `Bring them up first: \`ensemble rehearse ${environment} --until messages --keep\` (docs/rehearse.md).`,
    exitStatus: exitStatus.blocked,
  });
}

export function faultNotPossible(kind: string, node: string, why: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_FAULT_NOT_POSSIBLE',
    message: `${kind} on ${node} cannot be made here: ${why}`,
    next: 'Choose another fault; `ensemble fault list` shows those that stand.',
    exitStatus: exitStatus.blocked,
  });
}

/** `unreadable`: notes that it may be one of. */
export function faultUnknown(
  id: string,
  standing: readonly string[],
  unreadable: readonly string[] = [],
): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_FAULT_UNKNOWN',
    message: `${id} is neither the id of a fault that stands nor a kind of fault`,
    next:
      standing.length === 0
        ? 'None stands. Kinds are term, kill, pause, isolate, slow-link, full-disk and machine-kill.'
        : `Those that stand are ${standing.join(', ')}.`,
    evidence: unreadable,
  });
}

/** `lines`: one for each, with why. `next`: what is left to try where they were made. */
export function faultsStand(lines: readonly string[], next: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_FAULTS_STAND',
    message: `${lines.length === 1 ? 'a fault' : `${lines.length} faults`} could not be undone, and still ${lines.length === 1 ? 'stands' : 'stand'}`,
    next: `Mend what is named above and run ${next}`,
    evidence: lines,
  });
}

export function storeSecretMissing(environment: string, id: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_HOSTS_SECRET_MISSING',
    message: `the secret ${id} of ${environment} was not made yet, and a rehearsal needs it`,
    next: `Run \`ensemble secrets ensure -e ${environment}\`.`,
  });
}

export function leftBehind(environment: string, what: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_HOSTS_LEFT_BEHIND',
    message: `${environment} was taken down, and something of it is still there`,
    next: 'Run `ensemble hosts down` again; what is named above is all that is left.',
    evidence: what,
  });
}
