/**
 * What every store must do, whatever keeps the documents: one suite for the memory store (memory-store.test.ts) and for MongoDB
 * (test/integration/messaging-api-mongo.test.ts). Each step is one in the store, which is what several nodes rely on.
 */
import { expect, type it as vitestIt } from 'vitest';
import { neverYet, type SubscriptionDocument, type UserDocument } from '../../../contracts/messaging-documents.ts';
import type { Filter, Store } from '../../../programs/messaging-api/store/store.ts';

export const subscription: SubscriptionDocument = {
  project_uuid: 'p',
  name: 'S',
  topic: 'T',
  offset: 0,
  next_offset: 0,
  pending_ack: '',
  ack: 10,
  push_type: '',
  push_endpoint: '',
  max_messages: 0,
  authorization_type: '',
  authorization_header: '',
  retry_policy: '',
  retry_period: 0,
  verification_hash: '',
  verified: false,
  mattermost_url: '',
  mattermost_username: '',
  mattermost_channel: '',
  base_64_decode: false,
  msg_num: 0,
  total_bytes: 0,
  latest_consume: neverYet,
  consume_rate: 0.25,
  created_on: new Date('2026-03-01T10:00:00.123Z'),
  acl: ['u1'],
};

export const user: UserDocument = {
  uuid: 'u1',
  name: 'ann',
  token: 'a'.repeat(64),
  email: 'ann@x.org',
  projects: [
    { project_uuid: 'p', roles: ['consumer', 'publisher'] },
    { project_uuid: 'q', roles: null },
  ],
  service_roles: null,
  created_on: neverYet,
  modified_on: neverYet,
  created_by: '',
};

