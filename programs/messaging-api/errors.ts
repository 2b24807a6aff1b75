/**
 * What the API answers when it will not: upstream's statuses and words (reference, section 1, Errors). A Refusal is an answer to a client; what goes wrong
 * for an operator is an EnsembleError as everywhere in the house.
 */
import { EnsembleError } from '../../contracts/error.ts';

export class Refusal extends Error {
  readonly code: number;
  readonly status: string;

  constructor(code: number, status: string, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
  }

  toJSON(): { error: { code: number; message: string; status: string } } {
    return { error: { code: this.code, message: this.message, status: this.status } };
  }
}

export const badBody = (): Refusal => new Refusal(400, 'BAD_REQUEST', 'Invalid Request Body');
export const invalid = (message: string): Refusal => new Refusal(400, 'INVALID_ARGUMENT', message);
/** `what`: Message, Topic ACL, Subscription and so on. */
export const invalidArguments = (what: string): Refusal => invalid(`Invalid ${what} Arguments`);
export const unauthorized = (message = 'Unauthorized'): Refusal => new Refusal(401, 'UNAUTHORIZED', message);
export const forbidden = (more = ''): Refusal =>
  new Refusal(403, 'FORBIDDEN', `Access to this resource is forbidden${more}`);
export const absent = (what: string): Refusal => new Refusal(404, 'NOT_FOUND', `${what} doesn't exist`);
export const absentUsers = (names: readonly string[]): Refusal =>
  new Refusal(404, 'NOT_FOUND', `User(s): ${names.join(', ')} do not exist`);
export const ackTimeout = (): Refusal => new Refusal(408, 'TIMEOUT', 'ack timeout');
export const exists = (what: string): Refusal => new Refusal(409, 'ALREADY_EXISTS', `${what} already exists`);
export const conflict = (message: string): Refusal => new Refusal(409, 'CONFLICT', message);
export const tooLarge = (): Refusal => new Refusal(413, 'INVALID_ARGUMENT', 'Message size is too large');
export const internal = (message: string): Refusal => new Refusal(500, 'INTERNAL_SERVER_ERROR', message);
export const backendError = (): Refusal => internal('Backend Error');
/** Ours: upstream has no limits. Clients of upstream try again after a 503. */
export const overloaded = (): Refusal => new Refusal(503, 'UNAVAILABLE', 'The service is busy, try again later');
export const tooManyRequests = (): Refusal => new Refusal(429, 'RESOURCE_EXHAUSTED', 'Too many requests');

/** For the operator's log: the back-end's own word for it. */
export function backendRefused(topic: string, why: string): EnsembleError {
  return new EnsembleError({
    code: 'MESSAGING_API_BACKEND_REFUSED',
    message: `Kafka answered ${why} for the topic ${topic}`,
    next: 'Look at the state of that topic with the topics commands, and at the brokers.',
  });
}

export function configMissing(folders: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'MESSAGING_API_CONFIG_MISSING',
    message: `there is no config.json in ${folders.join(' or ')}`,
    next: 'Name its folder with --config-dir.',
  });
}

export function certificateUnusable(files: readonly string[], cause: unknown): EnsembleError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EnsembleError({
    code: 'MESSAGING_API_CERTIFICATE_UNUSABLE',
    message: `the certificate of ${files.map((file) => `"${file}"`).join(' and ')} cannot be used: ${why}`,
    next: 'Let certificate and certificate_key in config.json name a certificate and its key, as PEM files that the program may read.',
    cause,
  });
}
