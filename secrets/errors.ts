/** The faults that secrets/ raises. A message names an id, never the bytes behind it. */
import { EnsembleError } from '../contracts/error.ts';

export function badSecretId(id: string): EnsembleError {
  return new EnsembleError({
    code: 'SECRETS_BAD_ID',
    message: `"${id}" cannot name a secret: lower-case letters, digits, dots, dashes and underscores, in parts divided by slashes`,
    next: 'Name it like tls/worker-1.pem.',
  });
}

export function storeUnusable(action: string, path: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'SECRETS_STORE_UNUSABLE',
    message: `${path} could not be ${action}: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: 'Make the folder of secrets yours (mode 700) and its disk writable, then run the command again.',
    cause,
  });
}

/** A CA is never replaced silently: every node and client that trusts it would be cut off. */
export function authorityUnusable(why: string, cause?: unknown): EnsembleError {
  return new EnsembleError({
    code: 'SECRETS_AUTHORITY_UNUSABLE',
    message: `The certificate authority of this environment cannot be used: ${why}`,
    next: 'Restore tls/ca.pem and tls/ca.key.pem from a copy. Or remove both for a new authority: every certificate is then issued again, and every client must be given the new tls/ca.pem.',
    cause,
  });
}

export function badHost(host: string, id: string): EnsembleError {
  return new EnsembleError({
    code: 'SECRETS_BAD_HOST',
    message: `"${host}" cannot stand in the certificate of ${id}: it is neither an IP address nor a DNS name`,
    next: 'Give names like worker-1.local.internal, or addresses like 127.0.1.1, without a port.',
  });
}

export function noHosts(id: string): EnsembleError {
  return new EnsembleError({
    code: 'SECRETS_NO_HOSTS',
    message: `The certificate of ${id} would name no host, so that no client could verify it`,
    next: 'Give it at least one DNS name or address.',
  });
}

export function badCommonName(commonName: string): EnsembleError {
  return new EnsembleError({
    code: 'SECRETS_BAD_COMMON_NAME',
    message: `"${commonName}" cannot be the common name of a certificate: 1 to 64 letters, digits, spaces, dots, dashes and underscores (RFC 5280, ub-common-name)`,
    next: 'Change the name of the environment or of the node; hosts of any length stand in the alternative names.',
  });
}

export function secretVanished(name: string): EnsembleError {
  return new EnsembleError({
    code: 'SECRETS_VANISHED',
    message: `the secret ${name} could be neither written nor created: somebody deletes it meanwhile`,
    next: 'End what deletes it, then run the command again.',
  });
}
