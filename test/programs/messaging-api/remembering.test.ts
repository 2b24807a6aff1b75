/** What a node remembers for a second, and what it counts (decision 0027): requests to the store as numbers, and what a second may and may not change. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LastValues } from '../../../programs/messaging-api/last-values.ts';
import { rememberingStore } from '../../../programs/messaging-api/store/lookups.ts';
import { createMemoryStore } from '../../../programs/messaging-api/store/memory-store.ts';
import type { Collection, Store } from '../../../programs/messaging-api/store/store.ts';
import { type Api, acknowledgeIds, publishTexts, pullMessages, startApi } from './api-fixture.ts';
import { countedStore, twoNodes } from './two-nodes.ts';

const publisher = [{ project: 'P', roles: ['publisher'] }];

/** Gathered counts go out by themselves once a second, and no request waits for them. */
const ofCounts = new Set(['topics.change', 'dailyCounts.change']);

const body = { messages: [{ data: 'eA==' }] };
const publishBy = async (api: Api, key: string) =>
  (await api.ask('POST', 'projects/P/topics/T:publish', { key, body })).status;

it('a publish asks the store nothing, a pull twice at most and an acknowledgement once, once what they look up is remembered', async () => {
  const { one, asked } = await twoNodes();
  const key = await one.user('both', [{ project: 'P', roles: ['publisher', 'consumer'] }]);
  const users = { authorized_users: ['both'] };
  await one.make('POST', 'projects/P/topics/T:modifyAcl', users);
  await one.make('POST', 'projects/P/subscriptions/S:modifyAcl', users);
  const round = async () => {
    const requests: Record<string, readonly string[]> = {};
    const ask = async (verb: string, path: string, given: object) => {
      asked.length = 0;
      const reply = await one.ask('POST', `projects/P/${path}:${verb}`, { key, body: given });
      expect(reply.status).toBe(200);
      requests[verb] = asked.filter((each) => !ofCounts.has(each));
      return reply.body;
    };
    await ask('publish', 'topics/T', body);
    const pulled = (await ask('pull', 'subscriptions/S', {})) as { receivedMessages: { ackId: string }[] };
    await ask('acknowledge', 'subscriptions/S', { ackIds: pulled.receivedMessages.map(({ ackId }) => ackId) });
    return requests;
  };
  expect((await round()).publish).toEqual(['projects.first', 'users.first', 'roles.first', 'topics.first']);
  expect(await round()).toEqual({
    publish: [],
    pull: ['subscriptions.first', 'subscriptions.change'],
    acknowledge: ['subscriptions.change'],
  });
  // What the first two left the subscription at came true: from here on it is expected, and one step says whether it did again.
  for (let times = 0; times < 3; times += 1) expect((await round()).pull).toEqual(['subscriptions.change']);
});

/** `S` expects the next pull of `one`: three messages were pulled and acknowledged one by one. Answers what its requests ask of subscriptions. */
async function expecting() {
  const { one, other, asked } = await twoNodes();
  const user = await one.user('reader', [{ project: 'P', roles: ['consumer'] }]);
  await one.make('POST', 'projects/P/subscriptions/S:modifyAcl', { authorized_users: ['reader'] });
  await publishTexts(one, 'a', 'b', 'c', 'd', 'e');
  const pull = async (api: Api = one) => {
    asked.length = 0;
    const { status, body: answer } = await api.ask('POST', 'projects/P/subscriptions/S:pull', { key: user, body: {} });
    const { receivedMessages = [] } = answer as { receivedMessages?: { ackId: string }[] };
    return {
      status,
      ids: receivedMessages.map(({ ackId }) => ackId.slice(ackId.lastIndexOf(':') + 1)),
      steps: asked.filter((each) => each.startsWith('subscriptions.')),
    };
  };
  for (let times = 0; times < 3; times += 1) {
    const { ids } = await pull();
    expect((await acknowledgeIds(one, ...ids)).status).toBe(200);
  }
  return { one, other, pull };
}

it('a pull that expects its subscription elsewhere than it stands gives what is there, and is tried in vain once', async () => {
  const { one, other, pull } = await expecting();
  expect(await pull()).toEqual({ status: 200, ids: ['3'], steps: ['subscriptions.change'] });
  // Not acknowledged: given again. The expectation is of no use as long as that goes on.
  const inVain = ['subscriptions.change', 'subscriptions.first', 'subscriptions.change'];
  expect(await pull()).toEqual({ status: 200, ids: ['3'], steps: inVain });
  expect(await pull()).toEqual({ status: 200, ids: ['3'], steps: inVain.slice(1) });
  expect(await pull()).toEqual({ status: 200, ids: ['3'], steps: inVain.slice(1) });
  await other.make('POST', 'projects/P/subscriptions/S:modifyOffset', { offset: 1 });
  expect((await pull()).ids).toEqual(['1']);
  await acknowledgeIds(other, '1');
  expect((await pull()).ids).toEqual(['2']);
  expect(await one.store.subscriptions.first({ name: 'S' })).toMatchObject({ offset: 2, next_offset: 3 });
});

