/** Bodies as upstream reads them: keys in any case, unknown ones passed over, null as if it were absent; a wrong type or no JSON is a 400 (reference, section 6). */
import type { z } from 'zod';
import { badJson, emptyField } from './errors.ts';

/** Throws 400. */
export function readBody<Shape extends z.ZodType>(shape: Shape, body: Buffer): z.output<Shape> {
  if (body.length === 0) throw badJson('EOF');
  let raw: unknown;
  try {
    raw = JSON.parse(body.toString('utf8'));
  } catch {
    throw badJson('it is not JSON');
  }
  const parsed = shape.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [fault] = parsed.error.issues;
  throw badJson(`${fault?.path.join('.') || 'the body'} has a wrong type`);
}

/** Throws 422 for the first of the fields, in the order given, that says nothing. */
export function requireFields(what: string, fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields))
    if (value === undefined || value === '' || value === 0) throw emptyField(what, name);
}
