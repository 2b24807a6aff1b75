/** The token of a user that the environment makes: what a person, or a script, sends as x-api-key. It lies where the operator's secrets are. */
import { type Environment, loadEnvironment } from '../cluster/load.ts';
import { adminUser, userToken } from '../cluster/services/tokens.ts';
import type { SecretStore } from '../secrets/store.ts';
import { openAwsEnvironment } from './aws/aws-environment.ts';
import { withStore } from './aws/ensure-secrets.ts';
import { type DeploymentOptions, openDeployment } from './deployment.ts';
import { neverBroughtUp, tokenNotMade, unknownUser } from './errors.ts';

/** @throws EnsembleError OPERATIONS_UNKNOWN_USER, OPERATIONS_NEVER_BROUGHT_UP, OPERATIONS_TOKEN_NOT_MADE; of a deployed one, CLIENT_AWS_... */
export async function findToken(options: DeploymentOptions, user: string): Promise<string> {
  const loaded = await loadEnvironment(options.environment, options.environmentsDirectory);
  const name = loaded.cluster.environment;
  if (loaded.cluster.target === 'aws') {
    const aws = await openAwsEnvironment(options, 'ensemble token');
    const token = await withStore(aws, (secrets) => readToken(loaded, secrets, user));
    if (token === undefined) throw tokenNotMade(name, user);
    return token;
  }
  const { environment, secrets } = await openDeployment(options);
  const token = await readToken(environment, secrets, user);
  if (token === undefined) throw neverBroughtUp(name);
  return token;
}

/** Undefined where it was not made yet. @throws EnsembleError OPERATIONS_UNKNOWN_USER */
export async function readToken(
  { spec }: Pick<Environment, 'spec'>,
  secrets: Pick<SecretStore, 'read'>,
  user: string,
): Promise<string | undefined> {
  const users = [adminUser, ...Object.keys(spec.api?.users ?? {})];
  if (spec.api === undefined || !users.includes(user)) throw unknownUser(user, users);
  return (await secrets.read(userToken(user)))?.toString('utf8');
}