it('what another node changes of a subscription holds at once for a pull that expects it otherwise: list, deletion, push', async () => {
  const unlisted = await expecting();
  await unlisted.other.make('POST', 'projects/P/subscriptions/S:modifyAcl', { authorized_users: [] });
  expect((await unlisted.pull()).status).toBe(403);

  const deleted = await expecting();
  await deleted.other.make('DELETE', 'projects/P/subscriptions/S');
  expect((await deleted.pull()).status).toBe(404);

  const pushed = await expecting();
  await pushed.other.store.subscriptions.change({ name: 'S' }, { set: { push_type: 'http_endpoint' } });
  expect((await pushed.pull()).status).toBe(403);

  const moved = await expecting();
  await moved.other.store.subscriptions.change({ name: 'S' }, { set: { topic: 'gone' } });
  expect((await moved.pull()).status).toBe(409);
});

it('an acknowledgement by a guess that is wrong moves nothing: the deadline is read, and known for the next', async () => {
  const { one, other, asked } = await twoNodes();
  for (const ack of [600, 0]) {
    await one.make('POST', 'projects/P/subscriptions/S:modifyAckDeadline', { ackDeadlineSeconds: ack });
    const [id = ''] = await publishTexts(one, 'x');
    await pullMessages(one);
    one.clock.now += 60_000; // within the first deadline, after the second
    asked.length = 0;
    const reply = await acknowledgeIds(one, id);
    expect([ack, reply.status]).toEqual(ack === 600 ? [600, 200] : [0, 408]);
    expect(asked.filter((each) => each.startsWith('subscriptions.')).slice(0, 2)).toEqual([
      'subscriptions.change',
      'subscriptions.first',
    ]);
  }
  expect(await other.store.subscriptions.first({ name: 'S' })).toMatchObject({ offset: 1, next_offset: 2 });
});

it('equal questions at one time share an answer, and where nothing is remembered each request asks for itself', async () => {
  const { one, asked } = await twoNodes();
  const key = await one.user('many', publisher);
  await one.make('POST', 'projects/P/topics/T:modifyAcl', { authorized_users: ['many'] });
  asked.length = 0;
  await Promise.all(Array.from({ length: 20 }, () => publishBy(one, key)));
  expect(asked.filter((each) => each === 'users.first')).toHaveLength(1);
  const { one: forgetful, asked: askedOfIt } = await twoNodes(0);
  askedOfIt.length = 0;
  for (let index = 0; index < 3; index += 1) await publishTexts(forgetful, 'x');
  expect(askedOfIt.filter((each) => each === 'topics.first')).toHaveLength(3);
});

it('counts are exact: to the last message on the node itself, and under concurrent publishes on two nodes once both have written', async () => {
  const { one, other } = await twoNodes();
  await Promise.all(Array.from({ length: 40 }, (_, index) => publishTexts(index % 2 === 0 ? one : other, 'ab', 'c')));
  const points = async (api: Api) => {
    const { metrics } = (await api.make('GET', 'projects/P/topics/T:metrics')) as {
      metrics: { metric: string; timeseries: { value: number }[] }[];
    };
    return Object.fromEntries(metrics.map(({ metric, timeseries }) => [metric, timeseries[0]?.value]));
  };
  await points(one);
  expect(await points(other)).toMatchObject({
    'topic.number_of_messages': 80,
    'topic.number_of_bytes': 80 * 4,
    'topic.number_of_daily_messages': 80,
  });
});

it('what is counted is in the store within its second, though nobody asks', async () => {
  const { one } = await twoNodes();
  await publishTexts(one, 'x', 'y');
  await expect.poll(async () => (await one.store.topics.first({ name: 'T' }))?.msg_num, { timeout: 5_000 }).toBe(2);
  expect(await one.store.dailyCounts.find({})).toMatchObject([{ topic_name: 'T', msg_count: 2 }]);
});

