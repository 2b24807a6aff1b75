/** The store in memory, for tests and for a look at the API without a database. It answers in a later turn of the event loop, so that races are real. */
import type { Change, Collection, Filter, Range, Store, Stored, Value, Window } from './store.ts';
import { type CollectionName, isRange, uniqueFields } from './store.ts';

/** @internal */
export function createMemoryStore(): Store {
  const sequence = { next: 1 };
  const of = <Document extends object>(name: CollectionName): Collection<Document> =>
    new MemoryCollection<Document>([uniqueFields[name]], sequence);
  return {
    projects: of('projects'),
    topics: of('topics'),
    subscriptions: of('subscriptions'),
    users: of('users'),
    roles: of('roles'),
    schemas: of('schemas'),
    registrations: of('registrations'),
    dailyCounts: of('dailyCounts'),
    nodeMetrics: of('nodeMetrics'),
    ping: later,
    close: later,
  };
}

type Fields = Record<string, unknown>;

/** `uniques`: sets of fields whose values together only one document may have. @internal */
export class MemoryCollection<Document extends object> implements Collection<Document> {
  readonly #uniques: readonly (readonly string[])[];
  readonly #sequence: { next: number };
  #documents: Stored<Document>[] = [];

  constructor(uniques: readonly (readonly string[])[], sequence: { next: number }) {
    this.#uniques = uniques;
    this.#sequence = sequence;
  }

  async find(filter: Filter, { from, limit = 0 }: Window = {}): Promise<readonly Stored<Document>[]> {
    await later();
    const found = this.#documents.filter((each) => matches(each, filter) && (from === undefined || each.id <= from));
    const newestFirst = found.reverse();
    return structuredClone(limit > 0 ? newestFirst.slice(0, limit) : newestFirst);
  }

  async first(filter: Filter): Promise<Stored<Document> | undefined> {
    await later();
    return structuredClone(this.#documents.find((each) => matches(each, filter)));
  }

  async count(filter: Filter): Promise<number> {
    return (await this.find(filter)).length;
  }

  async insert(document: Document): Promise<boolean> {
    await later();
    if (this.#documents.some((each) => this.#collide(each, document))) return false;
    this.#add(document);
    return true;
  }

  async change(filter: Filter, change: Change<Document>): Promise<boolean> {
    await later();
    const at = this.#documents.findIndex((each) => matches(each, filter));
    const before = this.#documents[at];
    if (before === undefined) {
      if (change.insertMissing) this.#add({ ...filter, ...change.set, ...change.add } as unknown as Document);
      return change.insertMissing === true;
    }
    this.#documents[at] = changed(before, change);
    return true;
  }

  async rename(filter: Filter, set: Partial<Document>): Promise<'changed' | 'absent' | 'taken'> {
    await later();
    const at = this.#documents.findIndex((each) => matches(each, filter));
    const before = this.#documents[at];
    if (before === undefined) return 'absent';
    const after = changed(before, { set });
    if (this.#documents.some((each, index) => index !== at && this.#collide(each, after))) return 'taken';
    this.#documents[at] = after;
    return 'changed';
  }

  async changeAll(filter: Filter, change: Change<Document>): Promise<void> {
    await later();
    this.#documents = this.#documents.map((each) => (matches(each, filter) ? changed(each, change) : each));
  }

  async remove(filter: Filter): Promise<number> {
    await later();
    const before = this.#documents.length;
    this.#documents = this.#documents.filter((each) => !matches(each, filter));
    return before - this.#documents.length;
  }

  #collide(one: object, other: object): boolean {
    return this.#uniques.some((unique) =>
      unique.every((field) => same((one as Fields)[field], (other as Fields)[field])),
    );
  }

  #add(document: Document): void {
    const id = (this.#sequence.next++).toString(16).padStart(24, '0');
    this.#documents.push({ ...structuredClone(document), id });
  }
}

function changed<Document extends object>(before: Stored<Document>, change: Change<Document>): Stored<Document> {
  const after: Fields = { ...before, ...structuredClone(change.set) };
  for (const [field, by] of Object.entries(change.add ?? {})) after[field] = Number(after[field] ?? 0) + Number(by);
  for (const [field, value] of Object.entries(change.addToLists ?? {})) {
    const list = listOf(after[field]);
    after[field] = list.some((each) => same(each, value)) ? list : [...list, value];
  }
  for (const [field, value] of Object.entries(change.removeFromLists ?? {})) {
    after[field] = listOf(after[field]).filter((each) => !same(each, value));
  }
  return after as Stored<Document>;
}

function matches(document: object, filter: Filter): boolean {
  return Object.entries(filter).every(([path, wanted]) => {
    const found = valuesAt(document, path.split('.'));
    if (isRange(wanted)) return found.some((each) => isWithin(each, wanted));
    const any = Array.isArray(wanted) ? wanted : [wanted as Value];
    return any.some((value) => found.some((each) => same(each, value)));
  });
}

function isWithin(found: unknown, { atLeast, below }: Range): boolean {
  if (typeof found !== 'number' && typeof found !== 'string') return false;
  if (typeof found !== typeof (atLeast ?? below)) return false;
  return (atLeast === undefined || found >= atLeast) && (below === undefined || found < below);
}

/** The value at a path, and what the lists on the way hold. */
function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  const [field, ...rest] = path;
  if (Array.isArray(value)) return field === undefined ? value : value.flatMap((each) => valuesAt(each, path));
  if (field === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [undefined];
  return valuesAt((value as Fields)[field], rest);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return (a ?? null) === (b ?? null);
}

function later(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
