/**
 * The operator's secrets of an environment on AWS: one secret of Secrets Manager each, below a prefix. Terraform never sees them, so that no state file
 * holds one (docs/decisions/0034). Creating is the service's own: a name can be created once, so that of two runs one wins.
 */
import type { SecretOptions, SecretsClient } from '../clients/aws/secrets.ts';
import { secretVanished } from './errors.ts';
import { checkSecretId, type SecretStore } from './store.ts';

export interface AwsStoreProps {
  readonly client: Pick<SecretsClient, 'read' | 'create' | 'put' | 'list'>;
  /** `ensemble/staging/store/` */
  readonly prefix: string;
  /** Of every secret that it makes. */
  readonly options: SecretOptions;
}

/** Its methods throw CLIENT_AWS_... when the service refuses, and SECRETS_BAD_ID. @internal */
export function awsStore({ client, prefix, options }: AwsStoreProps): SecretStore {
  const nameOf = (id: string) => `${prefix}${checkSecretId(id)}`;
  return {
    async read(id) {
      const text = await client.read(nameOf(id));
      return text === undefined ? undefined : Buffer.from(text);
    },
    async write(id, bytes) {
      const name = nameOf(id);
      const text = textOf(bytes);
      if (await client.put(name, text)) return;
      if (await client.create(name, text, options)) return;
      // Somebody else made it between the two calls: ours is the later word.
      if (!(await client.put(name, text))) throw secretVanished(name);
    },
    create: (id, bytes) => client.create(nameOf(id), textOf(bytes), options),
    async list() {
      return (await client.list(prefix)).map((name) => name.slice(prefix.length));
    },
  };
}

/** PEM and base64 text is all that the house keeps; a byte that is no text would come back as another one. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw new TypeError('a secret that is not text has no place in this store');
  return text;
}
