/** Why a replica set could not be brought to what its file says. */
import { EnsembleError } from '../../contracts/error.ts';

export function otherSet(self: string, found: string, wanted: string): EnsembleError {
  return new EnsembleError({
    code: 'REPLICA_SET_OTHER_SET',
    message: `${self} belongs to the replica set ${found}, not to ${wanted}`,
    next: 'Name that set in the file, or give the member an empty data folder.',
  });
}

export function undeclaredMembers(hosts: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'REPLICA_SET_UNDECLARED_MEMBER',
    message: `the replica set has ${hosts.join(', ')}, which the file does not name`,
    next: 'Name it in the file; or, if it is to leave the set, set ensemble.removeMembers.',
  });
}

export function adminRefused(name: string): EnsembleError {
  return new EnsembleError({
    code: 'REPLICA_SET_ADMIN_REFUSED',
    message: `the replica set has users, and ${name} of the file cannot sign in`,
    next: 'Put the password that the set knows into the file, or change it there (updateUser).',
  });
}

export function notInTime(self: string, timeoutMs: number, waitedFor: string, cause: unknown): EnsembleError {
  const why =
    cause instanceof EnsembleError ? [cause.message, ...cause.evidence] : cause instanceof Error ? [cause.message] : [];
  return new EnsembleError({
    code: 'REPLICA_SET_TIMED_OUT',
    message: `after ${timeoutMs} ms ${self} still waits: ${waitedFor}`,
    next: 'Look whether every member runs and reaches the others, then run this again: it goes on from what is there.',
    evidence: why,
    cause,
  });
}
