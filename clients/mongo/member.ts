/**
 * One member of a replica set, spoken to alone (directConnection), whatever state it is in: not initialised yet, without a primary, or with one. For what
 * makes and mends a set; everything else speaks to the set (connection.ts). Not tried on a real member: no `mongod` was at hand when this was written.
 *
 * Sources: MongoDB manual, "Connection String Options" (directConnection) and "Localhost Exception" (before there is a user, the first can be made by
 * whoever connects through the loopback interface).
 */
import { type Document, MongoClient, MongoServerError } from 'mongodb';
import { reason, refused, unreachable } from '../errors.ts';

export interface MemberOptions {
  /** host:port to connect to. */
  readonly address: string;
  /** The name that its certificate has, where that is not the one in the address. */
  readonly serverName?: string;
  readonly tls?: { readonly certificateAuthority: string; readonly certificateKey?: string | undefined } | undefined;
  /** How long it may take to be there; 5 s where it is left out. */
  readonly patienceMs?: number;
  /** A user of the database `admin`. */
  readonly user?: { readonly name: string; readonly password: string };
}

export interface MemberConnection {
  /**
   * A command for the database `admin`; what it answers. Throws MemberRefused with MongoDB's number where the member says no, and CLIENT_UNREACHABLE
   * where it says nothing.
   */
  command(command: Document): Promise<Document>;
  close(): Promise<void>;
}

/** The member answered, and the answer is an error: MongoDB's manual, "Error Codes". */
export class MemberRefused extends Error {
  readonly code: number;
  readonly codeName: string;

  constructor(code: number, codeName: string, message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'MemberRefused';
    this.code = code;
    this.codeName = codeName;
  }
}

const limits = {
  serverSelectionTimeoutMS: 5_000,
  connectTimeoutMS: 5_000,
  // replSetInitiate and replSetReconfig ask every member first.
  socketTimeoutMS: 30_000,
  maxPoolSize: 1,
} as const;
const authenticationFailed = 18;

/** Throws CLIENT_UNREACHABLE, and CLIENT_REFUSED where the sign-in fails. */
export async function connectMember(options: MemberOptions): Promise<MemberConnection> {
  const { address, serverName, tls, user, patienceMs = limits.serverSelectionTimeoutMS } = options;
  const secured =
    tls === undefined
      ? {}
      : {
          tls: true,
          tlsCAFile: tls.certificateAuthority,
          ...(tls.certificateKey === undefined ? {} : { tlsCertificateKeyFile: tls.certificateKey }),
          ...(serverName === undefined ? {} : { servername: serverName }),
        };
  const signedIn =
    user === undefined
      ? {}
      : {
          auth: { username: user.name, password: user.password },
          authSource: 'admin',
          authMechanism: 'SCRAM-SHA-256' as const,
        };
  const client = new MongoClient(`mongodb://${address}/`, {
    ...limits,
    serverSelectionTimeoutMS: patienceMs,
    ...secured,
    ...signedIn,
    directConnection: true,
    retryReads: false,
    retryWrites: false,
  });
  const told = (error: unknown): unknown => {
    if (error instanceof MongoServerError) {
      const [code, name] = [Number(error.code ?? 0), error.codeName ?? 'unnamed'];
      if (code === authenticationFailed) return refused('the sign-in', address, name, error);
      return new MemberRefused(code, name, error.message, error);
    }
    return unreachable('MongoDB', [{ address, why: reason(error) }], error);
  };
  try {
    await client.connect();
  } catch (error) {
    await client.close();
    throw told(error);
  }
  const admin = client.db('admin');
  return {
    async command(command) {
      try {
        return await admin.command(command);
      } catch (error) {
        throw told(error);
      }
    },
    close: () => client.close(true),
  };
}
