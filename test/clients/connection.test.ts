/** What a connection does when brokers are down, silent, gone in the middle, or no longer the controller. */
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ConnectOptions, connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { createTopics } from '../../clients/kafka/requests/create-topics.ts';
import { describeConfigsApi } from '../../clients/kafka/requests/describe-configs.ts';
import type { EnsembleError } from '../../contracts/error.ts';
import { FakeKafka, topicsAnswer } from './fake-kafka.ts';

let kafka: FakeKafka;
let connections: KafkaConnection[];

beforeEach(() => {
  kafka = new FakeKafka();
  connections = [];
});

afterEach(async () => {
  await Promise.all(connections.map((connection) => connection.close()));
});

async function connected(options: Partial<ConnectOptions> = {}): Promise<KafkaConnection> {
  const { openSocket } = kafka;
  const connection = await connect({ bootstrap: ['broker-1:9092'], clientId: 'test', openSocket, ...options });
  connections.push(connection);
  return connection;
}

async function failure(act: Promise<unknown>): Promise<EnsembleError> {
  return act.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: EnsembleError) => error,
  );
}

const topic = { topic: 'a', partitions: 1, replicas: 1, config: {} };
const brokerTimeoutMs = 1_000;

test('the next bootstrap server is tried where the first refuses', async () => {
  kafka.down = [1];
  const connection = await connected({ bootstrap: ['broker-1:9092', 'broker-2:9092'] });
  expect((await connection.metadata()).brokers.map(({ id, rack }) => [id, rack])).toEqual([
    [1, 'zone-1'],
    [2, 'zone-2'],
    [3, 'zone-3'],
  ]);
});

test('where nobody answers, every address that was tried is named with its reason', async () => {
  kafka.down = [1, 2, 3];
  const error = await failure(connected({ bootstrap: ['broker-1:9092', 'broker-2:9092'] }));
  expect(error.code).toBe('CLIENT_UNREACHABLE');
  expect(error.evidence).toEqual([
    'broker-1:9092: connect ECONNREFUSED broker-1:9092',
    'broker-2:9092: connect ECONNREFUSED broker-2:9092',
  ]);
});

test('an address that is none is refused before any socket is opened', async () => {
  const error = await failure(connected({ bootstrap: ['broker-1'] }));
  expect(error).toMatchObject({ code: 'CLIENT_ADDRESS_INVALID', message: expect.stringContaining('"broker-1"') });
  expect(kafka.sockets).toEqual([]);
});

test('a broker that accepts and stays silent is given up after the connection time-out', async () => {
  kafka.answer = ({ broker }) => (broker === 1 ? 'silence' : undefined);
  const connection = await connected({ bootstrap: ['broker-1:9092', 'broker-2:9092'], connectionTimeoutMs: 100 });
  expect((await connection.metadata()).clusterId).toBe('fake');
});

test('metadata tolerates a partition without a leader', async () => {
  kafka.topics = [
    {
      name: 'a',
      partitions: [
        { leader: -1, replicas: [2] },
        { leader: 1, replicas: [1, 2] },
      ],
    },
    { name: 'gone', code: 3, partitions: [] },
  ];
  const { topics } = await (await connected()).metadata(['a', 'gone']);
  expect(topics[0]?.partitions.map(({ leader, fault }) => [leader, fault?.name])).toEqual([
    [undefined, 'LEADER_NOT_AVAILABLE'],
    [1, undefined],
  ]);
  expect(topics[1]?.fault?.name).toBe('UNKNOWN_TOPIC_OR_PARTITION');
});

test('asking for no topics and asking for all of them are different requests', async () => {
  const connection = await connected();
  await connection.metadata();
  const [none, all] = kafka.seen.filter(({ api }) => api === 'Metadata').map(({ body }) => body.readInt32());
  expect([none, all]).toEqual([0, -1]);
});

test('a request for the controller follows it to the broker that it moved to', async () => {
  kafka.answer = ({ api, broker }) => {
    if (api !== 'CreateTopics') return undefined;
    if (broker === 3) return topicsAnswer({ a: 0 });
    kafka.controllerId = 3;
    return topicsAnswer({ a: 41 });
  };
  const connection = await connected();
  expect(await createTopics(connection, [topic], { brokerTimeoutMs })).toEqual([{ topic: 'a', error: undefined }]);
  expect(connection.requests.CreateTopics).toBe(2);
});

test('a request for the controller waits for the election of another where it is down', async () => {
  const connection = await connected({ bootstrap: ['broker-2:9092'] });
  kafka.down = [1];
  kafka.answer = ({ api }) => {
    // The second look finds the new one.
    if (api === 'Metadata' && kafka.countOf('Metadata') > 2) kafka.controllerId = 2;
    return api === 'CreateTopics' ? topicsAnswer({ a: 0 }) : undefined;
  };
  expect(await createTopics(connection, [topic], { brokerTimeoutMs })).toEqual([{ topic: 'a', error: undefined }]);
  expect(connection.requests.CreateTopics).toBe(1);
});

test('no controller within the wait is one clear error', async () => {
  kafka.controllerId = -1;
  const connection = await connected({ controllerWaitMs: 60 });
  const error = await failure(createTopics(connection, [topic], { brokerTimeoutMs }));
  expect(error.code).toBe('CLIENT_NO_CONTROLLER');
  expect(kafka.countOf('CreateTopics')).toBe(0);
});

