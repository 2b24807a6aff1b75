/** What a run of the seed did, one entry a thing, and the errors that end it. No entry holds a token. */
import { EnsembleError } from '../../contracts/error.ts';

export interface Deed {
  /** `differs`: the database holds something else than the file declares, and it is not the environment's to change. */
  readonly did: 'made' | 'changed' | 'differs';
  readonly what:
    | 'role'
    | 'project'
    | 'user'
    | 'membership'
    | 'topic'
    | 'subscription'
    | 'acl'
    | 'service type'
    | 'auth method'
    | 'binding';
  /** `P/T` for what belongs to a project. */
  readonly name: string;
  readonly detail?: string;
}

export type Tell = (deed: Deed) => void;

export function tokenTaken(user: string, holder: string): EnsembleError {
  return new EnsembleError({
    code: 'SEED_TOKEN_TAKEN',
    message: `the token that the file gives to the user ${user} is that of the user ${holder}`,
    next: 'Give each user a token of his own, or rename him in the file as he was renamed through the API.',
  });
}

/** Another run, or a person, changed the same thing again and again. */
export function unsettled(what: string, name: string): EnsembleError {
  return new EnsembleError({
    code: 'SEED_UNSETTLED',
    message: `the ${what} ${name} changed under the seed's hands at every try`,
    next: 'Run the seed again once nobody else changes it.',
  });
}
