/** What keeps a scenario from being run, each with the next step. */
import { EnsembleError } from '../../contracts/error.ts';

export function notSteady(what: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_NOT_STEADY',
    message: `nothing was broken: there is no steady state to begin with: ${what}`,
    next: 'Look at `ensemble status`, mend it, and run the scenario again.',
  });
}

export function outsideNetwork(environment: string, bootstrap: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_OUTSIDE_NETWORK',
    message: `nothing was broken: no broker of ${environment} answers here (${bootstrap.join(', ')}), and a run writes to all of them`,
    next: 'Run it on a machine in the environment’s network that has the foundation’s security group `operators` (docs/chaos.md).',
  });
}

/** `why`: what is predicted instead. */
export function expectationDiffers(scenario: string, why: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_EXPECTATION_DIFFERS',
    message: `nothing of ${scenario} was broken: ${why}`,
    next: 'Look at `ensemble status`: fewer replicas may be in sync than there are.',
  });
}

export function noRoom(scenario: string, atMostDown: number): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_NO_ROOM',
    message: `${scenario} was ended: its next fault would have had more than ${atMostDown} nodes down at once, since one that was healed does not serve again`,
    next: 'What was broken serves again by now. Look at `ensemble status` and the log of the node that does not serve.',
  });
}

/** `why`: what ended the run before, if anything did. */
export function notHealed(
  left: readonly { readonly says: string; readonly why: string }[],
  why: unknown,
): EnsembleError {
  const { length } = left;
  const ended =
    why === undefined ? '' : `; the run had ended before: ${why instanceof Error ? why.message : String(why)}`;
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_NOT_HEALED',
    message: `${length} ${length === 1 ? 'fault is' : 'faults are'} not healed${ended}`,
    next: 'Run `ensemble chaos heal`, which tries again; then look at `ensemble status`.',
    evidence: left.map(({ says, why: reason }) => `${says}: ${reason}`),
    cause: why,
    leavesBroken: true,
  });
}

/** Faults that did not stand for as long as the schedule says: what they would have shown was not seen. */
export function healedEarly(says: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_HEALED_EARLY',
    message: `somebody else has healed what this run had broken before its time: ${says.join(', ')}`,
    next: 'Run it again while nobody else heals. Another machine does once it finds that a run has not said for minutes that it lives: compare the clocks of both.',
  });
}

export function apiRefused(method: string, path: string, status: number): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_API_REFUSED',
    message: `the messaging API answered ${status} to ${method} ${path}, which a run needs for its own topic`,
    next: 'Look at `ensemble status` and the log of an API node; nothing was broken.',
  });
}

export function topicRefused(topic: string, why: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_TOPIC_REFUSED',
    message: `Kafka refused the run’s own topic ${topic}: ${why}`,
    next: 'Give the environment as many workers as the scenario has replicas.',
  });
}

export function matrixUnreadable(file: string, line: number, cause?: unknown): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_MATRIX_UNREADABLE',
    message: `${file}, line ${line}, is not a line of what a matrix writes`,
    next: 'Begin anew with --fresh once the file is moved away; the histories of its runs are kept.',
    cause,
  });
}

export function importUnreadable(file: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_IMPORT_UNREADABLE',
    message: `${file} is not there, or is empty: there are no runs in it`,
    next: 'Name a file that `ensemble chaos summary --export` has written.',
  });
}

export function importDiffers(file: string, theirs: string, ours: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_IMPORT_DIFFERS',
    message: `the runs of ${file} are of ${theirs}, and those of this matrix of ${ours}: they are no one matrix`,
    next: 'Leave --import out, or begin a matrix of the same environment and seed: --fresh --seed, or another --state.',
  });
}

export function noMatrix(environment: string, long: boolean): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CHAOS_NO_MATRIX',
    message: `no ${long ? 'long ' : ''}matrix was run on ${environment} from this folder`,
    next: `Run \`ensemble chaos matrix${long ? ' --long' : ''}\` first.`,
  });
}
