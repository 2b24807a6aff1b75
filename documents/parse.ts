/**
 * Text that a person wrote (YAML, or JSON, which is YAML too) -> a typed value, or every fault in it with its line and column.
 *
 * zod says what is wrong at a path (issue.ts has our words for it); yaml says where that path stands in the text (position.ts); this module
 * joins the two. Faults that need several fields are added by the caller with `Parsed.fault`.
 */
import { isAlias, parseDocument as parseYaml, visit, type Document as YamlDocument } from 'yaml';
import type { z } from 'zod';
import { type Draft, draftOf } from './draft.ts';
import { DocumentError, type Fault } from './fault.ts';
import { sayIssue } from './issue.ts';
import { offsetOf, placeOf } from './position.ts';
import { describe, formatPath, isMapping, type Path } from './words.ts';

export { describe, nearest, oneOf, type Path } from './words.ts';

export interface Source {
  /** As the person named it; it opens every fault. */
  readonly file: string;
  readonly text: string;
}

export interface Parsed<T> {
  /** The whole value where the schema accepts it. */
  readonly value: T | undefined;
  /** The top-level fields that the schema accepts, each whole. */
  readonly partial: Partial<T>;
  /** Every field that is good by itself, at any depth, so that checks across fields still run beside other faults. */
  readonly draft: Draft<T>;
  /** Faults so far; `fault` adds to them. */
  readonly faults: readonly Fault[];
  /** Adds a fault at a path (at the nearest existing parent where the path itself is missing). */
  fault(path: Path, said: { expected: string; found: string; next: string }): void;
  /** The value, or a DocumentError with every fault, in the order of the file. */
  require(code: string): T;
}

/** Aliases that a file may use; more are a file made to exhaust memory. */
const maximumAliases = 100;

/** Shape: an object schema at the top. Never throws on bad input: faults are values until `require`. */
export function parseDocument<S extends z.ZodObject>(source: Source, schema: S): Parsed<z.output<S>> {
  const faults: Fault[] = [];
  const addAt = (offset: number, path: Path, said: Omit<Fault, 'file' | 'line' | 'column' | 'path'>) => {
    faults.push({
      file: source.file,
      ...placeOf(source.text, offset),
      path: formatPath(path),
      expected: said.expected,
      found: said.found,
      next: said.next,
    });
  };

  const document = readYaml(source.text);
  const fault: Parsed<unknown>['fault'] = (path, said) =>
    addAt(document === undefined ? 0 : offsetOf(document, path), path, said);
  const syntax = document === undefined ? [tooDeep] : syntaxFaults(document);
  for (const { offset, ...said } of syntax) addAt(offset, [], said);

  const raw: unknown =
    document === undefined || syntax.length > 0 ? undefined : document.toJS({ maxAliasCount: maximumAliases });
  if (syntax.length === 0 && !isMapping(raw)) {
    fault([], { expected: 'a mapping of fields', found: describe(raw), next: `start with ${firstFields(schema)}` });
  }
  const result = isMapping(raw) ? schema.safeParse(raw) : undefined;
  const issues = result?.success === false ? result.error.issues : [];
  for (const issue of issues) for (const said of sayIssue(issue, raw, schema)) fault(said.path, said);
  const draft = draftOf(schema, raw, issues);
  return {
    value: result?.data as z.output<S> | undefined,
    partial: (result?.success ? result.data : wholeFields(schema, raw)) as Partial<z.output<S>>,
    draft,
    faults,
    fault,
    require(code) {
      if (faults.length > 0 || result?.data === undefined) {
        throw new DocumentError(
          code,
          [...faults].sort((a, b) => a.line - b.line || a.column - b.column),
        );
      }
      return result.data as z.output<S>;
    },
  };
}

interface SyntaxFault {
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
  readonly next: string;
}

const tooDeep: SyntaxFault = {
  offset: 0,
  expected: 'a file of some levels',
  found: 'brackets within brackets without end',
  next: 'flatten it',
};

/** Undefined for a text whose nesting exhausts the parser's stack. */
function readYaml(text: string): YamlDocument | undefined {
  try {
    return parseYaml(text, { uniqueKeys: true, prettyErrors: false });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function syntaxFaults(document: YamlDocument): readonly SyntaxFault[] {
  if (document.errors.length > 0) {
    return document.errors.map(({ code, message, pos: [offset] }) =>
      code === 'DUPLICATE_KEY'
        ? { offset, expected: 'each key once', found: 'a key that was given before', next: 'keep one of the two' }
        : { offset, expected: 'valid YAML', found: message.toLowerCase(), next: 'mend the syntax at this place' },
    );
  }
  const faults: SyntaxFault[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return;
      const offset = alias.range?.[0] ?? 0;
      const next = 'give the value there an anchor, or write it out';
      faults.push({ offset, expected: 'the name of an anchor above', found: `*${alias.source}`, next });
    },
  });
  if (faults.length > 0) return faults;
  try {
    document.toJS({ maxAliasCount: maximumAliases });
    return [];
  } catch (error) {
    const found = error instanceof Error ? error.message.toLowerCase() : String(error);
    return [{ offset: firstAlias(document), expected: 'a few aliases', found, next: 'write the values out' }];
  }
}

function firstAlias(document: YamlDocument): number {
  let offset = 0;
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node)) return undefined;
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function wholeFields(schema: z.ZodObject, raw: unknown): Record<string, unknown> {
  const source = isMapping(raw) ? raw : {};
  const accepted: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(schema.shape)) {
    const result = (field as z.ZodType).safeParse(source[key]);
    if (result.success && result.data !== undefined) accepted[key] = result.data;
  }
  return accepted;
}

function firstFields(schema: z.ZodObject): string {
  return Object.keys(schema.shape)
    .slice(0, 3)
    .map((key) => `${key}:`)
    .join(', ');
}
