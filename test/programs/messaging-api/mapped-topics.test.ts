/** Topics of the manifest inside a project (decision 0020): raw records both ways, and a place for each partition. */
import { expect, test } from 'vitest';
import { refusal } from './api-fixture.ts';
import { startApi, startWithMapped } from './mapped-fixture.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const kafka = 'monitoring.pms';
const at = (partition: number) => ({ topic: kafka, partition, foreign: true });

test('a record is read as it lies there: value, headers as attributes, the key in one of its own', async () => {
  const api = await startWithMapped(2);
  await api.backend.publish(at(1), [
    { key: Buffer.from('plant-7'), value: Buffer.from('{"power":1}'), headers: { unit: Buffer.from('kW') } },
    { key: Buffer.from([0xff, 0]), value: Buffer.alloc(0) },
    { value: Buffer.from('{"data":"x","publishTime":"y","messageId":"1"}') },
  ]);
  expect(await api.pull(10)).toEqual([
    {
      ackId: 'projects/P/subscriptions/S:1-0',
      message: {
        messageId: '1-0',
        attributes: { unit: 'kW', 'kafka.key': 'plant-7' },
        data: base64('{"power":1}'),
        publishTime: '2026-03-01T10:00:00.25Z',
      },
    },
    {
      ackId: 'projects/P/subscriptions/S:1-1',
      message: {
        messageId: '1-1',
        attributes: { 'kafka.key.base64': '/wA=' },
        data: '',
        publishTime: '2026-03-01T10:00:00.25Z',
      },
    },
    {
      ackId: 'projects/P/subscriptions/S:1-2',
      message: {
        messageId: '1-2',
        data: base64('{"data":"x","publishTime":"y","messageId":"1"}'),
        publishTime: '2026-03-01T10:00:00.25Z',
      },
    },
  ]);
});

test('a record that was published as upstream’s JSON stays readable', async () => {
  const api = await startWithMapped(1);
  const value = { messageId: '7', attributes: { a: 'b' }, data: 'eA==', publishTime: '2026-01-01T00:00:00.5Z' };
  await api.backend.publish(at(0), [{ value: Buffer.from(JSON.stringify(value, null, 3)) }]);
  const [received] = await api.pull(1);
  expect(received?.message).toEqual({ ...value, messageId: '0-0' });
});

test('a publish writes what the topic’s other users understand, and a pull gives it back', async () => {
  const api = await startWithMapped(3);
  const messages = [
    { attributes: { unit: 'kW', 'kafka.key': 'abc' }, data: base64('one') },
    { attributes: { 'kafka.key': 'abc' }, data: base64('two') },
  ];
  // murmur2('abc') & 0x7fffffff is 479470107, of three partitions 479470107 % 3 = 0.
  expect(await api.make('POST', 'projects/P/topics/M:publish', { messages })).toEqual({ messageIds: ['0-0', '0-1'] });
  expect(api.backend.publishes).toBe(1);
  const [record] = await api.backend.read(at(0), 0, { maxRecords: 1, maxBytes: 1000 });
  expect(record).toMatchObject({
    key: Buffer.from('abc'),
    value: Buffer.from('one'),
    headers: { unit: Buffer.from('kW') },
  });
  const received = (await api.pull(10)).map(({ message }) => message);
  expect(received).toMatchObject(messages);
});

test('messages without a key go to one partition together, and the next publish to another', async () => {
  const api = await startWithMapped(3);
  const seen = new Set<string>();
  for (let publish = 0; publish < 3; publish += 1) {
    const messages = [{ data: base64('a') }, { data: base64('b') }];
    const { messageIds } = (await api.make('POST', 'projects/P/topics/M:publish', { messages })) as {
      messageIds: string[];
    };
    const partitions = messageIds.map((id) => id.split('-')[0] ?? '');
    expect(partitions[0]).toBe(partitions[1]);
    seen.add(partitions[0] ?? '');
  }
  expect([seen.size, api.backend.publishes]).toEqual([3, 3]);
});

test('data that is no base64 is refused where it would have to be decoded, and nothing of the batch is written', async () => {
  const api = await startWithMapped(1);
  const messages = [{ data: base64('a') }, { data: 'no base64' }];
  const reply = await api.ask('POST', 'projects/P/topics/M:publish', { body: { messages } });
  const words = 'Message 1 is not in valid base64 enocding,illegal base64 data';
  expect(reply.body).toEqual(refusal(400, 'INVALID_ARGUMENT', words));
  expect(api.backend.publishes).toBe(0);
});

