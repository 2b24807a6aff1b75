/**
 * Text that a person wrote (YAML, or JSON, which is YAML too) -> a typed value, or every fault in it with its line and column.
 *
 * zod says what is wrong at a path; yaml says where that path stands in the text; this module joins the two in one sentence form.
 * A schema gives its own words through zod's `error` option: the phrase that follows "expected" ("a lower-case name"), and may add
 * the next step after ` | `. Faults that need several fields are added by the caller with `Parsed.fault`.
 */
import { closest, distance } from 'fastest-levenshtein';
import { isMap, isNode, isScalar, LineCounter, parseDocument as parseYaml, type Document as YamlDocument } from 'yaml';
import type { z } from 'zod';
import { DocumentError, type Fault } from './fault.ts';

export type Path = readonly PropertyKey[];

export interface Source {
  /** As the person named it; it opens every fault. */
  readonly file: string;
  readonly text: string;
}

export interface Parsed<T> {
  /** The whole value where the schema accepts it. */
  readonly value: T | undefined;
  /** The top-level fields that the schema accepts, so that checks across fields still run beside other faults. */
  readonly partial: Partial<T>;
  /** Faults so far; `fault` adds to them. */
  readonly faults: readonly Fault[];
  /** Adds a fault at a path (at the nearest existing parent where the path itself is missing). */
  fault(path: Path, said: { expected: string; found: string; next: string }): void;
  /** The value, or a DocumentError with every fault, in the order of the file. */
  require(code: string): T;
}

/** Shape: an object schema at the top. Never throws on bad input: faults are values until `require`. */
export function parseDocument<S extends z.ZodObject>(source: Source, schema: S): Parsed<z.output<S>> {
  const lines = new LineCounter();
  const document = parseYaml(source.text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const faults: Fault[] = [];
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const fault: Parsed<unknown>['fault'] = (path, said) => {
    const { expected, found, next } = said;
    faults.push({ file: source.file, ...at(offsetOf(document, path)), path: formatPath(path), expected, found, next });
  };

  for (const problem of document.errors) {
    faults.push({
      file: source.file,
      ...at(problem.pos[0]),
      path: '',
      expected: problem.code === 'DUPLICATE_KEY' ? 'each key once' : 'valid YAML',
      found: problem.code === 'DUPLICATE_KEY' ? 'a key that was given before' : problem.message.toLowerCase(),
      next: problem.code === 'DUPLICATE_KEY' ? 'keep one of the two' : 'mend the syntax at this place',
    });
  }

  const raw: unknown = document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 });
  if (document.errors.length === 0 && !isPlainObject(raw)) {
    fault([], { expected: 'a mapping of fields', found: describe(raw), next: `start with ${firstFields(schema)}` });
  }
  const result = isPlainObject(raw) ? schema.safeParse(raw) : undefined;
  if (result?.success === false) {
    for (const issue of result.error.issues) for (const said of sayIssue(issue, raw, schema)) fault(said.path, said);
  }
  return {
    value: result?.data as z.output<S> | undefined,
    partial: (result?.success ? result.data : acceptedFields(schema, raw)) as Partial<z.output<S>>,
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

/** `workers.count`, `topics[2].name`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  );
}

/** How a value is named in a fault: `nothing`, `the text "x"`, `the number 4`, `a list of 3`. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string')
    return `the text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)}`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return 'a mapping';
}

/** "a, b or c", for expectations. */
export function oneOf(values: readonly unknown[]): string {
  const texts = values.map(String);
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
}

/** The nearest of the known names, where it is near enough to be a slip of the hand. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(name, known);
  return distance(name, candidate) <= Math.max(2, Math.floor(name.length / 4)) ? candidate : undefined;
}

interface Said {
  readonly path: Path;
  readonly expected: string;
  readonly found: string;
  readonly next: string;
}

function sayIssue(issue: z.core.$ZodIssue, raw: unknown, schema: z.ZodObject): Said[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      return {
        path: [...issue.path, key],
        expected: known.length > 0 ? `one of ${known.join(', ')}` : 'no such field',
        found: `the unknown field ${JSON.stringify(key)}`,
        next: near === undefined ? 'remove it' : `did you mean ${JSON.stringify(near)}?`,
      };
    });
  }
  const value = valueAt(raw, issue.path);
  const [words, step] = splitWords(issue.message);
  return [
    { path: issue.path, expected: words ?? expectation(issue), found: describe(value), next: step ?? nextStep(value) },
  ];
}

/** zod's own messages start with a capital and are not in our form; a schema's words do not. */
function splitWords(message: string): [string | undefined, string | undefined] {
  if (/^(Invalid|Too|Unrecognized)\b/.test(message)) return [undefined, undefined];
  const [words, step] = message.split(' | ');
  return [words, step];
}

function nextStep(value: unknown): string {
  return value === undefined || value === null ? 'add it' : 'change it';
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? `a value of type ${issue.expected}`;
    case 'too_small':
      return `${sizeOf(issue.origin)} of at least ${issue.minimum}`;
    case 'too_big':
      return `${sizeOf(issue.origin)} of at most ${issue.maximum}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return oneOf(unique(issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectation))));
    case 'invalid_format':
      return `text in the form ${issue.pattern ?? issue.format}`;
    default:
      return issue.message;
  }
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of fields',
  record: 'a mapping of fields',
};

function sizeOf(origin: string): string {
  if (origin === 'array') return 'a list with a length';
  return origin === 'string' ? 'text with a length' : 'a number';
}

function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  let here: unknown = schema;
  for (const key of [...path, undefined]) {
    here = unwrap(here);
    if (key === undefined) break;
    here = typeof key === 'number' ? elementOf(here) : shapeOf(here)?.[String(key)];
  }
  return Object.keys(shapeOf(here) ?? {});
}

interface Definition {
  readonly type: string;
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly element?: unknown;
  readonly shape?: Readonly<Record<string, unknown>>;
}

function definition(schema: unknown): Definition | undefined {
  return (schema as { def?: Definition } | undefined)?.def;
}

function unwrap(schema: unknown): unknown {
  const def = definition(schema);
  const inner = def?.innerType ?? def?.in;
  return inner === undefined ? schema : unwrap(inner);
}

function elementOf(schema: unknown): unknown {
  return definition(schema)?.element;
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  return definition(schema)?.shape;
}

function acceptedFields(schema: z.ZodObject, raw: unknown): Record<string, unknown> {
  const source = isPlainObject(raw) ? raw : {};
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

/** The offset of the node at a path: of the key where the path ends in one, of the nearest parent where it is missing. */
function offsetOf(document: YamlDocument, path: Path): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const last = path[length - 1];
    const parent = length === 0 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (length === 0) return isNode(parent) ? (parent.range?.[0] ?? 0) : 0;
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === last);
      if (isScalar(pair?.key)) return pair.key.range?.[0] ?? 0;
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    raw,
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
