/** Why a node's files could not be completed. Never with a value: messages end in a journal. */
import { EnsembleError } from '../../contracts/error.ts';

export function objectDamaged(path: string, expected: string, found: string | undefined): EnsembleError {
  return new EnsembleError({
    code: 'FILL_OBJECT_DAMAGED',
    message:
      found === undefined
        ? `the object of ${path}, ${expected}, is not among those that were fetched`
        : `the object of ${path} has the SHA-256 ${found} instead of ${expected}`,
    next: 'Run ensemble-node apply: it fetches every object anew that is not what the list says.',
  });
}

export function secretsMissing(ids: readonly string[], source: string, why: string, waitMs: number): EnsembleError {
  return new EnsembleError({
    code: 'FILL_SECRETS_MISSING',
    message: `after ${Math.round(waitMs / 1000)} s ${source} still lacks ${ids.join(', ')}${why === '' ? '' : ` (${why})`}`,
    next: 'Make them with `ensemble secrets`, and let the role of this machine read its own secret; then run ensemble-node apply.',
  });
}

export function secretsUnreadable(source: string): EnsembleError {
  return new EnsembleError({
    code: 'FILL_SECRETS_UNREADABLE',
    message: `${source} is not a JSON object of texts`,
    next: 'Write it anew with `ensemble secrets`.',
  });
}

export function ownerUnknown(owner: string, path: string): EnsembleError {
  return new EnsembleError({
    code: 'FILL_OWNER_UNKNOWN',
    message: `${path} belongs to ${owner}, which the list has no account of`,
    next: 'Write the list again with the version of Ensemble that reads it.',
  });
}
