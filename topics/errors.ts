/** What can be wrong with topics beyond the faults in a manifest (those are a DocumentError with MANIFEST_INVALID). */
import type { KafkaFault } from '../clients/kafka/fault.ts';
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

export const planStaleCode = 'TOPICS_PLAN_STALE';

/** The plan was made for other facts than those that hold now. `what` says which. */
export function planStale(what: string): EnsembleError {
  return new EnsembleError({
    code: planStaleCode,
    message: `the plan no longer fits: ${what}`,
    next: 'Make a new plan, read it, and apply that one.',
    exitStatus: exitStatus.blocked,
  });
}

export function planUnreadable(file: string, what: string, cause?: unknown): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_PLAN_UNREADABLE',
    message: `${file} is not a plan that can be applied: ${what}`,
    next: 'Make a new plan with --out; a saved plan is not edited, the manifest is.',
    cause,
  });
}

/** Before the next request; what was sent is settled first. */
export function interrupted(): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_INTERRUPTED',
    message: 'the run was interrupted',
    next: 'Run the command again: it carries on from what is there.',
  });
}

export function throttleRefused(type: 'topic' | 'broker', name: string, fault: KafkaFault): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_THROTTLE_REFUSED',
    message: `Kafka refused a throttle on the ${type} ${name}: ${fault.message} (${fault.name})`,
    next: 'Check the rights of this user to alter settings of topics and brokers; nothing is moved without its throttle.',
  });
}

/** `known`: those registered, and those that hold replicas and are down. */
export function brokerUnknown(id: number, known: readonly number[]): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_BROKER_UNKNOWN',
    message: `the cluster has no broker ${id}`,
    next:
      known.length === 0
        ? 'No broker is registered: look at `ensemble status`.'
        : `Its brokers are ${known.join(', ')}.`,
  });
}

export function reassignmentsUnreadable(fault: KafkaFault): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_REASSIGNMENTS_UNREADABLE',
    message: `Kafka does not say which partitions move: ${fault.message} (${fault.name})`,
    next: 'Check the rights of this user on the cluster (Describe), then run the command again.',
  });
}

/** No byte was copied and no partition finished for a long time. */
export function reassignStalled(waitedMs: number, waitingFor: readonly number[]): EnsembleError {
  const down = waitingFor.length > 0;
  return new EnsembleError({
    code: 'TOPICS_REASSIGN_STALLED',
    message: `nothing was copied for ${Math.round(waitedMs / 1000)} s${down ? `; replicas wait for broker ${waitingFor.join(', ')}, which is down` : ''}`,
    next: down
      ? 'Start that broker and run the command again, or take the moves back with `ensemble topics reassign cancel`.'
      : 'Raise the throttle above what producers write, or look into the logs of the brokers that receive; then run the command again.',
  });
}

/** The moves that were sent go on in the cluster. */
export function reassignInterrupted(): EnsembleError {
  return new EnsembleError({
    code: 'TOPICS_REASSIGN_INTERRUPTED',
    message: 'the run was interrupted; moves under way go on in the cluster, without a throttle',
    next: 'Run the command again to throttle and watch them to their end, or take them back with `ensemble topics reassign cancel`.',
  });
}

/** Of a call that had to end before its work: not a fault, but nobody may take it for success. */
export const handedOverCode = 'TOPICS_HANDED_OVER';

/** The time of this call is over; the next one goes on. */
export function handedOver(): EnsembleError {
  return new EnsembleError({
    code: handedOverCode,
    message: 'the time of this call was over before all changes were made',
    next: 'Run the command again: it carries on from what is there.',
  });
}

export function reassignHandedOver(): EnsembleError {
  return new EnsembleError({
    code: handedOverCode,
    message: 'the time of this call was over; moves under way go on in the cluster, under their throttle',
    next: 'Run the command again to watch them to their end, or take them back with `ensemble topics reassign cancel`.',
  });
}
