/**
 * Work done beside each other that ends together: where one of them fails, the others are told to stop, and all of them have ended before anybody hears of
 * it. `Promise.all` alone would let them work on while their caller takes away what they work on.
 */

export interface BesideOptions {
  readonly signal?: AbortSignal | undefined;
  /** How many at once; all of them where absent. */
  readonly atOnce?: number;
}

/** Results in the order of the items. @throws what the first that failed threw; the signal's reason, before another one begins */
export async function beside<T, R>(
  items: readonly T[],
  { signal, atOnce = items.length }: BesideOptions,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<readonly R[]> {
  const failure = new AbortController();
  const both = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const results: R[] = [];
  const waiting = [...items.entries()];
  const turns = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      both.throwIfAborted();
      const [index, item] = next;
      results[index] = await work(item, both);
    }
  };
  let first: { readonly error: unknown } | undefined;
  const turn = async () => {
    try {
      await turns();
    } catch (error) {
      first ??= { error };
      failure.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, turn));
  if (first !== undefined) throw first.error;
  return results;
}
