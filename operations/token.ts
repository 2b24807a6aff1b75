/** The token of a user that the environment makes: what a person, or a script, sends as x-api-key. */
import { adminUser, userToken } from '../cluster/services/tokens.ts';
import type { Deployment } from './deployment.ts';
import { neverBroughtUp, unknownUser } from './errors.ts';

/** @throws EnsembleError OPERATIONS_UNKNOWN_USER, OPERATIONS_NEVER_BROUGHT_UP */
export async function readToken({ environment, secrets }: Deployment, user: string): Promise<string> {
  const users = [adminUser, ...Object.keys(environment.spec.api?.users ?? {})];
  if (environment.spec.api === undefined || !users.includes(user)) throw unknownUser(user, users);
  const bytes = await secrets.read(userToken(user));
  if (bytes === undefined) throw neverBroughtUp(environment.cluster.environment);
  return bytes.toString('utf8');
}
