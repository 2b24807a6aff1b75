/**
 * The registry in MongoDB, two collections of ours beside upstream's: `push_subscriptions`, one document each, and `push_leases`, one for each server that lives
 * and one that counts changes. Every write is one conditional update of one document, so it needs no transaction and no session, and the stand-in serves.
 */
import { randomUUID } from 'node:crypto';
import { connectMongo, isDuplicateKey, type MongoCollection } from '../../../clients/mongo/connection.ts';
import type { PushSubscription } from '../subscription.ts';
import type { Registry, StoredSubscription } from './registry.ts';

interface SubscriptionDocument {
  /** The full name. */
  readonly _id: string;
  readonly revision: string;
  readonly owner: string;
  readonly active: boolean;
  readonly subscription: PushSubscription;
  readonly status: string;
  readonly interval_ms: number;
}

interface LeaseDocument {
  /** A session, or `changes`. */
  readonly _id: string;
  readonly beat: number;
}

const changesId = 'changes';
/** Names in one query. */
const chunk = 500;

export async function connectMongoRegistry(options: Parameters<typeof connectMongo>[0]): Promise<Registry> {
  const { database, ping, close } = await connectMongo(options);
  const stored: MongoCollection<SubscriptionDocument> = database.collection('push_subscriptions');
  const leases: MongoCollection<LeaseDocument> = database.collection('push_leases');
  // Readers look at the count first: whoever sees it sees what was written before it.
  const changed = () => leases.updateOne({ _id: changesId }, { $inc: { beat: 1 } }, { upsert: true });
  const freeOf = (dead: readonly string[]) => ({ $in: ['', ...dead] });

  return {
    async activate(subscription) {
      const [filter, update] = activation(subscription);
      try {
        await stored.updateOne(filter, update, { upsert: true });
      } catch (error) {
        if (isDuplicateKey(error)) return false; // it is there and active
        throw error;
      }
      await changed();
      return true;
    },
    async activateAll(subscriptions) {
      for (let from = 0; from < subscriptions.length; from += chunk) {
        const some = subscriptions.slice(from, from + chunk).map(activation);
        try {
          await stored.bulkWrite(
            some.map(([filter, update]) => ({ updateOne: { filter, update, upsert: true } })),
            { ordered: false },
          );
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
      }
      if (subscriptions.length > 0) await changed();
    },
    async replace(subscription, revision) {
      const filter = { _id: subscription.name, active: true, revision };
      const { matchedCount } = await stored.updateOne(filter, { $set: { subscription, revision: randomUUID() } });
      if (matchedCount > 0) await changed();
      return matchedCount > 0;
    },
    async deactivate(name, revision) {
      const filter = { _id: name, active: true, ...(revision === undefined ? {} : { revision }) };
      const { matchedCount } = await stored.updateOne(filter, { $set: { active: false, revision: randomUUID() } });
      if (matchedCount === 0) return false;
      await stored.deleteOne({ _id: name, active: false, owner: '' });
      await changed();
      return true;
    },
    async find(name) {
      const found = await stored.findOne({ _id: name, active: true });
      return found === null ? undefined : fromDocument(found);
    },
    async places() {
      const projection = { revision: 1, owner: 1, active: 1 };
      const found = await stored.find({}, { projection, batchSize: 10_000 }).toArray();
      return found.map(({ _id, revision, owner, active }) => ({ name: _id, revision, owner, active }));
    },
    async read(names, session) {
      const found = await inChunks(names, (some) =>
        stored.find({ _id: { $in: some }, active: true, owner: session }).toArray(),
      );
      return found.flat().map(fromDocument);
    },
    async claim(names, dead, session) {
      await inChunks(names, (some) =>
        stored.updateMany({ _id: { $in: some }, active: true, owner: freeOf(dead) }, { $set: { owner: session } }),
      );
    },
    async release(names, session) {
      if (names.length === 0) return;
      await inChunks(names, async (some) => {
        await stored.updateMany({ _id: { $in: some }, owner: session }, { $set: { owner: '' } });
        await stored.deleteMany({ _id: { $in: some }, owner: '', active: false });
      });
      await changed();
    },
    async sweep(dead) {
      await stored.deleteMany({ active: false, owner: freeOf(dead) });
    },
    async report(reports, session) {
      if (reports.length === 0) return;
      await stored.bulkWrite(
        reports.map(({ name, status, intervalMs }) => ({
          updateOne: {
            filter: { _id: name, owner: session },
            update: { $set: { status, interval_ms: intervalMs } },
          },
        })),
        { ordered: false },
      );
    },
    async join(session) {
      await leases.insertOne({ _id: session, beat: 0 });
    },
    async beat(session, beat) {
      return (await leases.updateOne({ _id: session, beat }, { $set: { beat: beat + 1 } })).matchedCount > 0;
    },
    async leave(session) {
      await leases.deleteOne({ _id: session });
    },
    async bury(session, beat) {
      return (await leases.deleteOne({ _id: session, beat })).deletedCount > 0;
    },
    async look() {
      const found = await leases.find({}).toArray();
      const changes = found.find(({ _id }) => _id === changesId)?.beat ?? 0;
      const sessions = found.filter(({ _id }) => _id !== changesId).map(({ _id, beat }) => ({ id: _id, beat }));
      return { sessions, changes };
    },
    ping,
    close,
  };
}

/** Matches where it is there and not active; where it is active, the insert of the upsert meets its key. */
function activation(subscription: PushSubscription) {
  const fresh = { active: true, revision: randomUUID(), subscription, status: '', interval_ms: 0 };
  return [
    { _id: subscription.name, active: false },
    { $set: fresh, $setOnInsert: { owner: '' } },
  ] as const;
}

function fromDocument(document: SubscriptionDocument): StoredSubscription {
  const { _id, interval_ms, ...rest } = document;
  return { ...rest, name: _id, intervalMs: interval_ms };
}

async function inChunks<Result>(
  names: readonly string[],
  ask: (some: string[]) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < names.length; from += chunk) results.push(await ask(names.slice(from, from + chunk)));
  return results;
}
