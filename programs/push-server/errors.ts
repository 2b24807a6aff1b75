/** What an operator can do something about: the push server's faults of configuration and start. */
import { EnsembleError } from '../../contracts/error.ts';

/** `faults`: `field: what is wrong`. The first stands in the message, so that one line says it. */
export function configInvalid(file: string, faults: readonly string[]): EnsembleError {
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new EnsembleError({
    code: 'PUSH_SERVER_CONFIG_INVALID',
    message: `${file}: ${faults[0] ?? 'it is not understood'}${more}`,
    next: 'Mend the keys named here.',
    evidence: faults,
  });
}

export function configMissing(file: string): EnsembleError {
  return new EnsembleError({
    code: 'PUSH_SERVER_CONFIG_MISSING',
    message: `${file} cannot be read`,
    next: 'Name the file with --config.',
  });
}

/** `field`: the key of the configuration that names it. */
export function certificateUnreadable(field: string, file: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'PUSH_SERVER_CERTIFICATE_UNREADABLE',
    message: `${field}: ${file} cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
    next: 'Put the PEM file there, readable for the user of this program.',
    cause,
  });
}

export function portTaken(address: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'PUSH_SERVER_NOT_LISTENING',
    message: `cannot listen on ${address} (${cause instanceof Error ? cause.message : String(cause)})`,
    next: 'Choose another bind_port or end what has it.',
    cause,
  });
}
