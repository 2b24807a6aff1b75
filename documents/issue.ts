/**
 * A zod issue in our words. A schema gives its own through zod's `error` option: the phrase that follows "expected", and after ` | `
 * the next step. Kinds of issues: zod 4's `$ZodIssue`.
 */
import type { z } from 'zod';
import { knownKeys } from './schema-fields.ts';
import { describe, isMapping, nearest, oneOf, type Path } from './words.ts';

export interface Said {
  readonly path: Path;
  readonly expected: string;
  readonly found: string;
  readonly next: string;
}

export function sayIssue(issue: z.core.$ZodIssue, raw: unknown, schema: z.ZodObject): readonly Said[] {
  const value = valueAt(raw, issue.path);
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
  if (issue.code === 'invalid_key') return [sayKey(issue)];
  if (issue.code === 'invalid_union' && isMapping(value)) {
    // The form that a mapping was meant to have says more than "text or a mapping" does.
    const meant = issue.errors.find((branch) =>
      branch.every(({ code, path }) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value')),
    );
    const said = meant?.flatMap((inner) => sayIssue({ ...inner, path: [...issue.path, ...inner.path] }, raw, schema));
    if (said !== undefined && said.length > 0) return said;
  }
  const [words, step] = splitWords(issue.message);
  return [
    { path: issue.path, expected: words ?? expectation(issue), found: describe(value), next: step ?? nextStep(value) },
  ];
}

function sayKey(issue: z.core.$ZodIssueInvalidKey): Said {
  const key = String(issue.path.at(-1));
  const [inner] = issue.issues;
  const [words, step] = splitWords(inner?.message ?? '');
  const known = inner?.code === 'invalid_value' ? inner.values.map(String) : [];
  const near = nearest(key, known);
  return {
    path: issue.path,
    expected: words ?? (inner === undefined ? 'another name' : expectation(inner)),
    found: `the name ${JSON.stringify(key)}`,
    next: step ?? (near === undefined ? 'change or remove it' : `did you mean ${JSON.stringify(near)}?`),
  };
}

/** zod's own messages start with a capital and are not in our form; a schema's words do not. */
function splitWords(message: string): [string | undefined, string | undefined] {
  if (message === '' || /^(Invalid|Too|Unrecognized)\b/.test(message)) return [undefined, undefined];
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
      return `${sizeOf(issue.origin)} ${issue.inclusive === false ? 'greater than' : 'of at least'} ${issue.minimum}`;
    case 'too_big':
      return `${sizeOf(issue.origin)} ${issue.inclusive === false ? 'less than' : 'of at most'} ${issue.maximum}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return oneOf([...new Set(issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectation)))]);
    case 'invalid_format':
      return `text in the form ${issue.pattern ?? issue.format}`;
    default:
      return 'another value';
  }
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

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    raw,
  );
}