test('a pull takes an equal share of every partition, and of one alone what the others lack', async () => {
  const api = await startWithMapped(3);
  await api.fill([10, 10, 1]);
  const partitions = (await api.pull(9)).map(({ message }) => message.messageId.split('-')[0]);
  const count = (wanted: string) => partitions.filter((each) => each === wanted).length;
  expect([count('0'), count('1'), count('2')]).toEqual([4, 4, 1]);
});

test('with one message a pull, the partitions take turns', async () => {
  const api = await startWithMapped(3);
  await api.fill([4, 4, 4]);
  const order: string[] = [];
  for (let pulls = 0; pulls < 6; pulls += 1) {
    const [received] = await api.pull(1);
    order.push(received?.message.messageId ?? '');
    expect((await api.acknowledge(received?.message.messageId ?? '')).status).toBe(200);
  }
  expect(order).toEqual(['0-0', '1-0', '2-0', '0-1', '1-1', '2-1']);
});

test('an acknowledgement is cumulative in its partition and says nothing of another', async () => {
  const api = await startWithMapped(2);
  await api.fill([3, 3]);
  await api.pull(10);
  expect((await api.acknowledge('1-1')).status).toBe(200);
  expect(await api.stands()).toEqual([0, 2]);
  expect((await api.acknowledge('0-2')).status).toBe(200);
  expect(await api.stands()).toEqual([3, 2]);
});

test('an acknowledgement over several partitions is all or nothing', async () => {
  const api = await startWithMapped(2);
  await api.fill([3, 3]);
  await api.pull(10);
  expect((await api.acknowledge('0-0')).status).toBe(200);
  const refused = await api.acknowledge('1-1', '0-1');
  expect(refused.body).toEqual(refusal(500, 'INTERNAL_SERVER_ERROR', 'no ack pending'));
  expect(await api.stands()).toEqual([1, 0]);
});

test('ids without a partition, of a partition that is none, or of both forms are refused', async () => {
  const api = await startWithMapped(2);
  await api.fill([1, 1]);
  await api.pull(10);
  const bad = refusal(400, 'INVALID_ARGUMENT', 'Invalid ack id');
  for (const ids of [['0'], ['0-0', '1'], ['0--1'], ['-1-0'], ['0-'], ['9999999-1'], ['0-9223372036854775808']])
    expect([ids, (await api.acknowledge(...ids)).body]).toEqual([ids, bad]);
  expect((await api.acknowledge('7-0')).body).toEqual(refusal(500, 'INTERNAL_SERVER_ERROR', 'no ack pending'));
  await api.make('PUT', 'projects/P/topics/T');
  await api.make('PUT', 'projects/P/subscriptions/O', { topic: 'projects/P/topics/T' });
  const ackIds = ['projects/P/subscriptions/O:0-0'];
  expect((await api.ask('POST', 'projects/P/subscriptions/O:acknowledge', { body: { ackIds } })).body).toEqual(bad);
});

test('a partition that is added later is read from its start, and the others stay where they were', async () => {
  const api = await startWithMapped(1);
  await api.fill([2]);
  await api.pull(10);
  await api.acknowledge('0-1');
  api.backend.grow(kafka, 3);
  await api.fill([0, 1, 1]);
  expect((await api.pull(10)).map(({ message }) => message.messageId).sort()).toEqual(['1-0', '2-0']);
});

test('a new subscription begins at the end of every partition; a seeded one at their starts', async () => {
  const api = await startWithMapped(2);
  await api.fill([2, 1]);
  await api.make('PUT', 'projects/P/subscriptions/N', { topic: 'projects/P/topics/M' });
  expect(await api.make('GET', 'projects/P/subscriptions/N:offsets')).toMatchObject({ max: 3, min: 0, current: 3 });
  const stored = await api.store.subscriptions.first({ name: 'N' });
  if (stored === undefined) throw new Error('no subscription');
  const { id: _id, partitions: _partitions, partitions_revision: _revision, ...seeded } = stored;
  await api.store.subscriptions.insert({ ...seeded, name: 'Z', offset: -1 });
  expect(await api.make('GET', 'projects/P/subscriptions/Z:offsets')).toMatchObject({ max: 3, min: 0, current: 0 });
});

test('offsets are sums over the partitions, and say each', async () => {
  const api = await startWithMapped(2);
  await api.fill([4, 2]);
  api.backend.forget(at(0), (offset) => offset < 3);
  expect(await api.make('GET', 'projects/P/subscriptions/S:offsets')).toEqual({
    max: 6,
    min: 3,
    current: 3,
    partitions: [
      { partition: 0, max: 4, min: 3, current: 3 },
      { partition: 1, max: 2, min: 0, current: 0 },
    ],
  });
});

