/**
 * The users of a replica set, on its primary: the first by the localhost exception (MongoDB manual: before there is a user, whoever connects through the
 * loopback interface may make the first, and only that), the others by it. Every user has the rights that the file names and no more. Writes wait for a
 * majority, so that an election does not undo them.
 */
import { MemberRefused } from '../../clients/mongo/member.ts';
import type { ReplicaSetConfig } from '../../contracts/replica-set-config.ts';
import { adminRefused } from './errors.ts';
import { codes, type Member } from './member.ts';

type Grant = { readonly role: string; readonly db: string };
type User = ReplicaSetConfig['users'][number];
export type TellUser = (did: 'made' | 'changed', name: string) => void;

/** Users and their rights; the set itself. No data. */
const adminRoles: readonly Grant[] = [
  { role: 'userAdminAnyDatabase', db: 'admin' },
  { role: 'clusterAdmin', db: 'admin' },
];
const writeConcern = { w: 'majority', wtimeout: 15_000 };

/** Throws REPLICA_SET_ADMIN_REFUSED where the set has users and the admin is not the one that it knows. */
export async function ensureUsers(
  member: Member,
  { admin, users }: Pick<ReplicaSetConfig, 'admin' | 'users'>,
  tell: TellUser,
): Promise<void> {
  if (admin === undefined) return;
  if (!(await member.canSignIn(admin))) {
    try {
      await member.run({ createUser: admin.name, pwd: admin.password, roles: adminRoles, writeConcern });
      tell('made', admin.name);
    } catch (error) {
      // Another run made it between our two questions: then it can sign in now.
      const made =
        error instanceof MemberRefused && (error.code === codes.unauthorized || error.code === codes.userExists);
      if (!made) throw error;
      if (!(await member.canSignIn(admin))) throw adminRefused(admin.name);
    }
  }
  for (const user of users) await ensureUser(member, admin, user, tell);
}

async function ensureUser(
  member: Member,
  admin: NonNullable<ReplicaSetConfig['admin']>,
  { name, password, roles }: User,
  tell: TellUser,
): Promise<void> {
  const found = await member.run({ usersInfo: { user: name, db: 'admin' } }, admin);
  const [present] = Array.isArray(found.users) ? (found.users as readonly { roles?: readonly Grant[] }[]) : [];
  if (present === undefined) {
    try {
      await member.run({ createUser: name, pwd: password, roles, writeConcern }, admin);
      tell('made', name);
    } catch (error) {
      if (!(error instanceof MemberRefused && error.code === codes.userExists)) throw error;
    }
    return;
  }
  const samePassword = await member.canSignIn({ name, password });
  if (samePassword && sameGrants(present.roles ?? [], roles)) return;
  await member.run({ updateUser: name, ...(samePassword ? {} : { pwd: password }), roles, writeConcern }, admin);
  tell('changed', name);
}

function sameGrants(one: readonly Grant[], other: readonly Grant[]): boolean {
  const text = (grants: readonly Grant[]) => JSON.stringify(grants.map(({ role, db }) => `${db}.${role}`).sort());
  return text(one) === text(other);
}

/** Whether this member knows every user already: those that were made on the primary come to the others after a while. */
export async function knowsUsers(
  member: Member,
  { admin, users }: Pick<ReplicaSetConfig, 'admin' | 'users'>,
): Promise<boolean> {
  for (const user of admin === undefined ? [] : [admin, ...users]) if (!(await member.canSignIn(user))) return false;
  return true;
}
