/**
 * What can go wrong on the wire, for a person: which address, which request, what to do next.
 *
 * A per-resource refusal (a topic that exists already) is data, not one of these; see KafkaFault.
 */
import { EnsembleError } from '../contracts/error.ts';

/** One address that was tried, and why it did not serve. */
export interface FailedAddress {
  readonly address: string;
  readonly why: string;
}

export type ClientErrorCode =
  | 'CLIENT_ADDRESS_INVALID'
  | 'CLIENT_UNREACHABLE'
  | 'CLIENT_TIMED_OUT'
  | 'CLIENT_CONNECTION_LOST'
  | 'CLIENT_REFUSED'
  | 'CLIENT_UNSUPPORTED'
  | 'CLIENT_NO_CONTROLLER'
  | 'CLIENT_BROKER_UNKNOWN'
  | 'CLIENT_CLOSED'
  | 'CLIENT_ABORTED'
  | 'CLIENT_PROPERTIES_INVALID'
  | 'CLIENT_FILE_UNREADABLE';

/** Whether an error is ours with one of the codes given (any of ours where none is given). */
export function isClientError(error: unknown, ...codes: readonly ClientErrorCode[]): error is EnsembleError {
  if (!(error instanceof EnsembleError)) return false;
  return codes.length === 0 ? error.code.startsWith('CLIENT_') : codes.some((code) => code === error.code);
}

/** One line for an unknown thrown value. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function addressInvalid(address: string): EnsembleError {
  return clientError('CLIENT_ADDRESS_INVALID', {
    message: `"${address}" is not an address of a server`,
    next: 'Give host:port, such as 127.0.0.1:9092 or [::1]:9092; several are separated by commas.',
  });
}

export function unreachable(system: string, failed: readonly FailedAddress[], cause?: unknown): EnsembleError {
  return clientError('CLIENT_UNREACHABLE', {
    message: `${system} does not answer at ${failed.map(({ address }) => address).join(', ')}`,
    next: 'Check that it runs and that these addresses are reachable from here; `ensemble status` shows the local nodes.',
    evidence: failed.map(({ address, why }) => `${address}: ${why}`),
    cause,
  });
}

export function timedOut(request: string, address: string, timeoutMs: number, cause?: unknown): EnsembleError {
  return clientError('CLIENT_TIMED_OUT', {
    message: `${request} got no answer from ${address} within ${timeoutMs} ms; whether it took effect is not known`,
    next: 'Check the load and the log of that server, then run the command again: it carries on from what is there.',
    cause,
  });
}

export function connectionLost(request: string, address: string, cause?: unknown): EnsembleError {
  return clientError('CLIENT_CONNECTION_LOST', {
    message: `${address} closed the connection during ${request}; whether it took effect is not known`,
    next: 'Check that this server still runs, then run the command again: it carries on from what is there.',
    cause,
  });
}

export function refused(request: string, address: string, why: string, cause?: unknown): EnsembleError {
  return clientError('CLIENT_REFUSED', {
    message: `${address} refused ${request}: ${why}`,
    next: 'Check the user name, its password and its rights on this cluster.',
    cause,
  });
}

export function unsupported(request: string, version: number, address: string, offered: string): EnsembleError {
  return clientError('CLIENT_UNSUPPORTED', {
    message: `${address} does not speak ${request} version ${version} (it offers ${offered})`,
    next: 'Use a Kafka from 2.6 on.',
  });
}

export function noController(waitedMs: number, cause?: unknown): EnsembleError {
  return clientError('CLIENT_NO_CONTROLLER', {
    message: `no broker acted as the controller for ${waitedMs} ms`,
    next: 'Check that ZooKeeper has a quorum and that the brokers are registered, then run the command again.',
    cause,
  });
}

export function brokerUnknown(id: number, known: readonly number[]): EnsembleError {
  return clientError('CLIENT_BROKER_UNKNOWN', {
    message: `broker ${id} is not registered (registered: ${known.length === 0 ? 'none' : known.join(', ')})`,
    next: 'Start that broker, or leave it out.',
  });
}

export function closed(request: string): EnsembleError {
  return clientError('CLIENT_CLOSED', {
    message: `${request} was asked of a connection that is closed`,
    next: 'This is a defect of the program: connect anew before asking.',
  });
}

export function aborted(request: string, cause?: unknown): EnsembleError {
  return clientError('CLIENT_ABORTED', {
    message: `${request} was given up on request`,
    next: 'Run the command again: it carries on from what is there.',
    cause,
  });
}

export function clientPropertiesInvalid(file: string, faults: readonly string[]): EnsembleError {
  return clientError('CLIENT_PROPERTIES_INVALID', {
    message: `${file}: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`,
    next: 'Mend the lines named above; docs/topics.md has an example for each way of signing in.',
    evidence: faults,
  });
}

export function clientFileUnreadable(file: string, cause: unknown): EnsembleError {
  return clientError('CLIENT_FILE_UNREADABLE', {
    message: `${file} cannot be read: ${reason(cause)}`,
    next: 'Check the path (those within a properties file are relative to it) and who may read it.',
    cause,
  });
}

function clientError(
  code: ClientErrorCode,
  details: { message: string; next: string; evidence?: readonly string[]; cause?: unknown },
): EnsembleError {
  return new EnsembleError({ code, ...details });
}
