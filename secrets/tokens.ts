/** Tokens, passwords and key files: made once per environment out of the system's randomness, kept in the store, never written down by a person. */
import { randomBytes } from 'node:crypto';
import type { SecretSpec } from '../cluster/model.ts';
import type { SecretStore } from './store.ts';

/** Upstream's tokens are 64 hex digits: 256 bits. */
const tokenBytes = 32;
/** MongoDB takes 6 to 1,024 base64 characters; its manual makes them from 756 bytes. */
const keyFileBytes = 756;

/** Makes it unless it is there. Of two runs at once one wins, and both go on with its text. Throws what the store throws. */
export async function ensureSecret(store: SecretStore, { id, kind }: SecretSpec): Promise<void> {
  if ((await store.read(id)) !== undefined) return;
  const text =
    kind === 'token' ? randomBytes(tokenBytes).toString('hex') : randomBytes(keyFileBytes).toString('base64');
  await store.create(id, Buffer.from(text));
}
