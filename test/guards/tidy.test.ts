/** The form of this repository, and the proof that each rule of test/guards/tidy.ts catches its fault and no lawful neighbour of it. */
import { describe, expect, it } from 'vitest';
import { installationRoot } from '../../platform/installation-root.ts';
import { findUntidiness, readTree } from './tidy.ts';

const opening = '/** What it is. */\n';
const lines = (count: number) => `${opening}${'//\n'.repeat(count - 1)}`;
const caught = (path: string, text: string, ...others: readonly { path: string; text: string }[]) =>
  findUntidiness([{ path, text }, ...others])
    .filter((fault) => fault.path === path)
    .map((fault) => fault.rule);
const inTest = (body: string) => caught('test/drivers/a.test.ts', `${opening}import { it } from 'vitest';\n${body}\n`);
const inDriver = (body: string) => caught('drivers/a.ts', `${opening}${body}\n`);

describe('the form of this repository', () => {
  it('is as the house asks', () => {
    const faults = findUntidiness(readTree(installationRoot()));
    expect(faults.map((fault) => `${fault.path}:${fault.line}: ${fault.rule}: ${fault.message}`)).toEqual([]);
  });
});

describe('the tidy check', () => {
  it('catches code of more than 320 lines, and leaves 320 lines and long documents alone', () => {
    expect(caught('drivers/a.ts', lines(321))).toEqual(['length']);
    expect(caught('artifacts/a.sh', `# Why.\n${'true\n'.repeat(320)}`)).toEqual(['length']);
    expect(caught('drivers/a.ts', lines(320))).toEqual([]);
    expect(caught('docs/a.md', 'text\n'.repeat(900))).toEqual([]);
  });

  it.each([
    'drivers/utils.ts',
    'drivers/helpers/a.ts',
    'drivers/topic-manager.ts',
    'common/a.ts',
    'drivers/misc.js',
    'drivers/myFile.ts',
    'drivers/My-file.ts',
    'drivers/a_b.sh',
  ])('catches the name %s', (path) =>
    expect(caught(path, path.endsWith('.sh') ? '# Why.\n' : opening)).toEqual(['name']),
  );

  it.each(['drivers/commonplace.ts', 'drivers/a.test-d.ts', '.dependency-cruiser.cjs', 'vitest.config.ts'])(
    'accepts the name %s',
    (path) => expect(caught(path, opening)).toEqual([]),
  );

  it('catches a module that does not open with a comment, after its shebang', () => {
    expect(caught('drivers/a.ts', 'const a = 1;\n')).toEqual(['opening']);
    expect(caught('bin/a.js', `#!/usr/bin/env node\n${opening}`)).toEqual([]);
    expect(caught('artifacts/a.sh', '#!/bin/sh\ntrue\n')).toEqual(['opening']);
    expect(caught('artifacts/a.sh', '#!/bin/sh\n# Why.\ntrue\n')).toEqual([]);
  });

  it('catches tests that no tier runs', () => {
    expect(caught('drivers/a.test.ts', opening)).toEqual(['tier']);
    expect(caught('test/drivers/a.test.js', opening)).toEqual(['tier']);
    expect(caught('test/drivers/a.spec.ts', opening)).toEqual(['tier']);
    expect(
      caught('test/drivers/forgotten.ts', `${opening}import { it } from 'vitest';\nit('works', () => {});\n`),
    ).toEqual(['tier']);
    expect(caught('test/long/deep/a.test.ts', opening)).toEqual([]);
    expect(caught('test/integration/a.test.ts', opening)).toEqual([]);
  });

  it.each([
    'it.only("x", () => {});',
    'it.skip("x", () => {});',
    'it.todo("x");',
    'describe.skip("x", () => {});',
    'it.concurrent.only("x", () => {});',
    'it.skipIf(true)("x", () => {});',
  ])('catches %s', (body) => expect(inTest(body)).toEqual(['left-out']));

  it('lets a test be repeated over cases, and speak of it.only in a string', () => {
    expect(inTest('it.each([1])("never it.only", () => {});')).toEqual([]);
  });

  it.each([
    'await sleep(500);',
    'await setTimeout(500);',
    'await new Promise((resolve) => setTimeout(resolve, 500));',
    'await delay(ms);',
  ])('catches the fixed sleep %s', (body) => expect(inTest(body)).toEqual(['sleep']));

  it('lets a poll wait between its looks, and a deadline fire', () => {
    expect(inTest('while (!ready()) { await sleep(50); }')).toEqual([]);
    expect(inTest('setTimeout(() => child.kill(), 5000);')).toEqual([]);
    expect(inTest('const nap = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));')).toEqual([]);
  });

  it.each([
    "if (role === 'workers') go();",
    'const kafkaHome = 1;',
    'start(`zookeeper-$' + '{id}`);',
    'const masters = 1;',
    "const a = { 'haproxy.cfg': 1 };",
  ])('catches a target that names a role or a service: %s', (body) =>
    expect(inDriver(body)).toEqual(['role-or-service']),
  );

  it('lets a target speak of services in comments, import the client, and use words that only contain a role', () => {
    expect(
      inDriver(
        "// Kafka's workers\nimport { admin } from '../clients/kafka.ts';\nadmin(); const masterful = 1; masterful;",
      ),
    ).toEqual([]);
    expect(caught('operations/a.ts', `${opening}const masters = 1;\nmasters;`)).toEqual([]);
  });

  it.each([
    ['a path of one machine', ['', 'home', 'someone', 'x'].join('/')],
    ['a package registry', ['https:', '', 'registry.example.org'].join('/')],
  ])('catches %s in any text file', (_, text) => expect(caught('README.md', `see ${text}\n`)).toEqual(['machine']));

  it('catches a value that nobody imports, or only tests, unless it is marked', () => {
    const value = `${opening}export function go() {}\n`;
    const user = (path: string) => ({
      path,
      text: `${opening}import { go } from '${path.startsWith('test/') ? '../../drivers/a.ts' : './a.ts'}';\ngo();\n`,
    });
    expect(caught('drivers/a.ts', value)).toEqual(['dead-export']);
    expect(caught('drivers/a.ts', value, user('test/drivers/b.test.ts'))).toEqual(['dead-export']);
    expect(caught('drivers/a.ts', value, user('drivers/b.ts'))).toEqual([]);
    expect(
      caught('drivers/a.ts', `${opening}\n/** @internal */\nexport function go() {}\n`, user('test/drivers/b.test.ts')),
    ).toEqual([]);
    expect(caught('drivers/a.ts', `${opening}\n/** @internal */\nexport function go() {}\n`)).toEqual(['dead-export']);
  });

  it('counts a lazy import as a use of the whole module, and an export under another name as that name', () => {
    const lazy = { path: 'scripts/b.ts', text: `${opening}const a = await import('../drivers/a.ts');\na.go();\n` };
    expect(caught('drivers/a.ts', `${opening}export const go = 1;\n`, lazy)).toEqual([]);
    expect(caught('drivers/a.ts', `${opening}const went = 1;\nexport { went as go };\n`)).toEqual(['dead-export']);
  });

  it('catches a type that nobody names, and keeps one that says what its module exports', () => {
    expect(caught('drivers/a.ts', `${opening}export interface Lost { a: 1 }\n`)).toEqual(['dead-export']);
    const both = `${opening}export interface Found { a: 1 }\nexport const found: Found = { a: 1 };\n`;
    expect(
      caught('drivers/a.ts', both, {
        path: 'drivers/b.ts',
        text: `${opening}import { found } from './a.ts';\nfound;\n`,
      }),
    ).toEqual([]);
  });
});
