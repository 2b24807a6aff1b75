/**
 * Brokers' answers without brokers: a server on loopback that answers ApiVersions, Metadata and DescribeConfigs for as many topics as asked, with as many
 * settings as a broker of Kafka 3.9 gives, so that the memory of a plan can be seen at sizes that two cores do not bring to life in minutes.
 */
import { createServer, type Socket } from 'node:net';
import { type ApiName, apiKeys } from '../clients/kafka/api.ts';
import type { NewTopic } from '../clients/kafka/requests/create-topics.ts';
import { topicSettings } from '../topics/manifest/topic-settings.ts';

export interface WireCluster {
  readonly bootstrap: string;
  /** Requests by kind since the last call. */
  takeCounts(): Readonly<Partial<Record<ApiName, number>>>;
  close(): Promise<void>;
}

const host = '127.0.27.9';
const brokers = [0, 1, 2];

export async function wireCluster(topics: readonly NewTopic[]): Promise<WireCluster> {
  let counts: Partial<Record<ApiName, number>> = {};
  let port = 0;
  const sockets = new Set<Socket>();
  const answer = (request: Buffer): Buffer => {
    // Key, version, correlation id, client id, body.
    const key = request.readInt16BE(0);
    const body = request.subarray(10 + request.readInt16BE(8));
    const name = (Object.keys(apiKeys) as ApiName[]).find((each) => apiKeys[each] === key);
    if (name === undefined) throw new Error(`request ${key} is not answered here`);
    counts = { ...counts, [name]: (counts[name] ?? 0) + 1 };
    const said =
      name === 'ApiVersions' ? versions() : name === 'Metadata' ? metadata(body, port, topics) : configs(body);
    return Buffer.concat([int32(said.length + 4), request.subarray(4, 8), said]);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket
      .on('error', () => {})
      .on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
          const end = 4 + rest.readInt32BE(0);
          socket.write(answer(rest.subarray(4, end)));
          rest = rest.subarray(end);
        }
      });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  const address = server.address();
  port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    bootstrap: `${host}:${port}`,
    takeCounts() {
      const taken = counts;
      counts = {};
      return taken;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function versions(): Buffer {
  return Buffer.concat([int16(0), array(Object.values(apiKeys), (key) => [int16(key), int16(0), int16(7)])]);
}

/** Every topic, or none where an empty list is asked for. */
function metadata(request: Buffer, port: number, topics: readonly NewTopic[]): Buffer {
  const shown = request.readInt32BE(0) < 0 ? topics : [];
  const listed = array(brokers, (id) => [int32(id), text(host), int32(port), text(`zone-${id}`)]);
  const described = array(shown, ({ topic, partitions, replicas }, index) => [
    int16(0),
    text(topic),
    int8(0),
    array([...Array(partitions).keys()], (partition) => {
      const ids = brokers.map((_, offset) => (index + partition + offset) % brokers.length).slice(0, replicas);
      const list = (each: readonly number[]) => array(each, (id) => [int32(id)]);
      return [int16(0), int32(partition), int32(ids[0] ?? -1), int32(0), list(ids), list(ids), list([])];
    }),
  ]);
  return Buffer.concat([int32(0), listed, text('wire'), int32(0), described]);
}

/** All settings of every topic that is asked for, none of them the topic's own (5: Kafka's default), without synonyms. */
function configs(request: Buffer): Buffer {
  const names: string[] = [];
  // A count; then of each resource its kind, its name and a null array: every setting.
  for (let at = 4; names.length < request.readInt32BE(0); ) {
    const end = at + 3 + request.readInt16BE(at + 1);
    names.push(request.toString('utf8', at + 3, end));
    at = end + 4;
  }
  const settings = array([...topicSettings.keys()], (name) => [
    text(name),
    text(name === 'min.insync.replicas' ? '1' : '9223372036854775807'),
    int8(0),
    int8(5),
    int8(0),
    int32(0),
  ]);
  return Buffer.concat([int32(0), array(names, (name) => [int16(0), int16(-1), int8(2), text(name), settings])]);
}

function array<T>(items: readonly T[], write: (item: T, index: number) => readonly Buffer[]): Buffer {
  return Buffer.concat([int32(items.length), ...items.flatMap(write)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}

function int8(value: number): Buffer {
  return Buffer.from([value]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