it('counts that the store refuses are told, and written with the next; the publish is answered all the same', async () => {
  const { store } = countedStore();
  let broken = true;
  const topics: Collection<never> = new Proxy(store.topics as unknown as Collection<never>, {
    get(target, key) {
      if (key === 'change' && broken) return () => Promise.reject(new Error('no primary'));
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const api = await startApi({}, { store: { ...store, topics: topics as unknown as Store['topics'] } });
  await api.make('POST', 'projects/P', {});
  await api.make('PUT', 'projects/P/topics/T');
  expect(await publishTexts(api, 'x')).toEqual(['0']);
  await api.make('GET', 'projects/P/topics/T:metrics');
  expect(api.warnings.join()).toContain('1 counts of publishes could not be written: Error: no primary');
  expect(await store.dailyCounts.find({})).toMatchObject([{ msg_count: 1 }]);
  broken = false;
  await publishTexts(api, 'y', 'z');
  await api.make('GET', 'projects/P/topics/T:metrics');
  expect(await store.topics.first({ name: 'T' })).toMatchObject({ msg_num: 3, total_bytes: 12 });
  expect(await store.dailyCounts.find({})).toMatchObject([{ msg_count: 3 }]);
});

it('a token that this node takes away is refused at once', async () => {
  const { one } = await twoNodes();
  const key = await one.user('gone', publisher);
  await one.make('POST', 'projects/P/topics/T:modifyAcl', { authorized_users: ['gone'] });
  expect(await publishBy(one, key)).toBe(200);
  await one.make('POST', 'users/gone:refreshToken');
  expect(await publishBy(one, key)).toBe(401);
});

it('a token that another node takes away is refused after the second at most, however busy it is', async () => {
  const lookupMs = 1_000;
  const { one, other } = await twoNodes(lookupMs);
  const key = await one.user('gone', publisher);
  await one.make('POST', 'projects/P/topics/T:modifyAcl', { authorized_users: ['gone'] });
  expect(await publishBy(other, key)).toBe(200);
  await one.make('POST', 'users/gone:refreshToken');
  const since = performance.now();
  let last = 200;
  while (last === 200) {
    const asked = performance.now();
    last = await publishBy(other, key);
    // Asked after the second: refused, whatever was asked before.
    if (asked > since + lookupMs) expect(last).toBe(401);
    await sleep(20);
  }
  expect(last).toBe(401);
});

it('what another node gives holds at once: a role, and a name on the access list', async () => {
  const { one, other } = await twoNodes();
  const key = await one.user('new', [{ project: 'P', roles: ['consumer'] }]);
  expect(await publishBy(other, key)).toBe(403);
  await one.make('PUT', 'users/new', { projects: publisher });
  expect(await publishBy(other, key)).toBe(403); // not on the list yet: the topic is remembered without it
  await one.make('POST', 'projects/P/topics/T:modifyAcl', { authorized_users: ['new'] });
  expect(await publishBy(other, key)).toBe(200);
});

it('a topic that was deleted through another node, and was written to once more, is swept', async () => {
  const { one, other } = await twoNodes(50);
  await publishTexts(other, 'kept');
  const [topic = ''] = [...one.backend.logs.keys()];
  await one.make('DELETE', 'projects/P/topics/T');
  await other.backend.publish({ topic, partition: 0 }, [{ value: Buffer.from('late') }]);
  expect(one.backend.logs.has(topic)).toBe(true);
  await expect.poll(() => one.backend.logs.has(topic), { timeout: 5_000 }).toBe(false);
});

it('an answer that was under way while this node wrote is not remembered, nor is what is not there', async () => {
  const raw = createMemoryStore();
  const { store, lookups } = rememberingStore(raw, 60_000);
  await raw.roles.insert({ resource: 'r', roles: ['old'] });
  const reading = lookups.roles.first({ resource: 'r' });
  await store.roles.change({ resource: 'r' }, { set: { roles: ['new'] } });
  await reading;
  expect(await lookups.roles.first({ resource: 'r' })).toMatchObject({ roles: ['new'] });
  expect(await lookups.roles.first({ resource: 'later' })).toBeUndefined();
  await raw.roles.insert({ resource: 'later', roles: [] });
  expect(await lookups.roles.first({ resource: 'later' })).toBeDefined();
});

it('last values are bounded: the key that was set longest ago goes first', () => {
  const values = new LastValues<number>(2);
  for (const key of ['a', 'b', 'a', 'c']) values.set(key, 1);
  expect(['a', 'b', 'c'].map((key) => values.get(key))).toEqual([1, undefined, 1]);
});

it('a node that is killed loses counts of its last second, and no message', async () => {
  const { one, other } = await twoNodes();
  const ids = await publishTexts(one, 'a', 'b', 'c'); // answered, not counted yet: here the node ends
  const pulled = await pullMessages(other);
  expect(pulled.map(({ message }) => message.messageId)).toEqual(ids);
  expect((await acknowledgeIds(other, 2)).status).toBe(200);
});
