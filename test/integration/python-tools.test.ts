/** Python's tools for the other tests: made once, whole, and of the listed bytes alone. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { requires } from '../requirements.ts';
import { pythonTools } from './python-tools.ts';

const { describe, it } = requires('python');

describe("upstream's client", () => {
  it('is there in the version that the list names, in an environment that is made once', async () => {
    const [{ python }, again] = await Promise.all([pythonTools('argo-ams-library'), pythonTools('argo-ams-library')]);
    expect(again.python).toBe(python);
    const version = "import argo_ams_library, importlib.metadata as m; print(m.version('argo-ams-library'))";
    expect(execFileSync(python, ['-c', version], { encoding: 'utf8' }).trim()).toBe('1.0.0');
    const madeAt = statSync(python).birthtimeMs;
    await pythonTools('argo-ams-library');
    expect(statSync(python).birthtimeMs).toBe(madeAt);
  });
});

describe('a list of packages', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ensemble-python-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('with another hash than the package has is refused, and the environment is not taken for whole', async () => {
    const committed = readFileSync(join(import.meta.dirname, 'python', 'argo-ams-library.txt'), 'utf8');
    const [, idna = ''] = /^(idna==\S+) /m.exec(committed) ?? [];
    const requirements = join(folder, 'wrong.txt');
    writeFileSync(requirements, `${idna} --hash=sha256:${'0'.repeat(64)}\n`);
    const make = pythonTools('argo-ams-library', { cacheDirectory: folder, requirements });
    await expect(make).rejects.toThrow(/HASH/i);
    const made = readdirSync(folder).filter((name) => name.startsWith('python-argo-ams-library-'));
    expect(made.map((name) => existsSync(join(folder, name, 'whole')))).toEqual([false]);
  });
});
