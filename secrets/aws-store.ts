/**
 * The operator's secrets of an environment on AWS: one secret of Secrets Manager each, below a prefix. Terraform never sees them, so that no state file
 * holds one (docs/decisions/0034). Creating is the service's own: a name can be created once, so that of two runs one wins.
 */
import type { SecretOptions, SecretsClient } from '../clients/aws/secrets.ts';
import { secretVanished } from './errors.ts';
import { checkSecretId, type SecretStore } from './store.ts';

export interface AwsStoreProps {
  readonly client: Pick<SecretsClient, 'read' | 'readAll' | 'create' | 'put' | 'list'>;
  /** `ensemble/staging/store/` */
  readonly prefix: string;
  /** Of every secret that it makes. */
  readonly options: SecretOptions;
}

/** For the life of one command. Its methods throw CLIENT_AWS_... when the service refuses, and SECRETS_BAD_ID. */
export function awsStore({ client, prefix, options }: AwsStoreProps): SecretStore {
  const nameOf = (id: string) => `${prefix}${checkSecretId(id)}`;
  let known: Promise<Map<string, string>> | undefined;
  // What was there at the first read comes with a few calls; what is not among it is asked for each time, since another run may make it meanwhile.
  const values = () => {
    known ??= client.readAll(prefix).then((all) => new Map(all));
    return known;
  };
  const keep = async (name: string, text: string) => void (await values()).set(name, text);

  return {
    async read(id) {
      const name = nameOf(id);
      const text = (await values()).get(name) ?? (await client.read(name));
      if (text !== undefined) await keep(name, text);
      return text === undefined ? undefined : Buffer.from(text);
    },
    async write(id, bytes) {
      const name = nameOf(id);
      const text = textOf(bytes);
      const written =
        (await client.put(name, text)) ||
        (await client.create(name, text, options)) ||
        // Somebody else made it between the two calls: ours is the later word.
        (await client.put(name, text));
      if (!written) throw secretVanished(name);
      await keep(name, text);
    },
    async create(id, bytes) {
      const name = nameOf(id);
      const text = textOf(bytes);
      const created = await client.create(name, text, options);
      if (created) await keep(name, text);
      return created;
    },
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
