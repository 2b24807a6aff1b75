/** The reading session against bytes written here from ZooKeeper's zookeeper.jute; test/integration/messaging-api-brokers.test.ts has a real ensemble. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { parseRegistration, readBrokers } from '../../clients/zookeeper/brokers.ts';
import { openSession } from '../../clients/zookeeper/session.ts';

const servers: Server[] = [];
const seen: string[] = [];

afterEach(async () => {
  seen.length = 0;
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

type Tree = Readonly<Record<string, readonly string[] | string>>;

/** A server with a list of names or a text at each path. `pieces` cuts each answer into so many bytes. */
async function serve(tree: Tree, { pieces = 1_000, greeting = session(10_000) } = {}): Promise<string> {
  const server = createServer((socket) => {
    let greeted = false;
    let bytes = Buffer.alloc(0);
    const send = (packet: Buffer) => {
      const whole = Buffer.concat([int(packet.length), packet]);
      for (let at = 0; at < whole.length; at += pieces) socket.write(whole.subarray(at, at + pieces));
    };
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        const packet = bytes.subarray(4, 4 + bytes.readInt32BE(0));
        bytes = bytes.subarray(4 + packet.length);
        if (!greeted) {
          greeted = true;
          send(greeting);
          continue;
        }
        const type = packet.readInt32BE(4);
        const path = type === -11 ? '' : packet.toString('utf8', 12, 12 + packet.readInt32BE(8));
        seen.push(`${type} ${path}`);
        const found = tree[path];
        const fault = type !== -11 && found === undefined ? -101 : 0;
        const head = Buffer.concat([packet.subarray(0, 4), Buffer.alloc(8), int(fault)]);
        if (found === undefined) send(head);
        else if (typeof found === 'string') send(Buffer.concat([head, text(found), Buffer.alloc(68)]));
        else send(Buffer.concat([head, int(found.length), ...found.map(text)]));
      }
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)]);
}

/** ConnectResponse: protocolVersion, timeOut, sessionId, passwd, readOnly. */
function session(timeoutMs: number): Buffer {
  return Buffer.concat([int(0), int(timeoutMs), Buffer.alloc(8, 7), int(16), Buffer.alloc(16), Buffer.from([0])]);
}

const broker = (host: string | null, port: number) => JSON.stringify({ host, port, version: 5, endpoints: [] });

test('brokers are read below the chroot, whole or in pieces, and the session is closed', async () => {
  const tree = {
    '/kafka/brokers/ids': ['10', '2', '3'],
    '/kafka/brokers/ids/2': broker('worker-2.internal', 9092),
    '/kafka/brokers/ids/10': broker('fd00::1', 9092),
  };
  for (const pieces of [1, 3, 1_000]) {
    seen.length = 0;
    const found = await readBrokers([await serve(tree, { pieces })], 'kafka/');
    expect(found).toEqual(['worker-2.internal:9092', '[fd00::1]:9092']); // 3 is gone since the list was read
    expect(seen.at(-1)).toBe('-11 ');
  }
});

test('no chroot is the root, and a path that is not there is a cluster without brokers', async () => {
  expect(await readBrokers([await serve({})], '')).toEqual([]);
  expect(seen[0]).toBe('8 /brokers/ids');
});

test('the next server is asked where one does not answer, and all are named where none does', async () => {
  const gone = await serve({});
  await new Promise((done) => servers.pop()?.close(done));
  const opened = await openSession([gone, await serve({})]);
  expect(await opened.data('/nothing')).toBeUndefined();
  await opened.close();
  await expect(openSession([gone])).rejects.toMatchObject({
    code: 'CLIENT_UNREACHABLE',
    evidence: [expect.stringContaining(`${gone}: connect ECONNREFUSED`)],
  });
});

test('a server that is silent, that closes at once, or that speaks something else is a reason and not a hang', async () => {
  const answering = async (act: (socket: Socket) => void) => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).resume();
      act(socket);
    });
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  };
  const silent = await answering(() => {});
  const closing = await answering((socket) => socket.end());
  const web = await answering((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const asked = openSession([silent, closing, web], { timeoutMs: 100 });
  await expect(asked).rejects.toMatchObject({
    code: 'CLIENT_UNREACHABLE',
    evidence: [
      expect.stringContaining('no answer'),
      expect.stringContaining('closed the connection'),
      expect.stringContaining('not ZooKeeper'),
    ],
  });
});

test('an expired session is refused', async () => {
  await expect(openSession([await serve({}, { greeting: session(0) })])).rejects.toMatchObject({
    code: 'CLIENT_UNREACHABLE',
    evidence: [expect.stringContaining('expired')],
  });
});

test('a broker that listens with TLS alone has no address here, and what is no registration is refused', () => {
  expect(parseRegistration(broker(null, -1), '/brokers/ids/1')).toBeUndefined();
  expect(parseRegistration(broker('b', 9092), '/brokers/ids/1')).toBe('b:9092');
  for (const wrong of ['', '{}', '[]', '{"host":1,"port":2}'])
    expect(() => parseRegistration(wrong, '/brokers/ids/1')).toThrow(/not a broker’s registration/);
});
