/** A store in memory for tests of what is kept in one. */
import { checkSecretId, type SecretStore } from '../../secrets/store.ts';

export function memoryStore(): SecretStore {
  const secrets = new Map<string, Buffer>();
  return {
    read: async (id) => secrets.get(checkSecretId(id)),
    write: async (id, bytes) => void secrets.set(checkSecretId(id), bytes),
    create: async (id, bytes) => {
      if (secrets.has(checkSecretId(id))) return false;
      secrets.set(id, bytes);
      return true;
    },
    list: async () => [...secrets.keys()].sort(),
  };
}
