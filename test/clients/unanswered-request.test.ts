/** A broker that takes requests and answers none, as one does whose machine was cut off: KafkaJS must let go of it, or it asks nobody else. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import ConnectionPool from 'kafkajs/src/network/connectionPool.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { apiKeys } from '../../clients/kafka/api.ts';
import { createLogger } from '../../clients/kafka/kafkajs.ts';

let server: Server;
let port: number;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  server = createServer((socket) => void sockets.push(socket.on('error', () => undefined).resume()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

const pool = () =>
  new ConnectionPool({
    host: '127.0.0.1',
    port,
    logger: createLogger(undefined),
    clientId: 'test',
    socketFactory: (to) => connect(to.port, to.host, to.onConnect),
    sasl: null,
    requestTimeout: 300,
    connectionTimeout: 5_000,
  });
const ask = async (of: ConnectionPool, api: 'Metadata' | 'Fetch' | 'ApiVersions') =>
  await of
    .send({
      request: { apiKey: apiKeys[api], apiVersion: 0, apiName: api, encode: async () => new Encoder() },
      response: { decode: async () => ({ clientSideThrottleTime: 0, value: 0 }), parse: async () => 0 },
    })
    .then(
      () => 'answered',
      (error: { name: string; message: string; host?: string; port?: number }) => error,
    );

test('a request without an answer closes every connection to that broker, by the error for which KafkaJS asks another one', async () => {
  const asked = pool();
  const [first, second] = await Promise.all([ask(asked, 'Metadata'), ask(asked, 'Fetch')]);
  // KafkaJS forgets the broker of this host and port, and asks another one who leads.
  for (const error of [first, second])
    expect(error).toMatchObject({ name: 'KafkaJSConnectionClosedError', host: '127.0.0.1', port });
  // Whoever used to hear of a time-out still does.
  expect([first, second].map((error) => String((error as Error).message))).toContainEqual(
    expect.stringMatching(/timed out/),
  );
  expect(asked.isConnected()).toBe(false);
  expect(sockets).toHaveLength(2);
  for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close');
});

test('one that does not answer the first question of a connection could not be reached: KafkaJS goes to another one at once', async () => {
  const error = await ask(pool(), 'ApiVersions');
  expect(error).toMatchObject({ name: 'KafkaJSConnectionError', code: 'ETIMEDOUT', broker: `127.0.0.1:${port}` });
});

test('however many requests wait, Node warns of no listeners that were left behind', async () => {
  const warned: string[] = [];
  const hear = ({ name }: Error) => warned.push(name);
  process.on('warning', hear);
  const asked = pool();
  await Promise.all(Array.from({ length: 12 }, () => ask(asked, 'Metadata')));
  for (const socket of sockets) socket.destroy();
  await vi.waitUntil(() => asked.map(({ socket }) => socket?.destroyed !== false).every(Boolean));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', hear);
  expect(warned).toEqual([]);
});
