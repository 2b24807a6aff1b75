/**
 * The file of the program that initiates a MongoDB replica set and keeps its members and users. The same file, but for `self`, on every member.
 * Sources of the bounds: MongoDB manual, "Replica Set Configuration" (50 members, 7 of them voting) and "SCRAM" (users).
 */
import { z } from 'zod';

/** host:port; a name, since an address changes and a set remembers what it was told (MongoDB manual, "Deploy a Replica Set": use host names). */
const address = z.string().regex(/^[^\s/:@]+:\d{1,5}$/, 'host:port');
const file = z.string().min(1);

const grant = z.strictObject({ role: z.string().min(1), db: z.string().min(1) });

/** The file, parsed; an unknown key is an error. */
export const replicaSetConfigShape = z
  .strictObject({
    /** replication.replSetName of every member. */
    set: z.string().min(1),
    /** All that should be members. Seven at most may vote, and here all vote. */
    members: z
      .array(z.strictObject({ host: address, ordinal: z.int().min(0).max(255) }))
      .min(1)
      .max(7),
    /** The member beside which this runs; the one with the lowest ordinal initiates the set. */
    self: address,
    /** Where that member answers on this machine: the first user can only be made from here (the localhost exception). Absent: `self` where that is a loopback address, else localhost and its port. */
    localAddress: address.optional(),
    /** Absent: no TLS. */
    tls: z
      .strictObject({
        certificateAuthority: file,
        /** A PEM file with key and certificate, for members that ask for one. */
        certificateKey: file.optional(),
      })
      .optional(),
    /** Made first, with userAdminAnyDatabase and clusterAdmin and nothing more; absent where access control is off. */
    admin: z.strictObject({ name: z.string().min(1), password: z.string().min(8) }).optional(),
    /** Users of programs, made in `admin`; least rights are the environment's to name: readWrite on one database. */
    users: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          password: z.string().min(8),
          roles: z.array(grant).min(1),
        }),
      )
      .default([]),
    ensemble: z
      .strictObject({
        /** Takes members out of the set that the file no longer names; off, such a member is an error, since a typing mistake looks the same. */
        removeMembers: z.boolean().default(false),
        /** How long the set may take to have its members and a primary. */
        timeoutMs: z.int().min(1).default(180_000),
      })
      .prefault({}),
  })
  .superRefine(({ members, self, admin, users }, context) => {
    const complain = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (!members.some((each) => each.host === self)) complain(['self'], `${self} is none of the members`);
    if (new Set(members.map((each) => each.host)).size < members.length) complain(['members'], 'a host is there twice');
    if (new Set(members.map((each) => each.ordinal)).size < members.length)
      complain(['members'], 'an ordinal is there twice');
    const names = [...users.map((each) => each.name), ...(admin === undefined ? [] : [admin.name])];
    if (new Set(names).size < names.length) complain(['users'], 'a name is there twice');
    if (admin === undefined && users.length > 0) complain(['admin'], 'only an admin can make users');
  });

export type ReplicaSetConfig = z.output<typeof replicaSetConfigShape>;
