/**
 * A front before a server of MongoDB's protocol that knows neither TLS nor users nor replica sets: it greets as the members of a set would, signs users in,
 * and passes everything else on. The first member says that it is the primary, and all of them write to the one server behind: there is no second copy, and
 * no election. What it does not show is in docs/decisions/0046.
 */
import { connect, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Binary, type Document, ObjectId } from 'bson';
import { beginScram, type ScramConversation, type ScramCredentials } from './scram.ts';
import { commandName, messageBytes, messageSplitter, type Request, readRequest, writeReply } from './store-wire.ts';

export interface StoreMember {
  /** Its name, which its certificate has. */
  readonly name: string;
  /** Where it answers. */
  readonly address: string;
  /** PEM, each. */
  readonly certificate: string;
  readonly key: string;
}

export interface StoreFrontOptions {
  /** The replica set's name. */
  readonly set: string;
  /** 0: a free one for each member. */
  readonly port: number;
  readonly members: readonly StoreMember[];
  readonly credentialsOf: (user: string) => ScramCredentials | undefined;
  readonly backend: { readonly host: string; readonly port: number };
}

export interface StoreFront {
  /** `name:port`, as the greeting says them. */
  readonly hosts: readonly string[];
  close(): Promise<void>;
}

/** What the server behind speaks: of MongoDB 4.2. */
const wireVersion = 8;
const mechanism = 'SCRAM-SHA-256';
/** Where users are kept. */
const usersOf = 'admin';

export async function serveStore({
  set,
  port,
  members,
  credentialsOf,
  backend,
}: StoreFrontOptions): Promise<StoreFront> {
  const hosts: string[] = [];
  const open = new Set<Socket>();
  const electionId = new ObjectId();
  const greeting = (self: number): Document => ({
    helloOk: true,
    ismaster: self === 0,
    isWritablePrimary: self === 0,
    secondary: self !== 0,
    setName: set,
    setVersion: 1,
    hosts,
    primary: hosts[0],
    me: hosts[self],
    ...(self === 0 ? { electionId } : {}),
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: messageBytes,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    minWireVersion: 0,
    maxWireVersion: wireVersion,
    readOnly: false,
    // No logicalSessionTimeoutMinutes and no topologyVersion: the server behind has no sessions, and a client asks again instead of being told.
  });
  const servers = members.map(({ certificate, key }, self) =>
    createServer({ cert: certificate, key, minVersion: 'TLSv1.2' }, (client) => {
      open.add(client);
      client.on('close', () => open.delete(client));
      serve(client, { greet: () => greeting(self), credentialsOf, backend });
    }),
  );
  for (const [index, server] of servers.entries()) {
    const { name = '', address } = members[index] ?? {};
    hosts.push(`${name}:${await listen(server, port, address)}`);
  }
  return {
    hosts,
    async close() {
      for (const socket of open) socket.destroy();
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))));
    },
  };
}

async function listen(server: Server, port: number, address: string | undefined): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, resolve);
  });
  // A client that breaks off its handshake is its own trouble.
  server.on('tlsClientError', () => undefined);
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

interface ServeOptions extends Pick<StoreFrontOptions, 'credentialsOf' | 'backend'> {
  readonly greet: () => Document;
}

function serve(client: TLSSocket, { greet, credentialsOf, backend }: ServeOptions): void {
  const split = messageSplitter();
  let conversation: ScramConversation | undefined;
  let signedIn = false;
  let behind: Socket | undefined;

  const pass = (message: Buffer) => {
    behind ??= joined(client, connect(backend.port, backend.host));
    behind.write(message);
  };
  const answers: Readonly<Record<string, (command: Document) => Document>> = {
    hello: ({ saslSupportedMechs }) => ({
      ...greet(),
      ...(saslSupportedMechs === undefined ? {} : { saslSupportedMechs: [mechanism] }),
      ok: 1,
    }),
    saslstart(command) {
      signedIn = false;
      const named = command.mechanism === mechanism && command.$db === usersOf;
      conversation = named ? beginScram(textOf(command.payload), credentialsOf) : undefined;
      return conversation === undefined ? refused : step(conversation.serverFirst, false);
    },
    saslcontinue(command) {
      const said = conversation?.finish(textOf(command.payload));
      conversation = undefined;
      signedIn = said !== undefined;
      return said === undefined ? refused : step(said, true);
    },
    logout() {
      signedIn = false;
      return { ok: 1 };
    },
    // Of sessions, which nobody was offered.
    endsessions: () => ({ ok: 1 }),
  };
  const answerTo = (request: Request): Document | undefined => {
    const name = commandName(request).toLowerCase();
    const answer = answers[name === 'ismaster' ? 'hello' : name];
    if (answer !== undefined) return answer(request.command);
    return signedIn ? undefined : unauthorized(commandName(request));
  };
  client.on('data', (chunk: Buffer) => {
    try {
      for (const message of split(chunk)) {
        const request = readRequest(message);
        const answer = request === undefined ? undefined : answerTo(request);
        if (request !== undefined && answer !== undefined) {
          if (!request.silent) client.write(writeReply(request, answer));
        } else if (signedIn) pass(message);
        else client.destroy();
      }
    } catch {
      // What it sends is not this protocol.
      client.destroy();
    }
  });
  client.on('error', () => client.destroy());
  client.on('close', () => behind?.destroy());
}

/** What the server behind says goes to the client, and they end together. */
function joined(client: TLSSocket, behind: Socket): Socket {
  behind.setNoDelay(true);
  behind.on('error', () => undefined);
  behind.on('close', () => client.destroy());
  behind.pipe(client);
  return behind;
}

function step(payload: string, done: boolean): Document {
  return { conversationId: 1, done, payload: new Binary(Buffer.from(payload)), ok: 1 };
}

function textOf(payload: unknown): string {
  return payload instanceof Binary ? Buffer.from(payload.buffer).toString('utf8', 0, payload.length()) : '';
}

const refused: Document = { ok: 0, errmsg: 'Authentication failed.', code: 18, codeName: 'AuthenticationFailed' };

function unauthorized(command: string): Document {
  return { ok: 0, errmsg: `Command ${command} requires authentication`, code: 13, codeName: 'Unauthorized' };
}
