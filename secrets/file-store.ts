/** Secrets as files of one folder that only their owner may read (folders 700, files 600). Written beside and renamed, so that none is ever half there. */
import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { storeUnusable } from './errors.ts';
import { checkSecretId, type SecretStore } from './store.ts';

/** Opens nothing yet: the folder is made with the first secret. Its methods throw SECRETS_STORE_UNUSABLE when the file system refuses. */
export function fileStore(directory: string): SecretStore {
  const pathOf = (id: string) => join(directory, checkSecretId(id));

  async function put(
    id: string,
    bytes: Buffer,
    publish: (scratch: string, path: string) => Promise<boolean>,
  ): Promise<boolean> {
    const path = pathOf(id);
    try {
      const scratch = await writeScratch(path, bytes);
      try {
        return await publish(scratch, path);
      } finally {
        await rm(scratch, { force: true });
      }
    } catch (cause) {
      throw storeUnusable('written', path, cause);
    }
  }

  async function writeScratch(path: string, bytes: Buffer): Promise<string> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700); // it may have been there before, open to others
    const scratch = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
    const file = await open(scratch, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return scratch;
  }

  return {
    async read(id) {
      const path = pathOf(id);
      try {
        return await readFile(path);
      } catch (cause) {
        if (isCode(cause, 'ENOENT')) return undefined;
        throw storeUnusable('read', path, cause);
      }
    },
    async write(id, bytes) {
      await put(id, bytes, async (scratch, path) => {
        await rename(scratch, path);
        return true;
      });
    },
    create: (id, bytes) =>
      put(id, bytes, async (scratch, path) => {
        try {
          await link(scratch, path); // unlike a rename, refuses when the name is taken
          return true;
        } catch (error) {
          if (isCode(error, 'EEXIST')) return false;
          throw error;
        }
      }),
    async list() {
      try {
        const items = await readdir(directory, { recursive: true, withFileTypes: true });
        return items
          .filter((item) => item.isFile() && !item.name.startsWith('.'))
          .map((item) => relative(directory, join(item.parentPath, item.name)).split(sep).join('/'))
          .sort();
      } catch (cause) {
        if (isCode(cause, 'ENOENT')) return [];
        throw storeUnusable('listed', directory, cause);
      }
    },
  };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
