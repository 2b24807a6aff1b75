/**
 * The form that the house asks for, as data: every rule takes the files of a tree and names each place that breaks it. Rules read the syntax tree
 * where words in strings and comments must not count. Exports that nobody uses are in dead-exports.ts; arrows between rooms in .dependency-cruiser.cjs.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { tierGlobs } from '../../vitest.config.ts';
import { deadExports } from './dead-exports.ts';

export interface SourceFile {
  /** From the root of the tree, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Untidy {
  readonly rule: string;
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

type Rule = (files: readonly SourceFile[]) => readonly Untidy[];

/** "About 300" in the house rules. */
const maximumLines = 320;
const code = /\.(ts|js|cjs|mjs|sh)$/;
const script = /\.(ts|js|cjs|mjs)$/;
const sayNothing = /^(utils?|helpers?|managers?|common|misc)$/;
const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
/** Rule 6 of the house: a target branches on a group's identity. */
const targetRooms = /^(stacks|charts|drivers)\//;
const serviceOrRole = /zookeeper|kafka|mongodb|haproxy|(?<![a-z])(masters?|workers?)(?![a-z])/i;
/** What a cloud, or ip(8), calls things of its own. */
const othersWords = new Set(['kmsMasterKeyId', ' master ']);
// Written so that they do not find themselves.
const machinePath = /(?<![\w.-])\/(root|home|w[o]rk|tmp\/[a-z]+)\//;
/** MongoDB's own repository, which provision/ names, is the one package source that a node has. */
const registryHost = /https?:\/\/(?!repo\.mongodb\.org\/)(registry|repo1?|proxy|deb|pypi)[a-z0-9.-]*\.(org|com)/;

/** Every fault of the tree, in the order of the rules. */
export function findUntidiness(files: readonly SourceFile[]): readonly Untidy[] {
  return rules.flatMap((rule) => rule(files));
}

/** The text files under `root`: what is generated, installed or fetched is left out, as .gitignore does. */
export function readTree(root: string, folder = ''): readonly SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((item) => {
    const path = folder === '' ? item.name : `${folder}/${item.name}`;
    if (item.isDirectory()) {
      const ours = item.name === '.ci' || item.name === '.github' || !item.name.startsWith('.');
      return ours && item.name !== 'node_modules' && item.name !== 'coverage' ? readTree(root, path) : [];
    }
    if (!item.isFile() || path === 'package-lock.json' || item.name.endsWith('.log')) return [];
    const text = readFileSync(join(root, path), 'utf8');
    return text.includes('\0') ? [] : [{ path, text }];
  });
}

