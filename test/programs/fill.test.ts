/** How a node's files get what only the node knows: whole or not at all, with their modes, and without a value in anything that is said. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fillConfigShape } from '../../contracts/fill-config.ts';
import { formatNodeList, type ListedFile, parseNodeList } from '../../contracts/node-list.ts';
import { fillFiles } from '../../programs/fill/fill.ts';
import { type SecretSource, secretSource } from '../../programs/fill/secret-source.ts';
import { requires } from '../requirements.ts';

let folder: string;
let said: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ensemble-fill-'));
  said = [];
  await mkdir(join(folder, 'objects'));
  await mkdir(join(folder, 'secrets', 'tokens'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = (waitMs = 0) =>
  fillConfigShape.parse({
    list: join(folder, 'list'),
    objects: join(folder, 'objects'),
    secrets: { kind: 'folder', path: join(folder, 'secrets') },
    facts: { zone: 'zone-a' },
    waitMs,
  });

const late = (name: string, template: string, more: Partial<ListedFile> = {}): ListedFile => {
  const sha256 = createHash('sha256').update(template).digest('hex');
  writeFileSync(join(folder, 'objects', sha256), template);
  return {
    sha256,
    late: true,
    mode: 0o640,
    owner: 'root',
    key: `nodes/n/files/${name}`,
    path: join(folder, 'etc', name),
    ...more,
  };
};
const listOf = (...files: readonly ListedFile[]) => {
  const empty = parseNodeList('ensemble-node-list 1\nenvironment e\nnode n\nend\n');
  return parseNodeList(formatNodeList({ ...empty, accounts: [{ name: 'service', id: 20_123 }], files }));
};
const fill = async (
  files: readonly ListedFile[],
  { waitMs = 0, source, pause }: { waitMs?: number; source?: SecretSource; pause?: () => Promise<void> } = {},
) =>
  await fillFiles(listOf(...files), config(waitMs), {
    source: source ?? (await secretSource(config().secrets, { environment: 'e', node: 'n' })),
    tell: (line) => void said.push(line),
    pause: pause ?? (() => Promise.resolve()),
  });

const { it: asRoot } = requires('root');

describe('fill', () => {
  asRoot('puts secrets and facts where the template has them, with the file’s mode and owner', async () => {
    writeFileSync(join(folder, 'secrets', 'tokens', 'a'), 's3cret');
    const file = late(
      'a.conf',
      'token=<<ensemble secret tokens/a>>\nzone=<<ensemble fact zone>>\n<<ensemble literal>>\n',
      { mode: 0o600, owner: 'service' },
    );
    expect(await fill([file])).toEqual([file.path]);
    expect(readFileSync(file.path, 'utf8')).toBe('token=s3cret\nzone=zone-a\n<<ensemble\n');
    expect(statSync(file.path)).toMatchObject({ mode: 0o100600, uid: 20_123, gid: 20_123 });
    expect(await fill([file])).toEqual([]);
    expect(await readdir(join(folder, 'etc'))).toEqual(['a.conf']);
  });

  asRoot('writes anew what was changed by hand, and over what a crash left beside it', async () => {
    const file = late('a.conf', '<<ensemble fact zone>>');
    await fill([file]);
    writeFileSync(file.path, 'other');
    writeFileSync(join(folder, 'etc', '.a.conf.ensemble'), 'half');
    expect(await fill([file])).toEqual([file.path]);
    expect(readFileSync(file.path, 'utf8')).toBe('zone-a');
    expect(await readdir(join(folder, 'etc'))).toEqual(['a.conf']);
  });

  asRoot('waits for a secret that is not there yet, says which one it is, and goes on when it comes', async () => {
    const file = late('a.conf', '<<ensemble secret tokens/a>>');
    let looks = 0;
    const pause = () => {
      looks += 1;
      if (looks === 3) writeFileSync(join(folder, 'secrets', 'tokens', 'a'), 's3cret');
      return Promise.resolve();
    };
    expect(await fill([file], { waitMs: 60_000, pause })).toEqual([file.path]);
    expect(looks).toBe(3);
    expect(said).toEqual([`waits for tokens/a in the folder ${join(folder, 'secrets')}`]);
    expect(said.join()).not.toContain('s3cret');
  });

  test('gives up after its time, naming the ids alone, and leaves every file as it was', async () => {
    const files = [late('zone.conf', '<<ensemble fact zone>>'), late('a.conf', '<<ensemble secret tokens/a>>')];
    await expect(fill(files)).rejects.toMatchObject({
      code: 'FILL_SECRETS_MISSING',
      message: expect.stringContaining('tokens/a'),
    });
    await expect(readdir(join(folder, 'etc'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    [
      'a marker that it does not know',
      (file: ListedFile) => file,
      '<<ensemble moon phase>>',
      'LATE_TEMPLATE_UNREADABLE',
    ],
    [
      'an object that is not what the list says',
      (file: ListedFile) => ({ ...file, sha256: '0'.repeat(64) }),
      'x',
      'FILL_OBJECT_DAMAGED',
    ],
    [
      'an owner that the list has no account of',
      (file: ListedFile) => ({ ...file, owner: 'nobody' }),
      'x',
      'FILL_OWNER_UNKNOWN',
    ],
  ])('refuses %s, and writes nothing', async (_, spoil, template, code) => {
    const good = late('good.conf', '<<ensemble fact zone>>');
    await expect(fill([good, spoil(late('a.conf', template))])).rejects.toMatchObject({ code });
    await expect(readdir(join(folder, 'etc'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('refuses an object whose bytes were changed', async () => {
    const file = late('a.conf', '<<ensemble fact zone>>');
    writeFileSync(join(folder, 'objects', file.sha256), 'other');
    await expect(fill([file])).rejects.toMatchObject({ code: 'FILL_OBJECT_DAMAGED' });
  });
});
