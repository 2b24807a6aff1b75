/** Where secrets are kept, as every target says it: files here (file-store.ts), a secrets service in a cloud, Secrets in Kubernetes. */
import { badSecretId } from './errors.ts';

/** Ids are paths such as `tls/worker-1.pem`. Every method throws SECRETS_BAD_ID for another shape. */
export interface SecretStore {
  /** Undefined when there is none. */
  read(id: string): Promise<Buffer | undefined>;
  /** Replaces the whole secret at once: a reader sees the former bytes or the new ones. */
  write(id: string, bytes: Buffer): Promise<void>;
  /** Writes it unless it is there, in one step. False when another was first: then theirs counts. */
  create(id: string, bytes: Buffer): Promise<boolean>;
  /** All ids, sorted. */
  list(): Promise<readonly string[]>;
}

const part = '[a-z0-9][a-z0-9._-]*';
const shape = new RegExp(`^${part}(/${part})*$`);

/** Throws SECRETS_BAD_ID. A part cannot begin with a dot, so no id leads out of its store. */
export function checkSecretId(id: string): string {
  if (!shape.test(id)) throw badSecretId(id);
  return id;
}
