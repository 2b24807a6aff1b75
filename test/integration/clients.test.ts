/** The clients over real sockets of this machine: silence, refusal and the shape of an answer. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../clients/kafka/connection.ts';
import { createProducer, randomClientId } from '../../clients/kafka/messaging.ts';
import { ruok, srvr } from '../../clients/zookeeper/four-letter-words.ts';
import { freePort } from './free-port.ts';

const servers: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  }
});

/** Listens on a free port; `answer` is given what came, and closes after it. */
async function listening(answer: (word: string) => string | undefined): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const text = answer(data.toString());
      if (text !== undefined) socket.end(text);
    });
  });
  servers.push({ server, sockets });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('four-letter words are sent and their answers read to the end', async () => {
  const port = await listening((word) => (word === 'srvr' ? 'Zookeeper version: 3.8.4-x\nMode: follower\n' : 'imok'));
  expect(await srvr('127.0.0.1', port)).toMatchObject({ serving: true, mode: 'follower', version: '3.8.4' });
  expect(await ruok('127.0.0.1', port)).toBe(true);
});

test('a ZooKeeper that is not there and one that stays silent are told apart', async () => {
  await expect(srvr('127.0.0.1', await freePort())).rejects.toMatchObject({
    code: 'CLIENT_UNREACHABLE',
    evidence: [expect.stringContaining('ECONNREFUSED')],
  });
  const silent = await listening(() => undefined);
  await expect(srvr('127.0.0.1', silent, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'CLIENT_TIMED_OUT' });
});

test('an interrupted question of ZooKeeper ends at once', async () => {
  const abort = new AbortController();
  const asked = srvr('127.0.0.1', await listening(() => undefined), { timeoutMs: 60_000, signal: abort.signal });
  abort.abort();
  await expect(asked).rejects.toMatchObject({ code: 'CLIENT_ABORTED' });
});

test('a Kafka that refuses, one that stays silent and one that speaks another language are each named with the reason', async () => {
  const ports = [
    await freePort(),
    await listening(() => undefined),
    await listening(() => 'HTTP/1.1 400 Bad Request\r\n\r\n'),
  ];
  const bootstrap = ports.map((port) => `127.0.0.1:${port}`);
  await expect(connect({ bootstrap, clientId: 'test', connectionTimeoutMs: 200 })).rejects.toMatchObject({
    code: 'CLIENT_UNREACHABLE',
    evidence: bootstrap.map((address) => expect.stringContaining(`${address}: `)),
  });
});

test('a producer without a Kafka says so in our words, and nothing on the console', async () => {
  const bootstrap = [`127.0.0.1:${await freePort()}`];
  await expect(createProducer({ bootstrap, connectionTimeoutMs: 100 })).rejects.toMatchObject({
    code: 'CLIENT_UNREACHABLE',
  });
});

test('client ids have the platform’s form', () => {
  for (let round = 0; round < 100; round += 1) expect(randomClientId('producer')).toMatch(/^producer\.\d{4}$/);
});