const rules: readonly Rule[] = [
  perFile('length', (file) => {
    const lines = file.text.trimEnd().split('\n').length;
    return code.test(file.path) && lines > maximumLines
      ? [at(1, `${lines} lines, ${maximumLines} at most: is that one module or two?`)]
      : [];
  }),
  perFile('name', ({ path }) => {
    if (!code.test(path)) return [];
    const segments = path.split('/');
    const empty = segments.find((segment) => segment.split(/[-.]/).some((word) => sayNothing.test(word)));
    const odd = segments.find((segment) => !kebab.test(segment));
    return [
      ...(empty === undefined ? [] : [at(1, `${empty} says nothing: name the file for what it exports`)]),
      ...(odd === undefined ? [] : [at(1, `${odd} is not kebab-case`)]),
    ];
  }),
  perFile('opening', ({ path, text }) => {
    if (!code.test(path)) return [];
    const start = text.replace(/^#!.*\n/, '').trimStart();
    const opens = path.endsWith('.sh') ? start.startsWith('#') : /^\/[/*]/.test(start);
    return opens
      ? []
      : [at(1, 'the module does not open with a comment: what it is, why it exists, where its facts come from')];
  }),
  perFile('tier', ({ path, text }) => {
    if (!script.test(path)) return [];
    const isTest = /\.(test|spec)\.[a-z]+$/.test(path) || declaresTests(path, text);
    const tiers = Object.entries(tierGlobs).filter(
      ([, { include, exclude }]) => matches(path, include) && !matches(path, exclude),
    );
    if (!isTest || tiers.length === 1) return [];
    return [
      at(
        1,
        tiers.length === 0 ? 'no tier of vitest.config.ts runs these tests' : 'more than one tier runs these tests',
      ),
    ];
  }),
  perFile('left-out', (file) =>
    file.path === 'test/requirements.ts'
      ? []
      : inTests(file, (node) => {
          const called = ts.isPropertyAccessExpression(node)
            ? /^(describe|it|test)\b.*\.(only|skip|todo|skipIf|runIf|fails)$/.exec(node.getText())
            : null;
          return called === null
            ? undefined
            : `${called[0]}: every test runs; what the machine lacks is asked for through test/requirements.ts`;
        }),
  ),
  perFile('sleep', (file) =>
    inTests(file, (node) =>
      isFixedSleep(node) ? 'a fixed sleep: wait for the condition with a bounded poll' : undefined,
    ),
  ),
  perFile('role-or-service', (file) => {
    if (!targetRooms.test(file.path) || !script.test(file.path)) return [];
    return inSyntax(file, (node) => {
      const word = nameOrText(node);
      if (word === undefined || othersWords.has(word) || !serviceOrRole.test(word.replace(/([a-z])([A-Z])/g, '$1 $2')))
        return undefined;
      return `${word}: a target branches on a group's identity, never on the name of a role or a service`;
    });
  }),
  perFile('machine', ({ text }) =>
    text.split('\n').flatMap((line, index) => {
      const found = machinePath.exec(line) ?? registryHost.exec(line);
      return found === null ? [] : [at(index + 1, `${found[0]} belongs to one machine or to a package registry`)];
    }),
  ),
  deadExports,
];

interface Place {
  readonly line: number;
  readonly message: string;
}

function at(line: number, message: string): Place {
  return { line, message };
}

function perFile(rule: string, check: (file: SourceFile) => readonly Place[]): Rule {
  return (files) => files.flatMap((file) => check(file).map((place) => ({ rule, path: file.path, ...place })));
}

/** The globs of vitest.config.ts use no more than `**` and `*`. */
function matches(path: string, globs: readonly string[]): boolean {
  return globs.some((glob) => {
    const pattern = glob
      .replace(/[.+()]/g, '\\$&')
      .replace(/\*\*\/|\*\*|\*/g, (stars) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*' })[stars] ?? '');
    return new RegExp(`^${pattern}$`).test(path);
  });
}

function declaresTests(path: string, text: string): boolean {
  const imports = ts.preProcessFile(text).importedFiles.some((file) => file.fileName === 'vitest');
  return path.startsWith('test/') && imports && /^\s*(describe|it|test)\b[\w.]*\(/m.test(text);
}

function inTests(file: SourceFile, say: (node: ts.Node) => string | undefined): readonly Place[] {
  return file.path.startsWith('test/') && script.test(file.path) ? inSyntax(file, say) : [];
}

function inSyntax(file: SourceFile, say: (node: ts.Node) => string | undefined): readonly Place[] {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const places: Place[] = [];
  const visit = (node: ts.Node): void => {
    const message = say(node);
    if (message !== undefined) places.push(at(tree.getLineAndCharacterOfPosition(node.getStart()).line + 1, message));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return places;
}

/** `sleep(5)`, `setTimeout(5)` (the promise) or `setTimeout(resolve, 5)` outside a loop; in a loop it is the interval of a poll. */
function isFixedSleep(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return false;
  const [first, second] = node.arguments;
  const name = node.expression.text;
  const sleeps =
    /^(sleep|delay|wait)$/.test(name) ||
    (name === 'setTimeout' &&
      first !== undefined &&
      (ts.isNumericLiteral(first) || (ts.isIdentifier(first) && second !== undefined && !ts.isIdentifier(second))));
  if (!sleeps) return false;
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
    if (ts.isIterationStatement(outer, false)) return false;
  }
  return true;
}

function nameOrText(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) || ts.isTemplateLiteralToken(node)) return node.text;
  if (!ts.isStringLiteral(node)) return undefined;
  return ts.isImportDeclaration(node.parent) ? undefined : node.text; // clients/kafka.ts may be imported; its names still count
}
