/**
 * A store in which a node's certificate and key are not kept beside its keystore, which has both in it: where each secret costs money every month, one
 * that can be read out of another is not kept. Whoever reads `tls/worker-1.pem` gets it out of `tls/worker-1.keystore.pem`.
 */
import type { SecretStore } from './store.ts';

const keyEnd = '-----END PRIVATE KEY-----\n';

export function keystoreCopies(store: SecretStore): SecretStore {
  async function copyOf(id: string): Promise<Buffer | undefined> {
    const { node, part } = copyId(id) ?? {};
    if (node === undefined) return undefined;
    const keystore = (await store.read(`tls/${node}.keystore.pem`))?.toString('utf8');
    const at = keystore?.indexOf(keyEnd) ?? -1;
    if (keystore === undefined || at < 0) return undefined;
    const end = at + keyEnd.length;
    return Buffer.from(part === 'key' ? keystore.slice(0, end) : keystore.slice(end));
  }

  return {
    read: async (id) => (await copyOf(id)) ?? (await store.read(id)),
    async write(id, bytes) {
      if ((await copyOf(id))?.equals(bytes) !== true) await store.write(id, bytes);
    },
    create: async (id, bytes) => (await copyOf(id)) === undefined && (await store.create(id, bytes)),
    async list() {
      const ids = await store.list();
      const copies = ids.flatMap((id) => {
        const node = /^tls\/(.+)\.keystore\.pem$/.exec(id)?.[1];
        return node === undefined ? [] : [`tls/${node}.pem`, `tls/${node}.key.pem`];
      });
      return [...new Set([...ids, ...copies])].sort();
    },
  };
}

function copyId(id: string): { readonly node: string; readonly part: 'key' | 'chain' } | undefined {
  const [, node, key] = /^tls\/([^/]+?)(\.key)?\.pem$/.exec(id) ?? [];
  if (node === undefined || node.endsWith('.keystore')) return undefined;
  return { node, part: key === undefined ? 'chain' : 'key' };
}
