/** Where a path stands in a YAML text: the key where the path ends in one, the nearest existing parent where it is missing. */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node } from 'yaml';
import type { Path } from './words.ts';

/** An offset into the text. */
export function offsetOf(document: Document, path: Path): number {
  let here: unknown = document.contents;
  let offset = startOf(here);
  for (const key of path) {
    const found = step(isAlias(here) ? here.resolve(document) : here, key);
    if (found === undefined) return offset;
    offset = startOf(found.at);
    here = found.value;
  }
  return offset;
}

/** Line and column, from 1. Counted here: the YAML parser's own counter misses the line breaks inside a quotation that never ends. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

/** What stands at a key, and where a person would look for it: at the key of a mapping, at the item of a list. */
function step(parent: unknown, key: PropertyKey): { readonly at: unknown; readonly value: unknown } | undefined {
  if (isMap(parent)) {
    // As text, since JavaScript's names are: a YAML key may be the number 1, or nothing.
    const pair = parent.items.find((item) => isScalar(item.key) && nameOf(item.key.value) === String(key));
    return pair === undefined ? undefined : { at: pair.key, value: pair.value };
  }
  if (!isSeq(parent) || typeof key !== 'number') return undefined;
  const item = parent.items[key];
  return item === undefined ? undefined : { at: item, value: item };
}

function nameOf(value: unknown): string {
  return value === null ? '' : String(value);
}

function startOf(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0;
}
