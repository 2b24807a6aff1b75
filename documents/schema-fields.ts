/** The fields that a zod schema knows at a path, seen through what wraps them (optional, default, pipe) and through unions of which one is a mapping. */
import type { z } from 'zod';
import type { Path } from './words.ts';

interface Definition {
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly element?: unknown;
  readonly options?: readonly unknown[];
  readonly shape?: Readonly<Record<string, unknown>>;
  /** Of a record; with `entries` where its keys are an enumeration. */
  readonly keyType?: unknown;
  readonly entries?: Readonly<Record<string, unknown>>;
}

/** The names of the fields at a path; none where the schema has no fixed fields there. */
export function knownKeys(schema: z.ZodType, path: Path): readonly string[] {
  const at = path.reduce<unknown>(
    (here, key) => (typeof key === 'number' ? definition(unwrap(here)).element : fieldsOf(here)?.[String(key)]),
    schema,
  );
  return Object.keys(fieldsOf(at) ?? definition(definition(unwrap(at)).keyType).entries ?? {});
}

/** A mapping's fields by name; undefined for what is no mapping with fixed fields. */
export function fieldsOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const { shape, options } = definition(unwrap(schema));
  return shape ?? options?.map(fieldsOf).find((fields) => fields !== undefined);
}

function unwrap(schema: unknown): unknown {
  const { innerType, in: input } = definition(schema);
  const inner = innerType ?? input;
  return inner === undefined ? schema : unwrap(inner);
}

function definition(schema: unknown): Definition {
  return (schema as { def?: Definition } | undefined)?.def ?? {};
}
