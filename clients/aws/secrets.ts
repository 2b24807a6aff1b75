/**
 * Secrets Manager, as far as a store needs it. A secret is a name with versions; the one that carries the stage AWSCURRENT counts, and moves to a new
 * version in one step. https://docs.aws.amazon.com/secretsmanager/latest/apireference/
 */
import { type AwsPlace, call, clientConfig } from './connection.ts';

/** Values are texts; 65,536 bytes at most (Secrets Manager's quota). */
export interface SecretsClient {
  /** Undefined where there is no such secret, or one that never got a value. */
  read(name: string): Promise<string | undefined>;
  /** Every current value below a prefix, by name. Far fewer calls than reading each: twenty come with one answer. */
  readAll(prefix: string): Promise<ReadonlyMap<string, string>>;
  /** A new secret with its first value, in one step. False where the name is taken. */
  create(name: string, value: string, options?: SecretOptions): Promise<boolean>;
  /** A new current value of one that is there. False where there is none. */
  put(name: string, value: string): Promise<boolean>;
  /** Names below a prefix, sorted; those that are planned for deletion are not among them. */
  list(prefix: string): Promise<readonly string[]>;
  close(): void;
}

export interface SecretOptions {
  readonly description?: string;
  /** A key of KMS, by ARN or alias; the account's own for Secrets Manager where absent. */
  readonly kmsKey?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

const absent = ['ResourceNotFoundException'];

export async function openSecrets(place: AwsPlace): Promise<SecretsClient> {
  const sdk = await import('@aws-sdk/client-secrets-manager');
  const client = new sdk.SecretsManagerClient(clientConfig(place));
  const below = (prefix: string) => ({ Filters: [{ Key: 'name' as const, Values: [prefix] }] });

  return {
    async read(name) {
      const asked = new sdk.GetSecretValueCommand({ SecretId: name });
      const answer = await call(`secretsmanager:GetSecretValue ${name}`, () => client.send(asked), absent);
      return answer?.SecretString;
    },
    async readAll(prefix) {
      const found = new Map<string, string>();
      let NextToken: string | undefined;
      do {
        const asked = new sdk.BatchGetSecretValueCommand({ ...below(prefix), MaxResults: 20, NextToken });
        const answer = await call(`secretsmanager:BatchGetSecretValue ${prefix}`, () => client.send(asked), absent);
        for (const { Name, SecretString } of answer?.SecretValues ?? [])
          if (Name?.startsWith(prefix) === true && SecretString !== undefined) found.set(Name, SecretString);
        NextToken = answer?.NextToken;
      } while (NextToken !== undefined);
      return found;
    },
    async create(name, value, { description, kmsKey, tags = {} } = {}) {
      const asked = new sdk.CreateSecretCommand({
        Name: name,
        SecretString: value,
        Description: description,
        KmsKeyId: kmsKey,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      });
      const taken = ['ResourceExistsException'];
      return (await call(`secretsmanager:CreateSecret ${name}`, () => client.send(asked), taken)) !== undefined;
    },
    async put(name, value) {
      const asked = new sdk.PutSecretValueCommand({ SecretId: name, SecretString: value });
      return (await call(`secretsmanager:PutSecretValue ${name}`, () => client.send(asked), absent)) !== undefined;
    },
    async list(prefix) {
      const names: string[] = [];
      let NextToken: string | undefined;
      do {
        const asked = new sdk.ListSecretsCommand({ ...below(prefix), MaxResults: 100, NextToken });
        const answer = await call(`secretsmanager:ListSecrets ${prefix}`, () => client.send(asked));
        names.push(
          ...(answer.SecretList ?? []).flatMap(({ Name }) => (Name?.startsWith(prefix) === true ? [Name] : [])),
        );
        NextToken = answer.NextToken;
      } while (NextToken !== undefined);
      return names.sort();
    },
    close: () => client.destroy(),
  };
}
