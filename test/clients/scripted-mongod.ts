/**
 * A member of a replica set as MongoDB's manual describes it, in a few hundred lines: enough of the wire (OP_MSG, and OP_QUERY for the first greeting:
 * MongoDB manual, "MongoDB Wire Protocol"), of SCRAM-SHA-256 (RFC 5802, RFC 7677), and of the commands that make and mend a set ("Replication
 * Commands", "User Management Commands", "Localhost Exception", "Error Codes"). It is no MongoDB, and what passes here was **not tried on a real member**.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { BSON, type Document } from 'mongodb';

export interface ScriptedUser {
  readonly password: string;
  readonly roles: readonly Document[];
}

/** Who asks: on a connection, after which sign-in. */
export interface Asker {
  readonly user: string | undefined;
}

export type Answering = (command: Document, asker: Asker) => Document;

/** An answer that is an error. */
export class Fault extends Error {
  readonly code: number;
  readonly codeName: string;
  constructor(code: number, codeName: string, message = codeName) {
    super(message);
    this.code = code;
    this.codeName = codeName;
  }
}

const opReply = 1;
const opQuery = 2_004;
const opMessage = 2_013;

/** What every greeting says of a server of MongoDB 7. */
const wire = { maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, minWireVersion: 0, maxWireVersion: 21 };

export class ScriptedMongod {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #answer: Answering;
  readonly #passwordOf: (user: string) => string | undefined;
  port = 0;

  /** `answer` throws a Fault for an answer that is an error. */
  constructor(answer: Answering, passwordOf: (user: string) => string | undefined, tls?: TlsOptions) {
    this.#answer = answer;
    this.#passwordOf = passwordOf;
    const serve = (socket: Socket) => this.#serve(socket);
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const session = new ScramSession(this.#passwordOf);
    let pending = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= pending.readInt32LE(0)) {
        const length = pending.readInt32LE(0);
        this.#message(socket, session, pending.subarray(0, length));
        pending = pending.subarray(length);
      }
    });
  }

  #message(socket: Socket, session: ScramSession, message: Buffer): void {
    const [requestId, opCode] = [message.readInt32LE(4), message.readInt32LE(12)];
    if (opCode === opQuery) {
      const nameEnd = message.indexOf(0, 20);
      const answer = this.#respond(BSON.deserialize(message.subarray(nameEnd + 9)), session);
      const body = Buffer.alloc(20);
      body.writeInt32LE(1, 16); // one document
      socket.write(framed(requestId, opReply, Buffer.concat([body, BSON.serialize(answer)])));
      return;
    }
    if (opCode !== opMessage) {
      socket.destroy();
      return;
    }
    // Flags (4 bytes), then the section of kind 0: the command.
    const answer = this.#respond(BSON.deserialize(message.subarray(21)), session);
    socket.write(framed(requestId, opMessage, Buffer.concat([Buffer.alloc(5), BSON.serialize(answer)])));
  }

  #respond(command: Document, session: ScramSession): Document {
    try {
      if ('saslStart' in command) return { ok: 1, ...session.start(payloadOf(command)) };
      if ('saslContinue' in command) return { ok: 1, ...session.finish(payloadOf(command)) };
      if ('endSessions' in command) return { ok: 1 };
      const greeting = 'hello' in command || 'ismaster' in command || 'isMaster' in command;
      const answer = this.#answer(command, { user: session.user });
      return { ok: 1, ...(greeting ? { ...wire, helloOk: true, localTime: new Date() } : {}), ...answer };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { ok: 0, code: error.code, codeName: error.codeName, errmsg: error.message };
    }
  }
}

function framed(responseTo: number, opCode: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(16 + body.length, 0);
  header.writeInt32LE(responseTo + 1, 4);
  header.writeInt32LE(responseTo, 8);
  header.writeInt32LE(opCode, 12);
  return Buffer.concat([header, body]);
}

function payloadOf(command: Document): string {
  const payload: unknown = command.payload;
  if (payload instanceof BSON.Binary) return payload.toString('utf8');
  throw new Fault(9, 'FailedToParse');
}

const iterations = 4_096;

/** One sign-in by SCRAM-SHA-256 on one connection. */
class ScramSession {
  user: string | undefined;
  readonly #passwordOf: (user: string) => string | undefined;
  #begun: { user: string; nonce: string; salt: Buffer; said: string } | undefined;

  constructor(passwordOf: (user: string) => string | undefined) {
    this.#passwordOf = passwordOf;
  }

  start(payload: string): Document {
    const bare = payload.replace(/^n,,/, '');
    const [, user = '', clientNonce = ''] = /^n=([^,]*),r=(.*)$/.exec(bare) ?? [];
    const salt = randomBytes(16);
    const nonce = `${clientNonce}${randomBytes(12).toString('base64')}`;
    const first = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
    this.#begun = { user, nonce, salt, said: `${bare},${first}` };
    return { conversationId: 1, done: false, payload: new BSON.Binary(Buffer.from(first)) };
  }

  finish(payload: string): Document {
    const begun = this.#begun;
    const [, without = '', nonce = '', proof = ''] = /^(c=[^,]*,r=([^,]*)),p=(.*)$/.exec(payload) ?? [];
    const password = begun === undefined ? undefined : this.#passwordOf(begun.user);
    if (begun === undefined || password === undefined || nonce !== begun.nonce) throw authenticationFailed();
    const salted = pbkdf2Sync(password, begun.salt, iterations, 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const said = `${begun.said},${without}`;
    const signature = hmac(storedKey, said);
    const wanted = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    const given = Buffer.from(proof, 'base64');
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw authenticationFailed();
    this.user = begun.user;
    const last = `v=${hmac(hmac(salted, 'Server Key'), said).toString('base64')}`;
    return { conversationId: 1, done: true, payload: new BSON.Binary(Buffer.from(last)) };
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function authenticationFailed(): Fault {
  return new Fault(18, 'AuthenticationFailed', 'Authentication failed.');
}
