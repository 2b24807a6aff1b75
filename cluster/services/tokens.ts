/** Secrets that the platform's programs know each other and their users by. A target makes those that are missing; nobody writes them down. */
import type { SecretSpec } from '../model.ts';

/** The key that may do everything; only programs of ours use it. */
export const serviceToken = 'tokens/service';
/** The user that delivers for push subscriptions. */
export const pushWorker = 'push_worker_0';
/** The user that is made with every platform. */
export const adminUser = 'admin';
/** The user as which the authentication service asks for the tokens of others. */
export const authUser = 'auth';
/** The authentication service's own admin key. */
export const authToken = 'tokens/auth';

/** Of a user of the messaging API. */
export function userToken(user: string): string {
  return `tokens/users/${user}`;
}

export function tokens(...ids: readonly string[]): readonly SecretSpec[] {
  return ids.map((id) => ({ id, kind: 'token' }));
}
