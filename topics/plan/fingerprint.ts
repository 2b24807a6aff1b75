/** Hashes of values: the same facts give the same text, whatever the order in which they were learned. */
import { createHash } from 'node:crypto';

/** SHA-256, in hexadecimal, of a JSON value with the keys of every object in order. Lists keep theirs. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
