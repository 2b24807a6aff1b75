/**
 * What the authentication service answers when it will not: upstream's statuses and words (reference, section 6). A Refusal is an answer to a client;
 * what goes wrong for an operator is an EnsembleError as everywhere in the house.
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

  toJSON(): { error: { message: string; code: number; status: string } } {
    return { error: { message: this.message, code: this.code, status: this.status } };
  }
}

export const badRequest = (message: string): Refusal => new Refusal(400, 'BAD REQUEST', message);
export const badJson = (why: string): Refusal => badRequest(`Poorly formatted JSON. ${why}`);
export const unauthorized = (): Refusal => new Refusal(401, 'UNAUTHORIZED', 'Wrong Credentials');
export const forbidden = (message: string): Refusal => new Refusal(403, 'ACCESS_FORBIDDEN', message);
/** `what`: Service-type, Host, Auth method or Binding. */
export const absent = (what: string): Refusal => new Refusal(404, 'NOT FOUND', `${what} was not found`);
export const conflict = (what: string, field: string, value: string): Refusal =>
  new Refusal(409, 'CONFLICT', `${what} object with ${field}: ${value} already exists`);
export const tooLarge = (): Refusal => new Refusal(413, 'PAYLOAD TOO LARGE', 'Request body is too large');
export const emptyField = (what: string, field: string): Refusal =>
  new Refusal(422, 'UNPROCESSABLE ENTITY', `${what} object contains empty fields. empty value for field: ${field}`);
/** Upstream prints the list as its language does, and no space before it. */
export const unsupported = (field: string, value: string, supported: readonly string[]): Refusal =>
  new Refusal(
    422,
    'UNPROCESSABLE ENTITY',
    `${field}: ${value} is not yet supported.Supported:[${supported.join(' ')}]`,
  );
export const internal = (message: string): Refusal =>
  new Refusal(500, 'INTERNAL SERVER ERROR', `Internal Error: ${message}`);

export function noAuthorities(folder: string): EnsembleError {
  return new EnsembleError({
    code: 'AUTH_NO_AUTHORITIES',
    message: `${folder} holds no certificate (*.pem) of an authority`,
    next: 'Name the folder of the authorities whose client certificates are taken in certificate_authorities, or one file in ensemble.certificateAuthority.',
  });
}

export function fileUnusable(file: string, what: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'AUTH_FILE_UNUSABLE',
    message: `${file} cannot be read as ${what}`,
    next: 'Mend the file, or name another in the configuration.',
    cause,
  });
}
