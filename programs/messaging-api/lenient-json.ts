/**
 * Bodies as upstream's language reads them (reference, section 1): the Content-Type is ignored, keys match in any case, unknown keys are passed over, null is
 * as if it were absent, and a wrong type is an error. Shapes are zod's; these functions make them lenient in that way and in no other.
 */
import { z } from 'zod';
import { badBody, type Refusal } from './errors.ts';

/** An object of these fields; give each a default or make it optional, since any may be absent. */
export function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  return z.preprocess((raw) => {
    if (raw === null) return {};
    if (typeof raw !== 'object' || Array.isArray(raw)) return raw;
    const found: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(raw)) {
      const name = names.get(key.toLowerCase());
      if (name !== undefined && value !== null) found[name] = value;
    }
    return found;
  }, z.object(shape));
}

export const text = () => z.string().default('');
export const texts = () => z.array(z.preprocess((each) => each ?? '', z.string())).default([]);
export const whole = () => z.int().default(0);

/** Throws `refusal` for what is no JSON, for an empty body, and for a wrong type. */
export function readBody<Shape extends z.ZodType>(
  shape: Shape,
  body: Buffer,
  refusal: Refusal = badBody(),
): z.output<Shape> {
  const parsed = shape.safeParse(parseJson(body, refusal));
  if (!parsed.success) throw refusal;
  return parsed.data;
}

/** What is nested more deeply is nobody's: libraries that walk a document call themselves once a level. */
const deepest = 500;

/** Throws `refusal` where it is none, or nested too deeply. */
export function parseJson(body: Buffer, refusal: Refusal = badBody()): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw refusal;
  }
  if (isDeep(parsed)) throw refusal;
  return parsed;
}

/** Level by level, since a call for each would be the very fault. */
function isDeep(parsed: unknown): boolean {
  let level: unknown[] = [parsed];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}
