/** Pages of a list, newest first (reference, section 1): the token is base64 of the id that the next page starts with. */
import { invalid } from './errors.ts';
import type { Collection, Filter, Stored } from './store/store.ts';

export interface Page<Document> {
  readonly items: readonly Stored<Document>[];
  readonly nextPageToken: string;
  readonly totalSize: number;
}

/** Throws 400 `Invalid page size` or `Invalid page token`. */
export async function readPage<Document extends object>(
  collection: Collection<Document>,
  filter: Filter,
  query: URLSearchParams,
): Promise<Page<Document>> {
  const size = query.get('pageSize') ?? '';
  const token = query.get('pageToken') ?? '';
  if (!/^([+-]?\d{1,9})?$/.test(size)) throw invalid('Invalid page size');
  const from = Buffer.from(token, 'base64').toString('latin1');
  if (token !== '' && !/^[0-9a-f]{24}$/.test(from)) throw invalid('Invalid page token');
  const limit = Math.max(0, Number(size));
  const [found, totalSize] = await Promise.all([
    // One more than a page: it begins the next one.
    collection.find(filter, { from: token === '' ? undefined : from, limit: limit === 0 ? 0 : limit + 1 }),
    collection.count(filter),
  ]);
  const next = limit === 0 ? undefined : found[limit];
  return {
    items: next === undefined ? found : found.slice(0, limit),
    nextPageToken: next === undefined ? '' : Buffer.from(next.id).toString('base64'),
    totalSize,
  };
}