test('a creation whose answer was lost is not sent again, and its error says that nobody knows', async () => {
  kafka.answer = ({ api }) => (api === 'CreateTopics' ? 'hang-up' : undefined);
  const error = await failure(createTopics(await connected(), [topic], { brokerTimeoutMs }));
  expect(error).toMatchObject({ code: 'CLIENT_CONNECTION_LOST', message: expect.stringContaining('not known') });
  expect(kafka.countOf('CreateTopics')).toBe(1);
});

test('a question whose answer was lost is asked of another broker', async () => {
  const connection = await connected();
  kafka.answer = ({ api, broker }) => (api === 'Metadata' && broker === 1 ? 'hang-up' : undefined);
  expect((await connection.metadata()).clusterId).toBe('fake');
});

test('an answer that does not come is a time-out that names the request and the broker', async () => {
  kafka.answer = ({ api }) => (api === 'DescribeConfigs' ? 'silence' : undefined);
  const connection = await connected({ connectionTimeoutMs: 50 });
  const request = { resources: [], names: undefined, synonyms: false };
  const error = await failure(connection.send(describeConfigsApi, request, { to: 1, timeoutMs: 50 }));
  expect(error).toMatchObject({
    code: 'CLIENT_TIMED_OUT',
    message: expect.stringMatching(/DescribeConfigs.*broker-1:9092/),
  });
});

test('a broker that is not registered is named beside those that are', async () => {
  const request = { resources: [], names: undefined, synonyms: false };
  const error = await failure((await connected()).send(describeConfigsApi, request, { to: 9 }));
  expect(error).toMatchObject({
    code: 'CLIENT_BROKER_UNKNOWN',
    message: 'broker 9 is not registered (registered: 1, 2, 3)',
  });
});

test('a Kafka too old for a request is told so before the request is sent', async () => {
  kafka.versions = { CreateTopics: 3 };
  const error = await failure(createTopics(await connected(), [topic], { brokerTimeoutMs }));
  expect(error).toMatchObject({ code: 'CLIENT_UNSUPPORTED', message: expect.stringContaining('offers 0 to 3') });
  expect(kafka.countOf('CreateTopics')).toBe(0);
});

test('a signal ends a wait at once', async () => {
  kafka.answer = ({ api }) => (api === 'CreateTopics' ? 'silence' : undefined);
  const abort = new AbortController();
  const sent = createTopics(await connected(), [topic], { brokerTimeoutMs: 60_000, signal: abort.signal });
  abort.abort();
  expect((await failure(sent)).code).toBe('CLIENT_ABORTED');
});

test('a closed connection leaves no socket, rejects what was under way, and takes nothing more', async () => {
  kafka.answer = ({ api }) => (api === 'CreateTopics' ? 'silence' : undefined);
  const connection = await connected();
  const sent = failure(createTopics(connection, [topic], { brokerTimeoutMs }));
  await expect.poll(() => kafka.countOf('CreateTopics')).toBe(1);
  await connection.close();
  expect((await sent).code).toBe('CLIENT_CLOSED');
  expect(kafka.sockets.every((socket) => socket.destroyed)).toBe(true);
  expect((await failure(connection.metadata())).code).toBe('CLIENT_CLOSED');
});

test('every request is counted by its name', async () => {
  const connection = await connected();
  await connection.metadata();
  await connection.metadata(['a']);
  expect(connection.requests).toMatchObject({ Metadata: 3, CreateTopics: 0 });
});

test('requests that come while a link opens wait until the versions of its broker are known', async () => {
  const connection = await connected();
  const request = { resources: [], names: [], synonyms: false };
  kafka.answer = ({ api }) => (api === 'DescribeConfigs' ? new Encoder().writeInt32(0).writeInt32(0) : undefined);
  const asked = Array.from({ length: 20 }, async (_each, index) => {
    for (let turn = 0; turn < index; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return connection.send(describeConfigsApi, request, { to: 2 });
  });
  await expect(Promise.all(asked)).resolves.toHaveLength(20);
});

test('where no broker that is known answers, their registry is asked where they are by now', async () => {
  let asked = 0;
  const findBrokers = async () => {
    asked += 1;
    return ['broker-3:9092'];
  };
  kafka.brokers = [1];
  const connection = await connected({ findBrokers });
  expect(asked).toBe(0);
  kafka.brokers = [3];
  for (const socket of kafka.sockets) socket.destroy(new Error('read ECONNRESET'));
  expect((await connection.metadata()).brokers.map(({ id }) => id)).toEqual([3]);
  expect(asked).toBe(1);
});

test('a cluster that only its registry knows is connected to, and a registry that does not answer is one of the reasons', async () => {
  const connection = await connected({ bootstrap: [], findBrokers: async () => ['broker-2:9092'] });
  expect((await connection.metadata()).brokers).toHaveLength(3);
  const silent = connected({ bootstrap: [], findBrokers: () => Promise.reject(new Error('no quorum')) });
  expect(await failure(silent)).toMatchObject({
    code: 'CLIENT_UNREACHABLE',
    evidence: [expect.stringContaining('no quorum')],
  });
  expect(await failure(connected({ bootstrap: [], findBrokers: async () => [] }))).toMatchObject({
    evidence: [expect.stringContaining('no broker is registered')],
  });
});