test('modifyOffset takes each partition’s offset, or the start or the end of all of them', async () => {
  const api = await startWithMapped(2);
  await api.fill([4, 2]);
  const modify = (body: object) => api.ask('POST', 'projects/P/subscriptions/S:modifyOffset', { body });
  await api.pull(10);
  expect((await modify({ partitions: [{ partition: 1, offset: 1 }] })).status).toBe(200);
  expect(await api.stands()).toEqual([0, 1]);
  expect((await api.acknowledge('1-1')).body).toEqual(refusal(500, 'INTERNAL_SERVER_ERROR', 'no ack pending'));
  expect((await modify({ offset: 6 })).status).toBe(200);
  expect(await api.stands()).toEqual([4, 2]);
  expect((await modify({ offset: 0 })).status).toBe(200);
  expect(await api.stands()).toEqual([0, 0]);
  const words = 'Offset of each of 2 partitions is needed';
  expect((await modify({ offset: 3 })).body).toEqual(refusal(400, 'INVALID_ARGUMENT', words));
  const outside = refusal(400, 'INVALID_ARGUMENT', 'Offset out of bounds');
  for (const body of [{ offset: 7 }, { offset: -1 }, { partitions: [{ partition: 2, offset: 0 }] }])
    expect((await modify(body)).body).toEqual(outside);
  expect(await api.stands()).toEqual([0, 0]);
});

test('what timeToOffset gives, modifyOffset takes', async () => {
  const api = await startWithMapped(2);
  await api.fill([2, 1]);
  api.clock.now += 5_000;
  await api.fill([1, 0]);
  const found = await api.make('GET', 'projects/P/subscriptions/S:timeToOffset?time=2026-03-01T10:00:03.000Z');
  expect(found).toEqual({
    offset: 3,
    partitions: [
      { partition: 0, offset: 2 },
      { partition: 1, offset: 1 },
    ],
  });
  await api.make('POST', 'projects/P/subscriptions/S:modifyOffset', found);
  expect(await api.stands()).toEqual([2, 1]);
  const late = await api.ask('GET', 'projects/P/subscriptions/S:timeToOffset?time=2026-03-02T10:00:03.000Z');
  expect(late.status).toBe(409);
});

test('with exclusive windows each partition belongs to one puller', async () => {
  const api = await startWithMapped(2, { ensemble: { exclusiveWindows: true } });
  await api.fill([2, 2]);
  const ids = async (count: number) => (await api.pull(count)).map(({ message }) => message.messageId);
  expect(await ids(1)).toEqual(['0-0']);
  expect(await ids(5)).toEqual(['1-0', '1-1']);
  expect(await ids(5)).toEqual([]);
  expect((await api.acknowledge('0-0')).status).toBe(200);
  expect(await ids(5)).toEqual(['0-1']);
});

test('a push worker, who acknowledges the last id alone, is given one partition at a time', async () => {
  const api = await startWithMapped(2);
  await api.fill([2, 2]);
  const key = await api.user('worker', [], ['push_worker']);
  const body = { maxMessages: '10' };
  const reply = await api.ask('POST', 'projects/P/subscriptions/S:pull', { key, body });
  const { receivedMessages } = reply.body as { receivedMessages: { message: { messageId: string } }[] };
  expect(receivedMessages.map(({ message }) => message.messageId)).toEqual(['0-0', '0-1']);
});

test('deleting the API’s topic leaves the Kafka topic, and nothing here makes one that is missing', async () => {
  const api = await startWithMapped(2);
  await api.fill([1, 1]);
  await api.make('DELETE', 'projects/P/topics/M');
  expect(api.backend.logs.get(kafka)?.map(({ next }) => next)).toEqual([1, 1]);
  const other = await startWithMapped(1);
  await other.backend.deleteTopic(kafka);
  const publish = { messages: [{ data: 'aA==' }] };
  const statuses = [
    (await other.ask('POST', 'projects/P/topics/M:publish', { body: publish })).status,
    (await other.ask('POST', 'projects/P/subscriptions/S:pull', { body: {} })).status,
    (await other.ask('GET', 'projects/P/subscriptions/S:offsets')).status,
  ];
  expect([statuses, other.backend.logs.size]).toEqual([[500, 500, 500], 0]);
});

test('a topic that a request makes is never mapped, and one that is shows its Kafka topic', async () => {
  const api = await startApi();
  await api.make('POST', 'projects/P', {});
  const made = await api.make('PUT', 'projects/P/topics/x', { kafka_topic: 'monitoring.pms' });
  expect(made).toEqual({ name: '/projects/P/topics/x', created_on: '2026-03-01T10:00:00Z' });
  expect((await api.store.topics.first({ name: 'x' }))?.kafka_topic).toBeUndefined();
  const mapped = await startWithMapped(1);
  expect(await mapped.make('GET', 'projects/P/topics/M')).toMatchObject({ kafka_topic: kafka });
});
