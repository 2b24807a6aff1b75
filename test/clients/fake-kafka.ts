/**
 * Brokers that live in the test: they read and write the wire's bytes over streams that never leave the process, so that a connection
 * meets refused sockets, silence, moved controllers and lost answers without a network.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { type ApiName, apiKeys } from '../../clients/kafka/api.ts';
import type { OpenSocket } from '../../clients/kafka/broker-link.ts';

export interface FakeRequest {
  readonly broker: number;
  readonly api: ApiName;
  readonly version: number;
  readonly clientId: string;
  readonly body: Decoder;
}

/** The answer's bytes, `silence` (no answer ever), or `hang-up` (the connection is closed instead). */
export type FakeAnswer = Encoder | 'silence' | 'hang-up';

export interface FakeTopic {
  readonly name: string;
  readonly code?: number;
  /** Leader (-1: none) and replicas of each partition; all replicas are in sync. */
  readonly partitions: readonly { readonly leader: number; readonly replicas: readonly number[] }[];
}

export class FakeKafka {
  readonly seen: FakeRequest[] = [];
  readonly sockets: Duplex[] = [];
  brokers: readonly number[] = [1, 2, 3];
  /** Registered, but refusing sockets. */
  down: readonly number[] = [];
  controllerId = 1;
  topics: readonly FakeTopic[] = [];
  versions: Readonly<Partial<Record<ApiName, number>>> = {};
  /** Asked first; `undefined` leaves the request to the fake's own answers. */
  answer: (request: FakeRequest) => FakeAnswer | undefined = () => undefined;

  readonly openSocket: OpenSocket = ({ host, port }, _tls, onConnect) => {
    const broker = Number(host.split('-')[1]);
    const socket = this.#socket(broker);
    this.sockets.push(socket);
    if (this.down.includes(broker) || !this.brokers.includes(broker)) {
      queueMicrotask(() => socket.destroy(new Error(`connect ECONNREFUSED ${host}:${port}`)));
    } else queueMicrotask(onConnect);
    return socket as unknown as Socket;
  };

  countOf(api: ApiName): number {
    return this.seen.filter((request) => request.api === api).length;
  }

  #socket(broker: number): Duplex {
    const socket: Duplex = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        const head = new Decoder(chunk);
        head.readInt32();
        const key = head.readInt16();
        const version = head.readInt16();
        const correlation = head.readInt32();
        const clientId = head.readString() ?? '';
        const api = (Object.keys(apiKeys) as ApiName[]).find((name) => apiKeys[name] === key) ?? 'ApiVersions';
        const request = { broker, api, version, clientId, body: head };
        this.seen.push(request);
        const answer = this.answer(request) ?? this.#answer(api);
        if (answer === 'hang-up') setImmediate(() => socket.push(null));
        else if (answer !== 'silence') {
          const frame = new Encoder().writeInt32(answer.size() + 4).writeInt32(correlation);
          const bytes = Buffer.concat([frame.buffer, answer.buffer]);
          setImmediate(() => socket.push(bytes)); // a network never answers within the call
        }
        done();
      },
    });
    return Object.assign(socket, { unref: () => socket });
  }

  #answer(api: ApiName): FakeAnswer {
    if (api === 'ApiVersions') return this.#versions();
    return api === 'Metadata' ? metadataAnswer(this) : 'silence';
  }

  #versions(): Encoder {
    const names = Object.keys(apiKeys) as ApiName[];
    const encoder = new Encoder().writeInt16(0).writeInt32(names.length);
    for (const name of names)
      encoder
        .writeInt16(apiKeys[name])
        .writeInt16(0)
        .writeInt16(this.versions[name] ?? 9);
    return encoder;
  }
}

function metadataAnswer({ brokers, controllerId, topics }: FakeKafka): Encoder {
  const encoder = new Encoder().writeInt32(0).writeInt32(brokers.length);
  for (const id of brokers)
    encoder.writeInt32(id).writeString(`broker-${id}`).writeInt32(9092).writeString(`zone-${id}`);
  encoder.writeString('fake').writeInt32(controllerId).writeInt32(topics.length);
  const ids = (list: readonly number[]) => {
    encoder.writeInt32(list.length);
    for (const id of list) encoder.writeInt32(id);
  };
  for (const { name, code = 0, partitions } of topics) {
    encoder.writeInt16(code).writeString(name).writeBoolean(false).writeInt32(partitions.length);
    for (const [partition, { leader, replicas }] of partitions.entries()) {
      encoder
        .writeInt16(leader < 0 ? 5 : 0)
        .writeInt32(partition)
        .writeInt32(leader)
        .writeInt32(7);
      ids(replicas);
      ids(replicas);
      ids([]);
    }
  }
  return encoder;
}

/** An answer to CreateTopics or CreatePartitions with one code for every topic named. */
export function topicsAnswer(codes: Readonly<Record<string, number>>): Encoder {
  const encoder = new Encoder().writeInt32(0).writeInt32(Object.keys(codes).length);
  for (const [topic, code] of Object.entries(codes)) encoder.writeString(topic).writeInt16(code).writeString(null);
  return encoder;
}
