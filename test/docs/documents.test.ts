/** The documents tell the truth where a machine can tell: commands, options, exit statuses and links; each check is seen to catch its fault. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { installationRoot } from '../../platform/installation-root.ts';
import { readTree } from '../guards/tidy.ts';
import { commandFaults, type Document, type Helps, linkFaults, statusFaults } from './documents.ts';

const root = installationRoot();

async function helpOf(script: string, ...words: readonly string[]): Promise<string> {
  // Not the bundle: help needs the command line's own module and nothing else, and so neither does this.
  const command = ['--import', 'tsx', join(root, 'scripts', script), ...words, '--help'];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root });
  return stdout;
}

/** Help is asked for level by level: names stand below "Commands:", two spaces in. */
async function readHelps(words: readonly string[] = []): Promise<readonly (readonly [string, string])[]> {
  const help = await helpOf('ensemble.ts', ...words);
  const [, below = ''] = help.split('Commands:\n');
  const names = [...below.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  const inner = await Promise.all(names.map((name) => readHelps([...words, name])));
  return [[words.join(' '), help] as const, ...inner.flat()];
}

describe('the documents', () => {
  let helps: Helps;
  let documents: readonly Document[];
  let files: ReadonlyMap<string, string>;

  beforeAll(async () => {
    helps = new Map([...(await readHelps()), ['npm run create-topics --', await helpOf('create-topics.ts')] as const]);
    const tree = readTree(root);
    documents = tree.filter(({ path }) => path.endsWith('.md'));
    files = new Map(tree.map(({ path, text }) => [path, text]));
  }, 60_000); // a process for each command's help

  it('name commands that there are, with options that they have', () => {
    expect([...helps.keys()]).toEqual(expect.arrayContaining(['up', 'down', 'topics apply']));
    expect(documents.flatMap((document) => commandFaults(document, helps))).toEqual([]);
  });

  it('state the exit statuses of every command in README.md as its help does', () => {
    const readme = documents.find(({ path }) => path === 'README.md');
    expect(readme === undefined ? ['no README.md'] : statusFaults(readme, helps)).toEqual([]);
  });

  it('state in docs/topics.md the exit statuses of every topics command', () => {
    const guide = documents.find(({ path }) => path === 'docs/topics.md');
    const ours = new Map([...helps].filter(([name]) => name.startsWith('topics')));
    expect(guide === undefined ? ['no docs/topics.md'] : statusFaults(guide, ours)).toEqual([]);
  });

  it('have no link that leads nowhere', () => {
    expect(documents.length).toBeGreaterThan(10);
    expect(documents.flatMap((document) => linkFaults(document, files))).toEqual([]);
  });
});

describe('the checks of the documents', () => {
  const helps: Helps = new Map([
    ['', 'Usage: ensemble'],
    ['up', 'Usage: ensemble up\n  -e, --environment <name>  a file\nExit statuses:\n  0 up\n  1 an error'],
    ['topics', 'Usage: ensemble topics'],
    ['topics plan', '  --json  as JSON\nExit statuses:\n  0 none'],
    ['topics reassign', 'Usage: ensemble topics reassign'],
    ['topics reassign cancel', '  -y, --yes  do not ask'],
    ['npm run create-topics --', '  --wait <seconds>'],
  ]);
  const commands = (text: string) => commandFaults({ path: 'a.md', text }, helps).length;

  it.each([
    '`ensemble fly`',
    '    npx ensemble fly now',
    '```\nensemble fly\n```\n',
    '`ensemble up --fast`',
    '`ensemble topics plan --environment a`',
    '`ensemble topics reassign cancel --no`',
    '    npm run create-topics -- --await 5',
    '```yaml\n  - npx ensemble fly\n```\n',
  ])('catch the command in %j', (text) => expect(commands(text)).toBe(1));

  it.each([
    '`ensemble up --environment a`',
    '    npx ensemble up -e a',
    '`ensemble topics plan --json`',
    '`npx ensemble COMMAND --help`',
    '`ensemble topics reassign cancel --yes`',
    '    npm run create-topics -- --wait 5',
    'an ensemble flies',
    '`ensemble`',
  ])('let %j pass', (text) => expect(commands(text)).toBe(0));

  it('catch a status that differs, one that is missing, and one of no command', () => {
    const faults = (text: string) => statusFaults({ path: 'a.md', text }, helps).length;
    const plan = '| `ensemble topics plan` | 0 none |';
    expect(faults(`| \`ensemble up\` | 0 up · 1 an error |\n${plan}\n`)).toBe(0);
    expect(faults(`| \`ensemble up\` | 0 up · 1 a fault |\n${plan}\n`)).toBe(1);
    expect(faults(`${plan}\n`)).toBe(1);
    expect(faults(`| \`ensemble up\` | 0 up · 1 an error |\n${plan}\n| \`ensemble fly\` | 0 flown |\n`)).toBe(1);
  });

  it('catch a link to a missing file or heading, and know other sites, code and the folder of the document', () => {
    const files = new Map([
      ['docs/a.md', '# One, two: `x`\n'],
      ['README.md', '# Top\n'],
    ]);
    const faults = (text: string) =>
      linkFaults({ path: 'docs/b.md', text }, new Map([...files, ['docs/b.md', text]])).length;
    expect(
      faults('[a](a.md) [b](../README.md#top) [c](a.md#one-two-x) [d](https://example.org/none) `[e](none.md)`'),
    ).toBe(0);
    expect(faults('# Here\n[a](#here)')).toBe(0);
    expect(faults('[a](none.md)')).toBe(1);
    expect(faults('[a](README.md)')).toBe(1);
    expect(faults('[a](a.md#three)')).toBe(1);
    expect(faults('[a](#there)')).toBe(1);
  });
});
