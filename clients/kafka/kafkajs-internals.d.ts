/**
 * Types of the parts of KafkaJS 2.2.4 below its public interface that this room builds on: one socket with framing, correlation,
 * time-outs and SASL (Connection), and the wire's scalars (Encoder, Decoder). Only what is used is declared; the version is pinned.
 */
declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    constructor(initialSize?: number);
    readonly buffer: Buffer;
    size(): number;
    writeInt8(value: number): this;
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeInt64(value: number | string | bigint): this;
    writeBoolean(value: boolean): this;
    writeBytes(value: Buffer): this;
    writeString(value: string | null): this;
    writeUVarInt(value: number): this;
    writeUVarIntString(value: string | null): this;
  }
}

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(buffer: Buffer);
    readInt8(): number;
    readInt16(): number;
    readInt32(): number;
    readInt64(): bigint;
    readBoolean(): boolean;
    readString(): string | null;
    readBytes(): Buffer | null;
    readUVarInt(): number;
    readUVarIntString(): string | null;
    readArray<T>(reader: (decoder: Decoder) => T): T[];
    readUVarIntArray<T>(reader: (decoder: Decoder) => T): T[] | null;
    forward(size: number): void;
  }
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  import type Encoder from 'kafkajs/src/protocol/encoder.js';

  export default function writeRecord(record: {
    readonly offsetDelta: number;
    readonly timestampDelta: number;
    readonly key: Buffer | null;
    readonly value: Buffer;
    readonly headers: Readonly<Record<string, Buffer>>;
  }): Encoder;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  import type Encoder from 'kafkajs/src/protocol/encoder.js';

  const recordBatch: {
    RecordBatch(batch: {
      readonly firstTimestamp: number;
      readonly maxTimestamp: number;
      readonly lastOffsetDelta: number;
      readonly producerId: bigint;
      readonly producerEpoch: number;
      readonly firstSequence: number;
      readonly records: readonly Encoder[];
    }): Promise<Encoder>;
  };
  export default recordBatch;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type Decoder from 'kafkajs/src/protocol/decoder.js';

  interface RecordBatch {
    readonly firstOffset: string;
    readonly lastOffsetDelta: number;
    readonly isControlBatch: boolean;
    readonly records: readonly { readonly offset: string; readonly key: Buffer | null }[];
  }
  export default function readRecordBatch(decoder: Decoder): Promise<RecordBatch>;
}

declare module 'kafkajs-snappy' {
  export default function createSnappyCodec(): { decompress(bytes: Buffer): Promise<Buffer> };
}

declare module 'lz4js' {
  const lz4: { decompress(bytes: Uint8Array): Uint8Array };
  export default lz4;
}

declare module 'kafkajs/src/protocol/error.js' {
  interface ErrorCode {
    readonly type: string;
    readonly code: number;
    readonly retriable: boolean;
    readonly message: string;
  }
  const error: { readonly errorCodes: readonly ErrorCode[] };
  export default error;
}

declare module 'kafkajs/src/loggers/index.js' {
  import type { Logger, logCreator, logLevel } from 'kafkajs';

  const loggers: { createLogger(options: { level: logLevel; logCreator: logCreator }): Logger };
  export default loggers;
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests(): void;
  }
}

declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net';
  import type { Logger, SASLOptions } from 'kafkajs';
  import type Encoder from 'kafkajs/src/protocol/encoder.js';

  export interface SocketRequest {
    readonly host: string;
    readonly port: number;
    readonly onConnect: () => void;
  }
  export interface WireRequest {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<Encoder>;
  }
  export interface WireResponse<T> {
    decode(payload: Buffer): Promise<{ clientSideThrottleTime: number; value: T }>;
    parse(decoded: { clientSideThrottleTime: number; value: T }): Promise<T>;
  }
  export type Versions = Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;

  export default class Connection {
    constructor(options: {
      host: string;
      port: number;
      logger: Logger;
      clientId: string;
      socketFactory: (request: SocketRequest) => Socket;
      sasl: SASLOptions | null;
      requestTimeout: number;
      connectionTimeout: number;
    });
    socket?: Socket | undefined;
    isConnected(): boolean;
    connect(): Promise<true>;
    disconnect(): Promise<true>;
    authenticate(): Promise<void>;
    setVersions(versions: Versions): void;
    setSupportAuthenticationProtocol(supported: boolean): void;
    rejectRequests(error: Error): void;
    send<T>(protocol: {
      request: WireRequest;
      response: WireResponse<T>;
      requestTimeout?: number;
      logResponseError?: boolean;
    }): Promise<T>;
  }
}

declare module 'kafkajs/src/network/connectionPool.js' {
  import type Connection from 'kafkajs/src/network/connection.js';

  /** Of one broker: a connection for fetches, and one for all else. */
  export default class ConnectionPool {
    constructor(options: ConstructorParameters<typeof Connection>[0]);
    readonly host: string;
    readonly port: number;
    isConnected(): boolean;
    map<T>(callback: (connection: Connection) => T): T[];
    send(request: Parameters<Connection['send']>[0]): Promise<unknown>;
  }
}

declare module 'kafkajs/src/errors.js' {
  class KafkaJSConnectionError extends Error {
    constructor(message: string, of: { readonly broker: string; readonly code: string });
  }
  class KafkaJSConnectionClosedError extends Error {
    constructor(message: string, broker: { readonly host: string; readonly port: number });
  }
  const errors: {
    readonly KafkaJSConnectionError: typeof KafkaJSConnectionError;
    readonly KafkaJSConnectionClosedError: typeof KafkaJSConnectionClosedError;
  };
  export default errors;
}

declare module 'kafkajs/src/consumer/consumerGroup.js' {
  import type { Logger } from 'kafkajs';

  interface Broker {
    readonly nodeId: number;
    readonly connectionPool: { readonly host: string; readonly port: number };
    heartbeat(payload: object): Promise<void>;
  }
  interface Cluster {
    removeBroker(broker: { readonly host?: string; readonly port?: number }): void;
    refreshMetadata(): Promise<void>;
    findGroupCoordinator(of: { readonly groupId: string }): Promise<Broker>;
  }

  /** A consumer's membership. Its coordinator is null before it has joined, and its offsets' manager until it has partitions. */
  export default class ConsumerGroup {
    constructor(options: {
      groupId: string;
      logger: Logger;
      instrumentationEmitter: { emit(): void };
      cluster: Cluster;
    });
    readonly groupId: string;
    readonly cluster: Cluster;
    coordinator: Broker | null;
    memberId: string | null;
    offsetManager: { coordinator: Broker; commitOffsets?(offsets?: unknown): Promise<void> } | null;
    heartbeat(options: { readonly interval: number }): Promise<void>;
    commitOffsets(offsets?: unknown): Promise<void>;
    commitOffsetsIfNecessary(): Promise<void>;
    recoverFromFetch(error: unknown): Promise<void>;
  }
}
