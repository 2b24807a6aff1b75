/** What can go wrong with machines of this machine, each with the next step. */
import { EnsembleError } from '../../contracts/error.ts';

export function hostsNotPossible(lacks: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_HOSTS_NOT_POSSIBLE',
    message: 'this machine cannot carry machines of its own',
    next: 'Mend what is named above (Debian: apt-get install debootstrap systemd-container iproute2, as root); `ensemble up` runs a local environment as processes, without any of it.',
    evidence: lacks,
  });
}

export function hostCommandFailed(
  command: string,
  status: number | string | null,
  lines: readonly string[],
): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_HOST_COMMAND_FAILED',
    message: `\`${command}\` ended with ${status === null ? 'a signal' : `status ${status}`}`,
    next: 'Read what it said above. What was made so far is removed by taking the environment down.',
    evidence: lines,
  });
}

export function hostNotUp(node: string, seconds: number, console: string, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_HOST_NOT_UP',
    message: `the machine of ${node} did not come up within ${seconds} s`,
    next: `Read its console above (whole: ${console}).`,
    evidence: lines,
  });
}

export function hostFaulty(node: string, unit: string, why: string, lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_HOST_FAULTY',
    message: `${node} did not become what its list says: ${unit}: ${why}`,
    next: 'The journal’s lines above say where it stopped. Mend the object, the secret or the volume that they name; the node tries again by itself, or is replaced.',
    evidence: lines,
  });
}

export function cloudNotUp(lines: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_HOSTS_CLOUD_NOT_UP',
    message: 'what answers for the cloud inside the machines’ network did not come up',
    next: 'Read what it said above.',
    evidence: lines,
  });
}

export function unknownHost(node: string, known: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'DRIVER_UNKNOWN_HOST',
    message: `there is no machine of ${node} here`,
    next: `The machines are those of ${known.join(', ')}.`,
  });
}
