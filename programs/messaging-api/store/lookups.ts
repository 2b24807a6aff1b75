/**
 * What this node remembers of the store for a moment (`ensemble.lookupMs`): the project, user, role, topic and schema that every publish, pull and acknowledgement
 * would ask for again. Decision 0027. Only what is there is remembered, never that something is not; a write through this node forgets the collection at once; equal questions
 * that are asked at the same time share one answer. What moves by compare-and-set is never asked for here.
 */
import type { Collection, Filter, Store, Stored } from './store.ts';

export interface Lookup<Document extends object> {
  /** As Collection.first; what it gives may be as old as the time for which things are remembered, and is shared with others. */
  first(filter: Filter): Promise<Stored<Document> | undefined>;
}

type LookedUp = 'projects' | 'topics' | 'users' | 'roles' | 'schemas';

export type Lookups = { readonly [Name in LookedUp]: Lookup<DocumentOf<Store[Name]>> };
type DocumentOf<Of> = Of extends Collection<infer Document> ? Document : never;

export interface RememberingStore {
  /** The store, whose writes make this node forget. */
  readonly store: Store;
  /** The store itself where nothing is remembered. */
  readonly lookups: Lookups;
}

/** For each collection: a user or topic takes about a kilobyte. */
const keptAtMost = 10_000;

/** `forMs` 0: nothing is remembered. `clock`: milliseconds that only grow. */
export function rememberingStore(
  store: Store,
  forMs: number,
  clock: () => number = () => performance.now(),
): RememberingStore {
  if (forMs === 0) return { store, lookups: store };
  const options = { forMs, clock };
  const projects = remembering(store.projects, options);
  const topics = remembering(store.topics, options);
  const users = remembering(store.users, options);
  const roles = remembering(store.roles, options);
  const schemas = remembering(store.schemas, options);
  const written: Pick<Store, LookedUp> = {
    projects: projects.collection,
    topics: topics.collection,
    users: users.collection,
    roles: roles.collection,
    schemas: schemas.collection,
  };
  const others: Omit<Store, LookedUp> = {
    subscriptions: store.subscriptions,
    registrations: store.registrations,
    dailyCounts: store.dailyCounts,
    nodeMetrics: store.nodeMetrics,
    ping: () => store.ping(),
    close: () => store.close(),
  };
  return {
    store: { ...written, ...others },
    lookups: {
      projects: projects.lookup,
      topics: topics.lookup,
      users: users.lookup,
      roles: roles.lookup,
      schemas: schemas.lookup,
    },
  };
}

interface Remembered<Document extends object> {
  readonly answer: Promise<Stored<Document> | undefined>;
  /** Since the question was asked, not since it was answered: what changed meanwhile is seen in time, too. */
  readonly untilMs: number;
}

function remembering<Document extends object>(
  raw: Collection<Document>,
  { forMs, clock }: { readonly forMs: number; readonly clock: () => number },
): { readonly collection: Collection<Document>; readonly lookup: Lookup<Document> } {
  const remembered = new Map<string, Remembered<Document>>();
  const writing = async <Outcome>(write: Promise<Outcome>): Promise<Outcome> => {
    try {
      return await write;
    } finally {
      // Also after a failure: it may have been written. Answers under way are not kept either.
      remembered.clear();
    }
  };
  const forget = (key: string, entry: Remembered<Document>) => {
    if (remembered.get(key) === entry) remembered.delete(key);
  };
  return {
    collection: {
      find: (filter, window) => raw.find(filter, window),
      first: (filter) => raw.first(filter),
      count: (filter) => raw.count(filter),
      insert: (document) => writing(raw.insert(document)),
      change: (filter, change) => writing(raw.change(filter, change)),
      rename: (filter, set) => writing(raw.rename(filter, set)),
      changeAll: (filter, change) => writing(raw.changeAll(filter, change)),
      remove: (filter) => writing(raw.remove(filter)),
    },
    lookup: {
      first(filter) {
        const key = JSON.stringify(filter);
        const known = remembered.get(key);
        if (known !== undefined && clock() < known.untilMs) return known.answer;
        const entry = { answer: raw.first(filter), untilMs: clock() + forMs };
        remembered.delete(key); // so that it becomes the last of the map's order: the first is the oldest
        remembered.set(key, entry);
        entry.answer.then(
          (found) => (found === undefined ? forget(key, entry) : undefined),
          () => forget(key, entry),
        );
        const oldest = remembered.keys().next();
        if (remembered.size > keptAtMost && !oldest.done) remembered.delete(oldest.value);
        return entry.answer;
      },
    },
  };
}
