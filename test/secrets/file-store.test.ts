/** Secrets as files: readable by their owner only, whole or not there, and no id leads out of the folder. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileStore } from '../../secrets/file-store.ts';

describe('the file store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ensemble-secrets-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

  it('gives back what was written, and undefined for what was not', async () => {
    const store = fileStore(join(folder, 'secrets'));
    expect(await store.list()).toEqual([]);
    await store.write('tls/a.pem', Buffer.from('one'));
    await store.write('tls/a.pem', Buffer.from('two'));
    expect((await store.read('tls/a.pem'))?.toString()).toBe('two');
    expect(await store.read('tls/b.pem')).toBeUndefined();
    expect(await store.list()).toEqual(['tls/a.pem']);
  });

  it('keeps files for their owner only, in a folder that was open to others before', async () => {
    chmodSync(folder, 0o755);
    await fileStore(folder).write('tls/a.pem', Buffer.from('x'));
    expect([modeOf(folder), modeOf(join(folder, 'tls')), modeOf(join(folder, 'tls/a.pem'))]).toEqual([
      '700',
      '700',
      '600',
    ]);
  });

  it('creates a secret for one of many who try at once', async () => {
    const store = fileStore(folder);
    const tries = Array.from({ length: 20 }, (_, index) => store.create('tls/a.pem', Buffer.from(String(index))));
    const won = await Promise.all(tries);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await store.read('tls/a.pem'))?.toString()).toBe(String(won.indexOf(true)));
  });

  it('leaves no scratch file behind, and does not list one of a run that was killed', async () => {
    const store = fileStore(folder);
    await store.create('tls/a.pem', Buffer.from('x'));
    await store.create('tls/a.pem', Buffer.from('y'));
    expect(readdirSync(join(folder, 'tls'))).toEqual(['a.pem']);
    writeFileSync(join(folder, 'tls', '.b.pem.killed'), '');
    expect(await store.list()).toEqual(['tls/a.pem']);
  });

  it.each(['../a', 'tls/../../a', '/etc/passwd', 'tls//a', 'tls/.hidden', '', 'TLS/a', 'a\0b'])(
    'refuses the id %j',
    async (id) => {
      const store = fileStore(folder);
      await expect(store.read(id)).rejects.toMatchObject({ code: 'SECRETS_BAD_ID' });
      await expect(store.write(id, Buffer.from('x'))).rejects.toMatchObject({ code: 'SECRETS_BAD_ID' });
    },
  );

  it('says which path the file system refused', async () => {
    mkdirSync(join(folder, 'tls'));
    writeFileSync(join(folder, 'tls', 'file'), '');
    await expect(fileStore(folder).write('tls/file/a.pem', Buffer.from('x'))).rejects.toMatchObject({
      code: 'SECRETS_STORE_UNUSABLE',
      message: expect.stringContaining(join(folder, 'tls/file/a.pem')),
    });
  });
});
