/** The zip that a function's code goes into, read back by a reader of somebody else's: Python's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storedZip } from '../../artifacts/stored-zip.ts';
import { requires } from '../requirements.ts';

const entries = [
  { path: 'b.mjs', bytes: Buffer.from('export const handler = () => 1;\n') },
  { path: 'a/empty', bytes: Buffer.alloc(0) },
];

describe('a stored zip', () => {
  it('has the same bytes whatever the order of its entries', () => {
    expect(storedZip([...entries].reverse())).toEqual(storedZip(entries));
  });

  it('has other bytes for another content or name', () => {
    const [first = { path: '', bytes: Buffer.alloc(0) }] = entries;
    expect(storedZip([first])).not.toEqual(storedZip([{ ...first, bytes: Buffer.from('x') }]));
    expect(storedZip([first])).not.toEqual(storedZip([{ ...first, path: 'c.mjs' }]));
  });
});

requires('python').describe('a stored zip, as another program reads it', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ensemble-zip-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (zip: Buffer) => {
    writeFileSync(join(folder, 'code.zip'), zip);
    const program =
      'import sys,zipfile,json;z=zipfile.ZipFile(sys.argv[1]);print(json.dumps([z.testzip(),[[i.filename,z.read(i).decode(),oct(i.external_attr>>16),i.date_time[0]] for i in z.infolist()]]))';
    return spawnSync('python3', ['-c', program, join(folder, 'code.zip')], { encoding: 'utf8', timeout: 20_000 });
  };

  it('is whole, with each file’s content and everybody’s right to read it', () => {
    expect(JSON.parse(read(storedZip(entries)).stdout)).toEqual([
      null,
      [
        ['a/empty', '', '0o100644', 1980],
        ['b.mjs', 'export const handler = () => 1;\n', '0o100644', 1980],
      ],
    ]);
  });

  it('does not pass for whole once a byte of a file has changed', () => {
    const zip = storedZip(entries);
    zip[zip.indexOf('handler')] = 0x48;
    expect(read(zip).stderr).toContain('Bad CRC-32');
  });
});
