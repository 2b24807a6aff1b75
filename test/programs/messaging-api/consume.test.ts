/** Publish, pull, acknowledge and offsets: the reference's sections 2 and 3, and the invariants of any number of pulls and acknowledgements. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  acknowledgeIds,
  currentOffset,
  publishTexts,
  pullMessages,
  refusal,
  startApi,
  startWithSubscription,
} from './api-fixture.ts';

const error = (message: string) => refusal(500, 'INTERNAL_SERVER_ERROR', message);
const pull = 'projects/P/subscriptions/S:pull';

test('the ids of a publish are the offsets of the log, from "0" on, and a pull gives them again (3, 8)', async () => {
  const api = await startWithSubscription();
  expect(await publishTexts(api, 'a', 'b')).toEqual(['0', '1']);
  const received = await pullMessages(api);
  expect(received).toEqual([
    {
      ackId: 'projects/P/subscriptions/S:0',
      message: { messageId: '0', data: 'YQ==', publishTime: '2026-03-01T10:00:00.25Z' },
    },
    {
      ackId: 'projects/P/subscriptions/S:1',
      message: { messageId: '1', data: 'Yg==', publishTime: '2026-03-01T10:00:00.25Z' },
    },
  ]);
});

test('a batch is one request to the back-end, and publishes at once share one with ids of their own', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a', 'b', 'c');
  expect(api.backend.publishes).toBe(1);
  const ids = (
    await Promise.all(Array.from({ length: 20 }, (_each, index) => publishTexts(api, String(index))))
  ).flat();
  expect(new Set(ids).size).toBe(20);
  expect(api.backend.publishes).toBeLessThan(10);
  const texts = (await pullMessages(api, 100)).map(({ message }) => [
    message.messageId,
    Buffer.from(message.data, 'base64').toString(),
  ]);
  for (const [index, id] of ids.entries()) expect(texts).toContainEqual([id, String(index)]);
});

test('attributes come back as they were, quotes and control characters too (FAULT put right, 3)', async () => {
  const api = await startWithSubscription();
  const attributes = { quote: 'a"b', line: '1\n2', literal: 'a\\nb', empty: '' };
  await api.make('POST', 'projects/P/topics/T:publish', { messages: [{ attributes, data: 'no base64 at all' }] });
  const [received] = await pullMessages(api);
  expect(received?.message).toMatchObject({ attributes, data: 'no base64 at all' });
});

test('a record that is no message of ours is delivered as data and stops nobody (FAULT put right, 3)', async () => {
  const api = await startWithSubscription();
  const [log = ''] = [...api.backend.logs.keys()];
  await api.backend.publish({ topic: log, partition: 0 }, [
    { value: Buffer.alloc(0) },
    { value: Buffer.from('{"pms":1}') },
  ]);
  expect((await pullMessages(api)).map(({ message }) => message.data)).toEqual([
    '',
    Buffer.from('{"pms":1}').toString('base64'),
  ]);
});

test('a record of more than 1,500,000 bytes is a 413 and nothing of its batch is written (FAULT put right, 3)', async () => {
  const api = await startWithSubscription();
  const messages = [{ data: 'aA==' }, { data: 'A'.repeat(1_500_000) }];
  const reply = await api.ask('POST', 'projects/P/topics/T:publish', { body: { messages } });
  expect(reply.body).toEqual(refusal(413, 'INVALID_ARGUMENT', 'Message size is too large'));
  expect(api.backend.publishes).toBe(0);
});

test('publishes beyond what may wait are refused with 503 instead of kept', async () => {
  const api = await startWithSubscription({ ensemble: { limits: { waitingBytes: 1024 } } });
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  api.backend.gate = () => gate;
  const body = { messages: [{ data: 'A'.repeat(800) }] };
  const replies = [1, 2, 3].map(() => api.ask('POST', 'projects/P/topics/T:publish', { body }));
  const refused = await Promise.race(replies);
  open();
  const statuses = (await Promise.all(replies)).map(({ status }) => status).sort();
  expect([refused.status, statuses]).toEqual([503, [200, 503, 503]]);
});

test('an empty publish is 200 with no ids (2)', async () => {
  const api = await startWithSubscription();
  expect(await api.make('POST', 'projects/P/topics/T:publish', {})).toEqual({ messageIds: [] });
});

test('unacknowledged messages come again on every pull, before the deadline too (3)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a', 'b');
  expect(await pullMessages(api)).toEqual(await pullMessages(api));
});

test('acknowledgements are refused in the order of the reference (3)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a', 'b', 'c', 'd');
  expect((await acknowledgeIds(api, 0)).body).toEqual(error('no ack pending'));
  await pullMessages(api, 2);
  expect((await acknowledgeIds(api, 2)).body).toEqual(error('wrong ack'));
  expect(await acknowledgeIds(api, 0, 1)).toMatchObject({ status: 200, text: '{}' });
  expect(await currentOffset(api)).toBe(2);
  expect((await acknowledgeIds(api, 1)).body).toEqual(error('no ack pending'));
  await pullMessages(api, 2);
  expect((await acknowledgeIds(api, 1)).body).toEqual(error('wrong ack'));
  api.clock.now += 10_700;
  expect((await acknowledgeIds(api, 3)).status).toBe(200);
});

test('an acknowledgement after the deadline is a 408 and moves nothing (3)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a');
  await pullMessages(api);
  api.clock.now += 11_001;
  expect((await acknowledgeIds(api, 0)).body).toEqual(refusal(408, 'TIMEOUT', 'ack timeout'));
  expect(await currentOffset(api)).toBe(0);
});

test('ids of another subscription, no number, too great, none, or negative alone are refused (3)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a');
  await pullMessages(api);
  const bad = refusal(400, 'INVALID_ARGUMENT', 'Invalid ack id');
  for (const id of ['x', '-1', '9223372036854775808']) expect((await acknowledgeIds(api, id)).body).toEqual(bad);
  expect((await acknowledgeIds(api)).body).toEqual(bad);
  const other = { ackIds: ['projects/P/subscriptions/R:0'] };
  expect((await api.ask('POST', 'projects/P/subscriptions/S:acknowledge', { body: other })).body).toEqual(bad);
});

test('pull options are text, and any other type is refused; odd numbers mean one message (2)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a', 'b');
  const bad = refusal(400, 'INVALID_ARGUMENT', 'Invalid Pull Parameters Arguments');
  expect((await api.ask('POST', pull, { body: { maxMessages: 1 } })).body).toEqual(bad);
  expect((await api.ask('POST', pull, { body: { returnImmediately: true } })).body).toEqual(bad);
  for (const maxMessages of ['x', '0', '-3', '']) {
    const { body } = await api.ask('POST', pull, { body: { MaxMessages: maxMessages } });
    expect(body).toMatchObject({ receivedMessages: [{ message: { messageId: '0' } }] });
  }
});

test('at the end of the log a pull answers at once, whatever returnImmediately says (3)', async () => {
  const api = await startWithSubscription();
  expect(await api.make('POST', pull, { returnImmediately: 'false' })).toEqual({ receivedMessages: [] });
});

test('a new subscription begins at the end of the log (3)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a', 'b');
  await api.make('PUT', 'projects/P/subscriptions/N', { topic: 'projects/P/topics/T' });
  expect(await api.make('GET', 'projects/P/subscriptions/N:offsets')).toEqual({ max: 2, min: 0, current: 2 });
});

test('an offset before the start of the log is raised to it, and gaps keep their ids (2, 3)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a', 'b', 'c', 'd', 'e');
  const [log = ''] = [...api.backend.logs.keys()];
  api.backend.forget({ topic: log, partition: 0 }, (offset) => offset < 2 || offset === 3);
  expect((await pullMessages(api)).map(({ message }) => message.messageId)).toEqual(['2', '4']);
  expect((await acknowledgeIds(api, 4)).status).toBe(200);
  expect(await currentOffset(api)).toBe(5);
});

test('modifyOffset takes what the log holds, ends the window, and stores nothing else (FAULT put right, 2)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a', 'b', 'c');
  await pullMessages(api);
  const modify = (offset: unknown) => api.ask('POST', 'projects/P/subscriptions/S:modifyOffset', { body: { offset } });
  const outside = refusal(400, 'INVALID_ARGUMENT', 'Offset out of bounds');
  for (const offset of [-1, 4]) expect((await modify(offset)).body).toEqual(outside);
  expect((await modify('1')).body).toEqual(refusal(400, 'INVALID_ARGUMENT', 'Invalid Offset Arguments'));
  expect(await currentOffset(api)).toBe(0);
  expect(await modify(3)).toMatchObject({ status: 200, text: '' });
  expect((await acknowledgeIds(api, 0)).body).toEqual(error('no ack pending'));
  expect(await currentOffset(api)).toBe(3);
});

test('timeToOffset gives the first record from a time on, in one format only (2)', async () => {
  const api = await startWithSubscription();
  await publishTexts(api, 'a');
  api.clock.now += 1000;
  await publishTexts(api, 'b');
  const at = (time: string) => api.ask('GET', `projects/P/subscriptions/S:timeToOffset?time=${time}`);
  expect((await at('2026-03-01T10:00:00.300Z')).body).toEqual({ offset: 1 });
  expect((await at('2026-03-01T11:00:00.000Z')).status).toBe(409);
  for (const wrong of ['2026-03-01T10:00:00Z', '2026-03-01%2010:00:00.000Z', '2026-02-31T10:00:00.000Z', ''])
    expect((await at(wrong)).body).toEqual(refusal(400, 'INVALID_ARGUMENT', 'Time is not in valid Zulu format.'));
});

test('a pull of a subscription whose topic is gone is a 409 (2, 3)', async () => {
  const api = await startWithSubscription();
  await api.make('DELETE', 'projects/P/topics/T');
  const reply = await api.ask('POST', pull, { body: {} });
  expect(reply.body).toEqual(refusal(409, 'CONFLICT', "Subscription's topic doesn't exist"));
});

test('a lower epoch than the stored one moves nothing, a higher one is stored', async () => {
  let epoch = 5;
  const api = await startWithSubscription({}, { epochOf: () => epoch });
  await publishTexts(api, 'a', 'b');
  await pullMessages(api, 1);
  expect((await api.store.subscriptions.first({ name: 'S' }))?.epoch).toBe(5);
  epoch = 4;
  expect((await acknowledgeIds(api, 0)).status).toBe(409);
  expect(await currentOffset(api)).toBe(0);
});

test('a document of upstream, without an epoch, is served', async () => {
  const api = await startWithSubscription();
  const stored = await api.store.subscriptions.first({ name: 'S' });
  if (stored === undefined) throw new Error('no subscription');
  await api.store.subscriptions.remove({ name: 'S' });
  const { epoch: _epoch, id: _id, ...upstreams } = stored;
  await api.store.subscriptions.insert(upstreams);
  await publishTexts(api, 'a');
  await pullMessages(api);
  expect((await acknowledgeIds(api, 0)).status).toBe(200);
});

test('with exclusive windows the next puller gets nothing until the deadline', async () => {
  const api = await startWithSubscription({ ensemble: { exclusiveWindows: true } });
  await publishTexts(api, 'a', 'b');
  const pulls = await Promise.all([1, 2, 3, 4].map(() => pullMessages(api, 1)));
  expect(pulls.filter((messages) => messages.length > 0)).toHaveLength(1);
  api.clock.now += 11_001;
  expect(await pullMessages(api, 1)).toHaveLength(1);
});

test('any interleaving of pulls and acknowledgements on two nodes moves the offset only forward, and only over what somebody acknowledged', async () => {
  const step = fc.record({
    node: fc.integer({ min: 0, max: 1 }),
    act: fc.constantFrom('publish', 'pull', 'pull', 'ack', 'ack', 'late'),
    count: fc.integer({ min: 1, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 }), async (rounds) => {
      const first = await startWithSubscription();
      const second = await startApi({}, { store: first.store, backend: first.backend });
      const nodes = [first, second];
      const delivered: (readonly number[])[] = [];
      let acknowledged = 0;
      let stood = 0;
      for (const round of rounds) {
        await Promise.all(
          round.map(async ({ node, act, count }) => {
            const api = nodes[node] ?? first;
            if (act === 'publish') await publishTexts(first, ...Array.from({ length: count }, () => 'x'));
            else if (act === 'late') first.clock.now = second.clock.now = first.clock.now + 4_000 * count;
            else if (act === 'pull') {
              const offsets = (await pullMessages(api, count)).map(({ message }) => Number(message.messageId));
              if (offsets.length > 0) delivered.push(offsets);
            } else {
              const offsets = delivered[delivered.length - count];
              const last = offsets?.at(-1);
              if (last !== undefined && (await acknowledgeIds(api, last)).status === 200)
                acknowledged = Math.max(acknowledged, last + 1);
            }
          }),
        );
        const stands = await currentOffset(first);
        expect(stands).toBeGreaterThanOrEqual(stood);
        expect(stands).toBe(acknowledged);
        stood = stands;
      }
    }),
    { numRuns: 60 },
  );
});
