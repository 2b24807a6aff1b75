/** Lists cut to sizes that one request may have. */

export interface ChunkLimits<T> {
  readonly items: number;
  /** What an item weighs, and the most that a chunk may; an item heavier than that has a chunk to itself. */
  readonly weight?: { readonly of: (item: T) => number; readonly most: number };
}

export function chunksOf<T>(list: readonly T[], { items, weight }: ChunkLimits<T>): readonly (readonly T[])[] {
  const chunks: T[][] = [];
  let current: T[] = [];
  let load = 0;
  for (const item of list) {
    const heavy = weight?.of(item) ?? 0;
    const full = current.length >= items || (weight !== undefined && load + heavy > weight.most);
    if (current.length === 0 || full) {
      current = [];
      load = 0;
      chunks.push(current);
    }
    current.push(item);
    load += heavy;
  }
  return chunks;
}
