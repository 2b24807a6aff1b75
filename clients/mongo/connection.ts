/**
 * MongoDB for the platform's own programs: one driver, one way to connect, and the only importer of `mongodb`, so that its traps are mended once.
 *
 * The driver is of the 6.x line: it is the last that speaks wire version 8, which is the stand-in's (de.bwaldvogel:mongo-java-server), and it speaks
 * to MongoDB 8 as well. It greets with isMaster, and sends sessions and retryable writes only where a server offers them: a replica set does, the
 * stand-in does not. Nothing here may rest on either. Decision 0018; options by MongoDB's manual, "Connection String Options".
 */
import {
  type Db,
  MongoClient,
  MongoError,
  MongoServerError,
  MongoServerSelectionError,
  type TopologyDescription,
} from 'mongodb';
import { addressInvalid, reason, refused, unreachable } from '../errors.ts';

export {
  type Collection as MongoCollection,
  type Db,
  type Document as BsonDocument,
  Long,
  MongoServerError,
  ObjectId,
} from 'mongodb';

export interface MongoOptions {
  /** What follows `mongodb://`: credentials, replicaSet and TLS options are part of it, and win over what is said here. */
  readonly storeHost: string;
  readonly database: string;
  /** Told, in words without secrets, when the last member that takes writes is lost. */
  readonly warn: (words: string) => void;
}

export interface MongoConnection {
  /** Writes wait for a majority of the members; reads ask the primary. */
  readonly database: Db;
  /** Throws where no member that takes writes answers within 5 s. */
  ping(): Promise<void>;
  /** Ends at once what is under way. */
  close(): Promise<void>;
}

/** A replica set's election takes up to 12 s (MongoDB's manual, electionTimeoutMillis 10 s): a call outlasts it. */
const defaults = {
  serverSelectionTimeoutMS: 15_000,
  connectTimeoutMS: 5_000,
  socketTimeoutMS: 30_000,
  wtimeoutMS: 15_000,
  maxPoolSize: 50,
} as const;
const pingTimeoutMs = 5_000;
const duplicateKeyCode = 11_000;
const authenticationCodes = new Set<unknown>([13, 18]); // Unauthorized, AuthenticationFailed

/** Throws CLIENT_UNREACHABLE, CLIENT_REFUSED (the sign-in) or CLIENT_ADDRESS_INVALID, none of which names a user or a password. */
export async function connectMongo({ storeHost, database, warn }: MongoOptions): Promise<MongoConnection> {
  const addresses = addressesOf(storeHost);
  const client = createClient(storeHost, addresses);
  client.on('topologyDescriptionChanged', ({ previousDescription, newDescription }) => {
    if (takesWrites(previousDescription) && !takesWrites(newDescription)) {
      warn(`no member of the metadata store at ${addresses} takes writes`);
    }
  });
  try {
    await client.connect();
  } catch (error) {
    await client.close();
    throw connectFailure(error, addresses);
  }
  // Options that the text names win: the driver gives what it is told here the precedence.
  const named = client.options.writeConcern?.w !== undefined;
  const opened = client.db(database, named ? {} : { writeConcern: { w: 'majority', wtimeoutMS: defaults.wtimeoutMS } });
  return {
    database: opened,
    async ping() {
      await within(pingTimeoutMs, opened.command({ ping: 1 }), () => unreachable('MongoDB', [noAnswer(addresses)]));
    },
    close: () => client.close(true),
  };
}

/** Whether a unique index refused a write. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === duplicateKeyCode;
}

function createClient(storeHost: string, addresses: string): MongoClient {
  const mark = storeHost.indexOf('?');
  const given = new Set(
    [...new URLSearchParams(mark < 0 ? '' : storeHost.slice(mark + 1)).keys()].map((key) => key.toLowerCase()),
  );
  const { wtimeoutMS: _ofTheDatabase, ...options } = defaults;
  const absent = Object.entries(options).filter(([name]) => !given.has(name.toLowerCase()));
  try {
    return new MongoClient(`mongodb://${storeHost}`, { ...Object.fromEntries(absent), ignoreUndefined: true });
  } catch {
    throw addressInvalid(addresses); // what the driver says of it quotes the password
  }
}

/** Without what stands before an @, which is a secret, and without options, which may be some. */
function addressesOf(storeHost: string): string {
  return storeHost.slice(storeHost.lastIndexOf('@') + 1).replace(/[/?].*$/s, '');
}

function takesWrites({ servers }: TopologyDescription): boolean {
  return [...servers.values()].some(({ isWritable }) => isWritable);
}

function connectFailure(error: unknown, addresses: string): unknown {
  if (error instanceof MongoServerSelectionError) {
    const cause = error.reason;
    const failed = [...(cause?.servers.values() ?? [])].map(({ address, error: why }) => ({
      address,
      why: why === null ? 'it takes no writes' : reason(why),
    }));
    return unreachable('MongoDB', failed.length === 0 ? [noAnswer(addresses)] : failed, error);
  }
  if (error instanceof MongoServerError && authenticationCodes.has(error.code)) {
    return refused('the sign-in', addresses, error.codeName ?? 'AuthenticationFailed', error);
  }
  if (error instanceof MongoError) return unreachable('MongoDB', [{ address: addresses, why: error.message }], error);
  return error;
}

function noAnswer(address: string): { readonly address: string; readonly why: string } {
  return { address, why: 'no answer in time' };
}

async function within<T>(timeoutMs: number, asked: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([asked, over]);
  } finally {
    clearTimeout(timer);
  }
}
