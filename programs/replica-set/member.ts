/** The member beside which the program runs, and the others, as the program asks them; clients/mongo/member.ts is the wire. */
import { isIP } from 'node:net';
import { isClientError } from '../../clients/errors.ts';
import { connectMember, type MemberConnection, MemberRefused } from '../../clients/mongo/member.ts';
import type { ReplicaSetConfig } from '../../contracts/replica-set-config.ts';

/** MongoDB manual, "Error Codes". */
export const codes = {
  userNotFound: 11,
  unauthorized: 13,
  alreadyInitialized: 23,
  userExists: 51_003,
} as const;

/** What `hello` tells (MongoDB manual, "hello"). */
export interface Hello {
  /** Undefined: not initialised. */
  readonly setName?: string;
  readonly isWritablePrimary: boolean;
  readonly secondary: boolean;
  readonly hosts: readonly string[];
  readonly primary?: string;
}

/** Another member is only asked whether it belongs to a set; one that is slow is asked again at the next look. */
const otherPatienceMs = 2_000;

export type Credentials = { readonly name: string; readonly password: string };

export interface Member {
  hello(): Promise<Hello>;
  /** The `hello` of another member; undefined where it does not answer. */
  helloOf(host: string): Promise<Hello | undefined>;
  /** Runs a command as that user, or as nobody. */
  run(command: Readonly<Record<string, unknown>>, user?: Credentials): Promise<Readonly<Record<string, unknown>>>;
  canSignIn(user: Credentials): Promise<boolean>;
  close(): Promise<void>;
}

/** Connections are kept, one for each user, and made again after they broke. */
export function memberOf({ self, localAddress, tls }: Pick<ReplicaSetConfig, 'self' | 'localAddress' | 'tls'>): Member {
  const [name = '', port = ''] = self.split(':');
  // A member on a loopback address of its own, as several on one machine have, is not at localhost.
  const address = localAddress ?? (name.startsWith('127.') ? self : `localhost:${port}`);
  const named = isIP(name) === 0 ? { serverName: name } : {};
  const open = new Map<string, Promise<MemberConnection>>();

  const connection = (user?: Credentials): Promise<MemberConnection> => {
    const key = user === undefined ? '' : JSON.stringify(user);
    const present = open.get(key);
    if (present !== undefined) return present;
    const opened = connectMember({ address, ...named, tls, ...(user === undefined ? {} : { user }) });
    open.set(key, opened);
    opened.catch(() => open.delete(key));
    return opened;
  };
  const run: Member['run'] = async (command, user) => {
    const used = await connection(user);
    try {
      return await used.command({ ...command });
    } catch (error) {
      if (!(error instanceof MemberRefused)) {
        open.delete(user === undefined ? '' : JSON.stringify(user));
        await used.close().catch(() => undefined);
      }
      throw error;
    }
  };
  return {
    run,
    hello: async () => helloFrom(await run({ hello: 1 })),
    async helloOf(host) {
      try {
        const other = await connectMember({ address: host, tls, patienceMs: otherPatienceMs });
        try {
          return helloFrom(await other.command({ hello: 1 }));
        } finally {
          await other.close();
        }
      } catch {
        return undefined;
      }
    },
    async canSignIn(user) {
      try {
        await connection(user);
        return true;
      } catch (error) {
        if (isClientError(error, 'CLIENT_REFUSED')) return false;
        throw error;
      }
    },
    async close() {
      const all = [...open.values()];
      open.clear();
      await Promise.all(all.map(async (each) => (await each.catch(() => undefined))?.close()));
    },
  };
}

function helloFrom(answer: Readonly<Record<string, unknown>>): Hello {
  const { setName, primary, hosts } = answer;
  return {
    ...(typeof setName === 'string' ? { setName } : {}),
    ...(typeof primary === 'string' ? { primary } : {}),
    isWritablePrimary: answer.isWritablePrimary === true || answer.ismaster === true,
    secondary: answer.secondary === true,
    hosts: Array.isArray(hosts) ? hosts.map(String) : [],
  };
}
