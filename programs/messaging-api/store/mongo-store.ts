/**
 * The store in MongoDB, with upstream's collections and types (offsets and counters as 64-bit integers). Unique keys are indexes that this makes where upstream has none; where old duplicates forbid one, the
 * store works as upstream's does, and says so.
 */
import {
  type BsonDocument as Bson,
  connectMongo,
  type Db,
  isDuplicateKey,
  Long,
  MongoServerError,
  ObjectId,
  type MongoCollection as Raw,
} from '../../../clients/mongo/connection.ts';
import type { Change, Collection, CollectionName, Filter, Range, Store, Stored, Window } from './store.ts';
import { isRange, uniqueFields } from './store.ts';

export interface MongoStoreOptions {
  /** What follows `mongodb://`. */
  readonly host: string;
  readonly database: string;
  /** Told, in words, of an index that could not be made. */
  readonly warn: (words: string) => void;
}

const collections: Readonly<Record<CollectionName, string>> = {
  projects: 'projects',
  topics: 'topics',
  subscriptions: 'subscriptions',
  users: 'users',
  roles: 'roles',
  schemas: 'schemas',
  registrations: 'user_registrations',
  dailyCounts: 'daily_topic_msg_count',
  nodeMetrics: 'op_metrics',
};

/** Go's int64 there; the driver would write a small number as 32 bits and a great one as a double. */
const wide = new Set(['offset', 'next_offset', 'msg_num', 'total_bytes', 'msg_count', 'epoch', 'max_messages']);

/** BSON's number for null. */
const nullType = 10;

/** Connects and makes the indexes. Throws as connectMongo. */
export async function connectMongoStore({ host, database, warn }: MongoStoreOptions): Promise<Store> {
  const connection = await connectMongo({ storeHost: host, database, warn });
  const db = connection.database;
  for (const [name, collection] of Object.entries(collections)) {
    const fields = uniqueFields[name as CollectionName];
    await keepUnique(db, collection, { fields, name: 'ensemble_unique', warn });
  }
  const of = <Document extends object>(name: CollectionName): Collection<Document> =>
    new MongoCollection<Document>(db.collection(collections[name]));
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
    ping: () => connection.ping(),
    close: () => connection.close(),
  };
}

/** An index that lets only one document have the same values in `fields`; where old duplicates forbid it, that is told and the collection stays as it was. */
export async function keepUnique(
  db: Db,
  collection: string,
  { fields, name, warn }: { fields: readonly string[]; name: string; warn: (words: string) => void },
): Promise<void> {
  try {
    await db
      .collection(collection)
      .createIndex(Object.fromEntries(fields.map((field) => [field, 1])), { unique: true, name });
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error;
    warn(`${collection} keeps no unique ${fields.join(' and ')}: ${error.message}`);
  }
}

/** One collection of any program that keeps its documents as this one does. */
export class MongoCollection<Document extends object> implements Collection<Document> {
  readonly #raw: Raw;

  constructor(raw: Raw) {
    this.#raw = raw;
  }

  async find(filter: Filter, { from, limit = 0 }: Window = {}): Promise<readonly Stored<Document>[]> {
    const below = from === undefined ? {} : { _id: { $lte: new ObjectId(from) } };
    const found = await this.#raw.find({ ...toQuery(filter), ...below }, { sort: { _id: -1 }, limit }).toArray();
    return found.map((each) => fromBson<Document>(each));
  }

  async first(filter: Filter): Promise<Stored<Document> | undefined> {
    const found = await this.#raw.findOne(toQuery(filter));
    return found === null ? undefined : fromBson<Document>(found);
  }

  count(filter: Filter): Promise<number> {
    return this.#raw.countDocuments(toQuery(filter));
  }

  async insert(document: Document): Promise<boolean> {
    try {
      await this.#raw.insertOne(toBson(document));
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async change(filter: Filter, change: Change<Document>): Promise<boolean> {
    const query = toQuery(filter);
    const update = toUpdate(change);
    if (Object.keys(update).length === 0) return (await this.#raw.countDocuments(query, { limit: 1 })) > 0;
    const upsert = change.insertMissing === true;
    try {
      const { matchedCount, upsertedCount } = await this.#updating(change, filter, () =>
        this.#raw.updateOne(query, update, { upsert }),
      );
      return matchedCount + upsertedCount > 0;
    } catch (error) {
      // Two upserts at once: the other one inserted, so that this one has a document to change now.
      if (upsert && isDuplicateKey(error)) return (await this.#raw.updateOne(query, update)).matchedCount > 0;
      throw error;
    }
  }

  async rename(filter: Filter, set: Partial<Document>): Promise<'changed' | 'absent' | 'taken'> {
    try {
      return (await this.change(filter, { set })) ? 'changed' : 'absent';
    } catch (error) {
      if (isDuplicateKey(error)) return 'taken';
      throw error;
    }
  }

  async changeAll(filter: Filter, change: Change<Document>): Promise<void> {
    await this.#updating(change, filter, () => this.#raw.updateMany(toQuery(filter), toUpdate(change)));
  }

  /** MongoDB refuses to put a value into a list that is null: such are made empty, and it is asked once more. */
  async #updating<Result>(change: Change<Document>, filter: Filter, act: () => Promise<Result>): Promise<Result> {
    const lists = Object.keys({ ...change.addToLists, ...change.removeFromLists });
    try {
      return await act();
    } catch (error) {
      if (lists.length === 0 || !(error instanceof MongoServerError) || isDuplicateKey(error)) throw error;
      for (const list of lists) {
        const query = { $and: [toQuery(filter), { [list]: { $type: nullType } }] };
        await this.#raw.updateMany(query, { $set: { [list]: [] } });
      }
      return act();
    }
  }

  async remove(filter: Filter): Promise<number> {
    return (await this.#raw.deleteMany(toQuery(filter))).deletedCount;
  }
}

/** @internal */
export function toQuery(filter: Filter): Bson {
  return Object.fromEntries(
    Object.entries(filter).map(([path, value]) => {
      if (isRange(value)) return [path, boundsOf(value)];
      return [path, Array.isArray(value) ? { $in: [...value] } : { $eq: value }];
    }),
  );
}

function boundsOf({ atLeast, below }: Range): Bson {
  return { ...(atLeast === undefined ? {} : { $gte: atLeast }), ...(below === undefined ? {} : { $lt: below }) };
}

/** @internal */
export function toUpdate<Document>(change: Change<Document>): Bson {
  const update = {
    $set: toBson(change.set ?? {}),
    $inc: toBson(change.add ?? {}),
    $addToSet: { ...change.addToLists },
    $pull: { ...change.removeFromLists },
  };
  return Object.fromEntries(Object.entries(update).filter(([, fields]) => Object.keys(fields).length > 0));
}

function toBson(fields: object): Bson {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      wide.has(name) && typeof value === 'number' ? Long.fromNumber(value) : value,
    ]),
  );
}

function fromBson<Document>(found: Bson): Stored<Document> {
  const { _id, ...fields } = found;
  return { ...fields, id: String(_id) } as unknown as Stored<Document>;
}