/** `open` gives an empty store each time. */
export function storeContract(declare: typeof vitestIt.skip, open: () => Promise<Store>): void {
  declare(
    'gives back a document as it was put in: dates of the year 1, fractions, null lists, nothing that was left out',
    async () => {
      const { subscriptions, users } = await open();
      expect(await subscriptions.insert(subscription)).toBe(true);
      expect(await users.insert(user)).toBe(true);
      expect(await subscriptions.first({ name: 'S' })).toEqual({
        ...subscription,
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
      });
      const found = await users.first({ name: 'ann' });
      expect(found).toEqual({ ...user, id: expect.any(String) });
      expect(Object.keys(found ?? {})).not.toContain('first_name');
    },
  );

  declare('keeps whole numbers beyond 32 bits, and counts them up', async () => {
    const { subscriptions } = await open();
    const great = 2 ** 53 - 10;
    await subscriptions.insert({ ...subscription, offset: great, msg_num: 2 ** 31 });
    await subscriptions.change({ name: 'S' }, { add: { msg_num: 2 ** 31, total_bytes: 7 } });
    expect(await subscriptions.first({ offset: great })).toMatchObject({
      offset: great,
      msg_num: 2 ** 32,
      total_bytes: 7,
    });
  });

  declare('lets one of many inserts of the same name through', async () => {
    const { subscriptions } = await open();
    const all = await Promise.all(Array.from({ length: 10 }, () => subscriptions.insert(subscription)));
    expect(all.filter((inserted) => inserted)).toHaveLength(1);
    expect(await subscriptions.count({})).toBe(1);
    expect(await subscriptions.insert({ ...subscription, project_uuid: 'other' })).toBe(true);
  });

  declare('lets one of many compare-and-sets from the same state through, each time', async () => {
    const { subscriptions } = await open();
    await subscriptions.insert(subscription);
    for (let round = 0; round < 10; round += 1) {
      const read = await subscriptions.first({ name: 'S' });
      if (read === undefined) throw new Error('it is gone');
      const moved = await Promise.all(
        Array.from({ length: 5 }, (_each, node) =>
          subscriptions.change(
            { project_uuid: 'p', name: 'S', offset: read.offset, epoch: round === 0 ? [0, null] : round - 1 },
            { set: { offset: read.offset + node + 1, epoch: round } },
          ),
        ),
      );
      expect(moved.filter((each) => each)).toHaveLength(1);
    }
  });

  declare('makes one document of many upserts at once, and loses no count', async () => {
    const { dailyCounts } = await open();
    const day = { date: new Date('2026-03-01T00:00:00Z'), project_uuid: 'p', topic_name: 'T' };
    const counted = Array.from({ length: 20 }, () =>
      dailyCounts.change(day, { add: { msg_count: 3 }, insertMissing: true }),
    );
    expect(await Promise.all(counted)).toEqual(counted.map(() => true));
    expect(await dailyCounts.find({ project_uuid: 'p' })).toMatchObject([{ ...day, msg_count: 60 }]);
  });

  declare(
    'finds by any value of a list, by values within lists of documents, by null for what is absent, and by any of several',
    async () => {
      const { users, subscriptions } = await open();
      await users.insert(user);
      await subscriptions.insert(subscription);
      for (const filter of [
        { 'projects.project_uuid': 'q' },
        { 'projects.roles': 'publisher' },
        { name: ['bob', 'ann'] },
        { first_name: null },
      ])
        expect(await users.count(filter), JSON.stringify(filter)).toBe(1);
      for (const filter of [{ 'projects.project_uuid': 'r' }, { name: [] }, { name: 'an' }, { token: '' }])
        expect(await users.count(filter), JSON.stringify(filter)).toBe(0);
      expect(await subscriptions.count({ acl: 'u1', epoch: [0, null] })).toBe(1);
    },
  );

  declare('takes a value of a filter for a value, whatever it looks like', async () => {
    const { users } = await open();
    await users.insert(user);
    for (const token of ['{"$ne":""}', '$where', '^a']) expect(await users.count({ token })).toBe(0);
  });

  declare(
    'compares with bounds in the store itself: numbers beyond 32 bits, texts, and neither with what is absent or of another kind',
    async () => {
      const { subscriptions } = await open();
      const stored = { ...subscription, offset: 2 ** 40, next_offset: 7, pending_ack: '2026-03-01T10:00:00Z' };
      await subscriptions.insert(stored);
      const found = async (filter: Filter) => (await subscriptions.count({ name: 'S', ...filter })) === 1;
      expect(await found({ offset: { below: 2 ** 40 } })).toBe(false);
      expect(await found({ offset: { below: 2 ** 40 + 1 }, next_offset: { atLeast: 7 } })).toBe(true);
      expect(await found({ next_offset: { atLeast: 8 } })).toBe(false);
      expect(await found({ next_offset: { atLeast: 5, below: 7 } })).toBe(false);
      expect(await found({ pending_ack: { atLeast: '2026-03-01T10:00:00Z', below: '2026-03-01T10:00:01Z' } })).toBe(
        true,
      );
      expect(await found({ pending_ack: { atLeast: '2026-03-01T10:00:01Z', below: '2027' } })).toBe(false);
      expect(await found({ pending_ack: { atLeast: 0 } })).toBe(false);
      expect(await found({ epoch: { below: 9 } })).toBe(false);
    },
  );

  declare('puts values into lists once, also where the list is null, and takes them out', async () => {
    const { subscriptions } = await open();
    await subscriptions.insert({ ...subscription, acl: null });
    const acl = async () => (await subscriptions.first({ name: 'S' }))?.acl;
    for (const uuid of ['u1', 'u2', 'u1']) await subscriptions.change({ name: 'S' }, { addToLists: { acl: uuid } });
    expect(await acl()).toEqual(['u1', 'u2']);
    await subscriptions.change({ name: 'S' }, { removeFromLists: { acl: 'u1' } });
    expect(await acl()).toEqual(['u2']);
    await subscriptions.insert({ ...subscription, name: 'S2', acl: null });
    await subscriptions.changeAll({ project_uuid: 'p' }, { removeFromLists: { acl: 'u2' } });
    expect(await acl()).toEqual([]);
  });

  declare('loses none of many values put into one list at once', async () => {
    const { subscriptions } = await open();
    await subscriptions.insert({ ...subscription, acl: [] });
    const uuids = Array.from({ length: 20 }, (_each, index) => `u${index}`);
    await Promise.all(uuids.map((acl) => subscriptions.change({ name: 'S' }, { addToLists: { acl } })));
    expect([...((await subscriptions.first({ name: 'S' }))?.acl ?? [])].sort()).toEqual([...uuids].sort());
  });

  declare('pages newest first, each document once, from an id on', async () => {
    const { topics } = await open();
    const names = Array.from({ length: 7 }, (_each, index) => `T${index}`);
    for (const name of names)
      await topics.insert({
        project_uuid: 'p',
        name,
        msg_num: 0,
        total_bytes: 0,
        latest_publish: neverYet,
        publish_rate: 0,
        schema_uuid: '',
        created_on: neverYet,
        acl: [],
      });
    const seen: string[] = [];
    for (let from: string | undefined; ; ) {
      const page = await topics.find({ project_uuid: 'p' }, { from, limit: 4 });
      seen.push(...page.slice(0, 3).map(({ name }) => name));
      from = page[3]?.id;
      if (from === undefined) break;
    }
    expect(seen).toEqual([...names].reverse());
    expect(await topics.find({ project_uuid: 'elsewhere' })).toEqual([]);
  });

  declare('says whether a change found a document, and a rename whether the name was taken', async () => {
    const { users } = await open();
    await users.insert(user);
    await users.insert({ ...user, uuid: 'u2', name: 'bob' });
    expect(await users.change({ name: 'cid' }, { set: { email: 'x' } })).toBe(false);
    expect(await users.change({ name: 'ann' }, {})).toBe(true);
    expect(await users.change({ name: 'cid' }, {})).toBe(false);
    expect(await users.rename({ uuid: 'u2' }, { name: 'ann' })).toBe('taken');
    expect(await users.rename({ uuid: 'u3' }, { name: 'dan' })).toBe('absent');
    expect(await users.rename({ uuid: 'u2' }, { name: 'bob', email: 'new' })).toBe('changed');
    const races = await Promise.all(['u1', 'u2'].map((uuid) => users.rename({ uuid }, { name: 'eve' })));
    expect([...races].sort()).toEqual(['changed', 'taken']);
    expect(await users.count({ name: 'eve' })).toBe(1);
  });

  declare('changes and removes all that match, and says how many went', async () => {
    const { subscriptions } = await open();
    for (const name of ['A', 'B', 'C'])
      await subscriptions.insert({ ...subscription, name, topic: name === 'C' ? 'X' : 'T' });
    await subscriptions.changeAll({ topic: 'T' }, { set: { ack: 20 } });
    expect((await subscriptions.find({ ack: 20 })).map(({ name }) => name)).toEqual(['B', 'A']);
    expect(await subscriptions.remove({ topic: 'T' })).toBe(2);
    expect(await subscriptions.remove({ topic: 'T' })).toBe(0);
    expect(await subscriptions.count({})).toBe(1);
  });

  declare('answers a ping', async () => {
    const store = await open();
    await expect(store.ping()).resolves.toBeUndefined();
  });
}
