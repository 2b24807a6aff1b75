/** Where a node's secrets are had: its own secret in AWS, which holds exactly what its files name, or a folder of files. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openSecrets } from '../../clients/aws/secrets.ts';
import { nodeSecretName } from '../../contracts/aws-names.ts';
import type { FillConfig } from '../../contracts/fill-config.ts';
import { secretsUnreadable } from './errors.ts';

export interface SecretSource {
  /** For messages: `the secret ensemble/staging/nodes/worker-1`. */
  readonly name: string;
  /** Those of `ids` that are there now. Throws what says why none can be read at all. */
  read(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  close(): void;
}

const textsShape = z.record(z.string(), z.string());

export async function secretSource(
  settings: FillConfig['secrets'],
  { environment, node }: { readonly environment: string; readonly node: string },
): Promise<SecretSource> {
  if (settings.kind === 'folder') return folderSource(settings.path);
  const client = await openSecrets({ region: settings.region });
  const secret = nodeSecretName(environment, node);
  const name = `the secret ${secret}`;
  return {
    name,
    async read(ids) {
      const all = textsOf(name, await client.read(secret));
      return new Map(ids.flatMap((id) => (all[id] === undefined ? [] : [[id, all[id]]])));
    },
    close: () => client.close(),
  };
}

/** Throws FILL_SECRETS_UNREADABLE. */
function textsOf(name: string, text: string | undefined): Readonly<Partial<Record<string, string>>> {
  if (text === undefined) return {};
  try {
    return textsShape.parse(JSON.parse(text));
  } catch {
    // Without the cause, which quotes the text.
    throw secretsUnreadable(name);
  }
}

function folderSource(folder: string): SecretSource {
  return {
    name: `the folder ${folder}`,
    async read(ids) {
      const found = new Map<string, string>();
      for (const id of ids) {
        const text = await readFile(join(folder, id), 'utf8').catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return undefined;
          throw error;
        });
        if (text !== undefined) found.set(id, text);
      }
      return found;
    },
    close: () => undefined,
  };
}
