/** The MongoDB store on a server that speaks MongoDB's protocol (the stand-in of decision 0023: no replica set, no retried writes), and what becomes of faults. */
import { afterAll, beforeAll, expect } from 'vitest';
import { connectMongo } from '../../clients/mongo/connection.ts';
import { connectMongoStore } from '../../programs/messaging-api/store/mongo-store.ts';
import type { Store } from '../../programs/messaging-api/store/store.ts';
import { storeContract, subscription, user } from '../programs/messaging-api/store-contract.ts';
import { requires } from '../requirements.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

const { describe, it } = requires('java', 'maven');

describe('the MongoDB store', () => {
  let standIn: StandIn;
  let databases = 0;
  const warnings: string[] = [];
  const warn = (words: string) => void warnings.push(words);
  const open: Store[] = [];

  beforeAll(async () => {
    standIn = await startStandIn();
  });
  afterAll(async () => {
    await Promise.all(open.map((store) => store.close()));
    await standIn?.stop();
  });

  async function connect(database?: string): Promise<Store> {
    databases += 1;
    const store = await connectMongoStore({ host: standIn.storeHost, database: database ?? `test_${databases}`, warn });
    open.push(store);
    return store;
  }

  storeContract(it, () => connect());

  it('writes offsets and counters as 64-bit integers, dates as dates, and no field that is undefined', async () => {
    const store = await connect('types');
    await store.subscriptions.insert({ ...subscription, offset: 5 });
    const raw = await connectMongo({ storeHost: standIn.storeHost, database: 'types', warn });
    try {
      const long = { $type: 18 };
      const wide = { offset: long, next_offset: long, msg_num: long, total_bytes: long, max_messages: long };
      expect(await raw.database.collection('subscriptions').countDocuments({ ...wide, created_on: { $type: 9 } })).toBe(
        1,
      );
      await store.subscriptions.change({ name: 'S' }, { add: { msg_num: 1 }, set: { offset: 6 } });
      expect(await raw.database.collection('subscriptions').countDocuments(wide)).toBe(1);
    } finally {
      await raw.close();
    }
  });

  it('reads what upstream wrote, ids and all, and works with old duplicates, saying so', async () => {
    const raw = await connectMongo({ storeHost: standIn.storeHost, database: 'upstream', warn });
    await raw.database.collection('users').insertMany([{ ...user }, { ...user, uuid: 'twin' }]);
    await raw.close();
    const store = await connect('upstream');
    expect(warnings.filter((words) => words.startsWith('users keeps no unique name'))).toHaveLength(1);
    expect(await store.users.count({ name: 'ann' })).toBe(2);
    expect(await store.users.insert({ ...user, name: 'bob' })).toBe(true);
  });

  it('is shared by several nodes: one of two inserts wins, and a compare-and-set sees the other’s move', async () => {
    const [one, two] = [await connect('shared'), await connect('shared')];
    const inserted = await Promise.all([one, two].map((store) => store.subscriptions.insert(subscription)));
    expect([...inserted].sort()).toEqual([false, true]);
    expect(await one.subscriptions.change({ name: 'S', offset: 0 }, { set: { offset: 4 } })).toBe(true);
    expect(await two.subscriptions.change({ name: 'S', offset: 0 }, { set: { offset: 9 } })).toBe(false);
  });

  it('names neither user nor password where nobody answers, or where the text is no address', async () => {
    const storeHost = 'ann:s3cret@127.0.0.1:1/?serverSelectionTimeoutMS=300';
    const unreachable = await connectMongo({ storeHost, database: 'x', warn }).catch((error: unknown) => error);
    expect(unreachable).toMatchObject({
      code: 'CLIENT_UNREACHABLE',
      message: 'MongoDB does not answer at 127.0.0.1:1',
    });
    expect(JSON.stringify(unreachable)).not.toMatch(/s3cret|ann/);
    const wrong = await connectMongo({ storeHost: 'ann:s3cret@', database: 'x', warn }).catch(
      (error: unknown) => error,
    );
    expect(wrong).toMatchObject({ code: 'CLIENT_ADDRESS_INVALID' });
    expect(JSON.stringify(wrong)).not.toMatch(/s3cret/);
  });

  it('fails a ping within seconds once the server is gone, says so once, and goes on when it is back', async () => {
    const first = await startStandIn();
    const told: string[] = [];
    const port = Number(first.storeHost.split(':')[1]);
    const lost = await connectMongo({
      storeHost: first.storeHost,
      database: 'x',
      warn: (words) => void told.push(words),
    });
    await lost.ping();
    await first.kill();
    await expect(lost.ping()).rejects.toBeInstanceOf(Error);
    expect(told).toEqual([expect.stringContaining('takes writes')]);
    const second = await startStandIn({ port });
    await lost.ping();
    await lost.close();
    await second.stop();
    await first.stop();
  });
});
