/**
 * What can be used of a document that has faults: every field that is good by itself, so that checks across fields still run beside other faults.
 * A field with a fault is absent, never at its default: a check must not report what follows from a value that nobody wrote.
 */
import type { z } from 'zod';
import { fieldsOf } from './schema-fields.ts';
import { isMapping, type Path } from './words.ts';

/** A mapping with any of its fields absent, at every depth. Lists are whole or absent. */
export type Draft<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> }
    : T;

export function draftOf<S extends z.ZodObject>(
  schema: S,
  raw: unknown,
  issues: readonly z.core.$ZodIssue[],
): Draft<z.output<S>> {
  const faulty = issues.flatMap(faultyPaths);
  const rest: unknown = structuredClone(raw);
  for (const path of faulty) remove(rest, path);
  const accepted = acceptedFields(schema, rest);
  // Again, for the defaults that have stepped in.
  for (const path of faulty) remove(accepted, path);
  return accepted as Draft<z.output<S>>;
}

/** Up to the first list: an item taken out of it would move those after it. */
function faultyPaths(issue: z.core.$ZodIssue): readonly Path[] {
  const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
  return paths.map((path) => {
    const item = path.findIndex((key) => typeof key === 'number');
    return item < 0 ? path : path.slice(0, item);
  });
}

function remove(value: unknown, path: Path): void {
  const last = path.at(-1);
  const parent = path
    .slice(0, -1)
    .reduce<unknown>(
      (here, key) => (isMapping(here) && Object.hasOwn(here, key) ? here[String(key)] : undefined),
      value,
    );
  if (isMapping(parent) && last !== undefined) delete parent[String(last)];
}

function acceptedFields(schema: unknown, raw: unknown): Record<string, unknown> {
  const accepted: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fieldsOf(schema) ?? {})) {
    const value = isMapping(raw) && Object.hasOwn(raw, key) ? raw[key] : undefined;
    const result = (field as z.ZodType).safeParse(value);
    if (result.success && result.data !== undefined) accepted[key] = structuredClone(result.data);
    else if (isMapping(value) && fieldsOf(field) !== undefined) accepted[key] = acceptedFields(field, value);
  }
  return accepted;
}
