/** bin/bundle.js in a checkout of its own: a bundle is made when a source changed, whole or not at all, and its stacks name the sources. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installationRoot } from '../../platform/installation-root.ts';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the installed command', () => {
  let checkout: string;

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'ensemble-bundle-'));
    const root = installationRoot();
    cpSync(join(root, 'bin'), join(checkout, 'bin'), { recursive: true });
    cpSync(join(root, 'package.json'), join(checkout, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
    mkdirSync(join(checkout, 'scripts'));
    mkdirSync(join(checkout, 'stacks'));
    write('stacks/main.ts', "import { greet } from '../scripts/greet.ts';\ngreet(await Promise.resolve('stacks'));\n");
    write(
      'scripts/ensemble.ts',
      "import { Command } from 'commander';\nconst lazy = await import('./greet.ts');\nlazy.greet(new Command('x').name());\n",
    );
    write('scripts/greet.ts', 'export function greet(name: string): void {\n  console.log("hello " + name);\n}\n');
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  const write = (path: string, text: string) => writeFileSync(join(checkout, path), text);
  const builds = () => readdirSync(join(checkout, '.build'));
  const run = (entry = 'ensemble'): Promise<Outcome> =>
    new Promise((resolve) => {
      execFile(process.execPath, [join(checkout, 'bin', `${entry}.js`)], (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });

  it('builds at its first run and uses the same build at the second', async () => {
    expect(await run()).toEqual({ status: 0, stdout: 'hello x\n', stderr: '' });
    const first = builds();
    expect(first).toHaveLength(1);
    // Without the compiler: an unchanged checkout must not so much as load it.
    rmSync(join(checkout, 'node_modules'));
    mkdirSync(join(checkout, 'node_modules'));
    symlinkSync(join(installationRoot(), 'node_modules/commander'), join(checkout, 'node_modules/commander'));
    expect(await run()).toEqual({ status: 0, stdout: 'hello x\n', stderr: '' });
    expect(builds()).toEqual(first);
  });

  it('runs a changed source, and keeps the former build for a command that still runs from it', async () => {
    await run();
    write('scripts/greet.ts', 'export const greet = (name: string) => console.log("goodbye " + name);\n');
    expect(await run()).toMatchObject({ stdout: 'goodbye x\n' });
    expect(builds()).toHaveLength(2);
  });

  it('runs the program that cdktf runs from the same build', async () => {
    await run();
    expect(await run('synth')).toEqual({ status: 0, stdout: 'hello stacks\n', stderr: '' });
    expect(builds()).toHaveLength(1);
  });

  it('ends with one build when several runs build at once', async () => {
    const outcomes = await Promise.all([run(), run(), run()]);
    expect(outcomes.map((outcome) => outcome.stdout)).toEqual(['hello x\n', 'hello x\n', 'hello x\n']);
    expect(builds()).toHaveLength(1);
  });

  it('drops builds that nobody used for days, but never the newest three', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      mkdirSync(join(checkout, '.build', name), { recursive: true });
      const longAgo = new Date(name === 'a' ? '2020-01-02' : '2020-01-01');
      utimesSync(join(checkout, '.build', name), longAgo, longAgo);
    }
    mkdirSync(join(checkout, '.build', 'used-today'));
    await run();
    expect(builds()).toHaveLength(3);
    expect(builds()).toEqual(expect.arrayContaining(['a', 'used-today']));
  });

  it('names the source file and line in a stack', async () => {
    write(
      'scripts/greet.ts',
      'interface Unused {\n  a: 1;\n}\nexport function greet(_: string) {\n  throw new Error("no");\n}\n',
    );
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toContain('scripts/greet.ts:5:9');
  });

  it('reports a source that does not compile and leaves no half-made build', async () => {
    write('scripts/greet.ts', 'export function {');
    const { status, stderr } = await run();
    expect(status).toBe(1);
    expect(stderr).toContain('scripts/greet.ts:1:16');
    expect(builds()).toEqual([]);
  });

  it('compiles as it loads, and says so, where .build cannot be written', async () => {
    write('.build', 'a file in the place of the folder');
    const { status, stdout, stderr } = await run();
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'hello x\n' });
    expect(stderr).toContain('cannot be written (EEXIST)');
    expect(existsSync(join(checkout, 'scripts/ensemble.ts'))).toBe(true);
  });
});
