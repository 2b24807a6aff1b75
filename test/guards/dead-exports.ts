/**
 * Exports that nobody uses. A value needs a use outside test/, unless its docstring carries TSDoc's `@internal` and a test uses it; a type needs
 * its name to be used at all, in its own module too, since it names the shape of what the module exports. `import *` and `import()` count as a use
 * of the whole module. A default export is for a tool (vitest.config.ts) and is not looked at.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import type { SourceFile, Untidy } from './tidy.ts';

interface Exported {
  readonly name: string;
  readonly kind: 'value' | 'type';
  readonly internal: boolean;
  readonly line: number;
}

interface Module {
  readonly path: string;
  readonly inTests: boolean;
  readonly exports: readonly Exported[];
  /** `path#name`, or `path#*` for the whole module. */
  readonly uses: ReadonlySet<string>;
  /** How often each identifier occurs. */
  readonly words: ReadonlyMap<string, number>;
}

export function deadExports(files: readonly SourceFile[]): readonly Untidy[] {
  const modules = files.filter((file) => /\.(ts|js|mjs)$/.test(file.path)).map(readModule);
  const usedBy = (tests: boolean) =>
    new Set(modules.filter((module) => module.inTests === tests).flatMap((module) => [...module.uses]));
  const product = usedBy(false);
  const tests = usedBy(true);
  const words = new Map<string, number>();
  for (const module of modules)
    for (const [word, count] of module.words) words.set(word, (words.get(word) ?? 0) + count);

  return modules
    .filter((module) => !module.inTests)
    .flatMap(({ path, exports }) =>
      exports.flatMap(({ name, kind, internal, line }) => {
        const used = (uses: ReadonlySet<string>) => uses.has(`${path}#${name}`) || uses.has(`${path}#*`);
        const alive = used(product) || (used(tests) && internal) || (kind === 'type' && (words.get(name) ?? 0) > 1);
        if (alive) return [];
        const message = used(tests)
          ? 'only tests use it: drop it, or mark it @internal'
          : 'nobody imports it: drop it, or its export';
        return [{ rule: 'dead-export', path, line, message: `${name}: ${message}` }];
      }),
    );
}

function readModule({ path, text }: SourceFile): Module {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const uses = new Set<string>();
  const words = new Map<string, number>();
  const exports = tree.statements.flatMap((statement) => declared(statement, tree));
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) words.set(node.text, (words.get(node.text) ?? 0) + 1);
    for (const use of usesOf(node, path)) uses.add(use);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { path, inTests: path.startsWith('test/'), exports, uses, words };
}

function declared(statement: ts.Statement, tree: ts.SourceFile): readonly Exported[] {
  const line = tree.getLineAndCharacterOfPosition(statement.getStart()).line + 1;
  const internal = ts.getJSDocTags(statement).some((tag) => tag.tagName.text === 'internal');
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    if (clause === undefined || !ts.isNamedExports(clause)) return [];
    return clause.elements.map((element) => {
      const kind = statement.isTypeOnly || element.isTypeOnly ? 'type' : 'value';
      return { name: element.name.text, kind, internal, line };
    });
  }
  const flags = ts.canHaveModifiers(statement)
    ? (ts.getModifiers(statement) ?? []).map((modifier) => modifier.kind)
    : [];
  if (!flags.includes(ts.SyntaxKind.ExportKeyword) || flags.includes(ts.SyntaxKind.DefaultKeyword)) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [{ name: name.text, kind: 'value' as const, internal, line }] : [],
    );
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    return statement.name === undefined ? [] : [{ name: statement.name.text, kind: 'value', internal, line }];
  }
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
    return [{ name: statement.name.text, kind: 'type', internal, line }];
  }
  return [];
}

function usesOf(node: ts.Node, from: string): readonly string[] {
  if (ts.isImportDeclaration(node)) {
    const target = resolve(node.moduleSpecifier, from);
    const bindings = node.importClause?.namedBindings;
    if (target === undefined || bindings === undefined) return [];
    if (ts.isNamespaceImport(bindings)) return [`${target}#*`];
    return bindings.elements.map((element) => `${target}#${(element.propertyName ?? element.name).text}`);
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    const target = resolve(node.moduleSpecifier, from);
    if (target === undefined) return [];
    const clause = node.exportClause;
    if (clause === undefined || !ts.isNamedExports(clause)) return [`${target}#*`];
    return clause.elements.map((element) => `${target}#${(element.propertyName ?? element.name).text}`);
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const target = resolve(node.arguments[0], from);
    return target === undefined ? [] : [`${target}#*`];
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    const target = resolve(node.argument.literal, from);
    return target === undefined ? [] : [`${target}#*`];
  }
  return [];
}

function resolve(specifier: ts.Node | undefined, from: string): string | undefined {
  if (specifier === undefined || !ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return undefined;
  return posix.normalize(posix.join(posix.dirname(from), specifier.text));
}
