/** What can be wrong with an environment beyond the faults in its file (those are a DocumentError with ENVIRONMENT_INVALID). */
import { EnsembleError } from '../contracts/error.ts';

export const environmentInvalid = 'ENVIRONMENT_INVALID';

/** @param given what the person wrote; `file` is where that was looked for. */
export function environmentNotFound(
  given: string,
  file: string,
  known: readonly string[],
  cause: unknown,
): EnsembleError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown cause';
  const why = code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read (${code})`;
  return new EnsembleError({
    code: 'ENVIRONMENT_NOT_FOUND',
    message: `no environment file ${JSON.stringify(given)}: ${why}`,
    next:
      known.length > 0
        ? `Name a file, or one of the environments that are here: ${known.join(', ')}.`
        : 'Name a file, or put one into environments/.',
    cause,
  });
}

export function unknownNode(node: string, known: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'CLUSTER_UNKNOWN_NODE',
    message: `no node ${JSON.stringify(node)} in this environment`,
    next: `Name one of ${known.join(', ')}.`,
  });
}

export function subnetTooSmall(subnet: string, node: string): EnsembleError {
  return new EnsembleError({
    code: 'CLUSTER_SUBNET_TOO_SMALL',
    message: `the subnet ${subnet} ends before the address of ${node}`,
    next: 'Widen network.subnet in the environment file (a /16 holds 65,000 nodes).',
  });
}

export function portsExhausted(nodes: number): EnsembleError {
  return new EnsembleError({
    code: 'CLUSTER_PORTS_EXHAUSTED',
    message: `no ports that keep ${nodes} nodes apart on one address`,
    next: 'Use a system that answers on all of 127.0.0.0/8 (Linux), or fewer nodes; move ports under network.ports apart.',
  });
}
