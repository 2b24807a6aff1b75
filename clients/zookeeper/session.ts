/**
 * A short, reading session with ZooKeeper: connect, getChildren, getData, close. Enough to find Kafka's brokers; no watches, no writes, no life of its own.
 *
 * Written by us because the living npm client is a native addon, which one bundled file cannot carry, and the one in JavaScript is left by its author
 * (decision 0019). Source: ZooKeeper's zookeeper.jute and ZooDefs.OpCode (3.8): each packet has its length in front (32 bits), each request a header of
 * xid and type, each answer one of xid, zxid and error.
 */
import { connect, type Socket } from 'node:net';
import { formatAddress, parseAddress } from '../address.ts';
import { connectionLost, reason, refused, timedOut, unreachable } from '../errors.ts';

export interface ZooKeeperSession {
  /** Names below a path, without an order; undefined where the path is not there. Throws CLIENT_CONNECTION_LOST, CLIENT_TIMED_OUT, CLIENT_REFUSED. */
  children(path: string): Promise<readonly string[] | undefined>;
  /** undefined where the path is not there. Throws as `children`. */
  data(path: string): Promise<Buffer | undefined>;
  /** Ends the session at the server too, which counts them by address (maxClientCnxns). */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** For the connection, and for each answer. Default 5 000. */
  readonly timeoutMs?: number;
}

/** ZooDefs.OpCode */
const opCodes = { getData: 4, getChildren: 8, closeSession: -11 } as const;
/** KeeperException.Code.NONODE */
const noNode = -101;
/** Proposed for the session; the server clamps it to 2 to 20 ticks. */
const sessionTimeoutMs = 10_000;
const passwordBytes = 16;
/** jute.maxbuffer's default is 1 MiB; whatever says more is no ZooKeeper. */
const greatestPacket = 4 * 1_048_576;

/** Asks the servers in turn. Throws CLIENT_UNREACHABLE with each address tried and why. A server without a quorum closes the connection, which is a reason too. */
export async function openSession(
  servers: readonly string[],
  { timeoutMs = 5_000 }: SessionOptions = {},
): Promise<ZooKeeperSession> {
  const failed: { readonly address: string; readonly why: string }[] = [];
  for (const server of servers) {
    const address = formatAddress(parseAddress(server));
    const session = new Session(server, timeoutMs);
    try {
      await session.open();
      return session;
    } catch (error) {
      session.destroy();
      failed.push({ address, why: reason(error) });
    }
  }
  throw unreachable('ZooKeeper', failed);
}

interface Asked {
  readonly resolve: (packet: Buffer) => void;
  readonly reject: (error: Error) => void;
}

class Session implements ZooKeeperSession {
  readonly #address: string;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  /** Answers come in the order of the requests. */
  readonly #asked: Asked[] = [];
  #bytes = Buffer.alloc(0);
  #xid = 0;

  constructor(server: string, timeoutMs: number) {
    const at = parseAddress(server);
    this.#address = formatAddress(at);
    this.#timeoutMs = timeoutMs;
    this.#socket = connect({ ...at, noDelay: true });
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('it closed the connection')));
  }

  /** ConnectRequest and ConnectResponse, which have no header. */
  async open(): Promise<void> {
    const head = Buffer.alloc(4 + 8 + 4 + 8); // protocolVersion, lastZxidSeen, timeOut, sessionId
    head.writeInt32BE(sessionTimeoutMs, 12);
    const answer = await this.#ask('a session', Buffer.concat([head, bytesOf(Buffer.alloc(passwordBytes)), no]));
    if (answer.readInt32BE(4) <= 0) throw refused('a session', this.#address, 'it has expired');
  }

  async children(path: string): Promise<readonly string[] | undefined> {
    const answer = await this.#request('getChildren', path);
    if (answer === undefined) return undefined;
    const names: string[] = [];
    for (let at = 4, left = answer.readInt32BE(0); left > 0; left -= 1) {
      const length = answer.readInt32BE(at);
      names.push(answer.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    }
    return names;
  }

  async data(path: string): Promise<Buffer | undefined> {
    const answer = await this.#request('getData', path);
    return answer?.subarray(4, 4 + Math.max(0, answer.readInt32BE(0)));
  }

  async close(): Promise<void> {
    try {
      await this.#ask('the end of a session', header(++this.#xid, opCodes.closeSession));
    } catch {
      // It is gone already; the server ends the session by its time-out.
    }
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #request(name: 'getData' | 'getChildren', path: string): Promise<Buffer | undefined> {
    const what = `${name} ${path}`;
    const request = [header(++this.#xid, opCodes[name]), bytesOf(Buffer.from(path)), no]; // no: no watch
    const answer = await this.#ask(what, Buffer.concat(request));
    const fault = answer.readInt32BE(12);
    if (fault === noNode) return undefined;
    if (fault !== 0) throw refused(what, this.#address, `error ${fault}`);
    return answer.subarray(16);
  }

  async #ask(what: string, packet: Buffer): Promise<Buffer> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        timer = setTimeout(() => reject(timedOut(what, this.#address, this.#timeoutMs)), this.#timeoutMs);
        if (this.#socket.destroyed) reject(connectionLost(what, this.#address));
        this.#asked.push({ resolve, reject });
        this.#socket.write(bytesOf(packet));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 4) {
      const length = this.#bytes.readInt32BE(0);
      if (length < 0 || length > greatestPacket) {
        this.#fail(new Error('its answer is not ZooKeeper’s'));
        this.destroy();
        return;
      }
      if (this.#bytes.length < 4 + length) return;
      const packet = this.#bytes.subarray(4, 4 + length);
      this.#bytes = this.#bytes.subarray(4 + length);
      this.#asked.shift()?.resolve(packet);
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#asked.splice(0)) reject(error);
  }
}

const no = Buffer.from([0]);

function header(xid: number, type: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(xid, 0);
  bytes.writeInt32BE(type, 4);
  return bytes;
}

function bytesOf(value: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(value.length, 0);
  return Buffer.concat([length, value]);
}
