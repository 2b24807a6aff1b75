/**
 * One row a role: which services its nodes run, whether a node's identity outlives its machine, and what the group tolerates.
 * A new role is a new row; targets never ask for a role by name.
 */
import type { Id, Identity, Tolerance } from './model.ts';

export interface Role {
  readonly id: Id;
  /** The field of the environment file that sizes the group. */
  readonly field: 'masters' | 'workers';
  readonly services: readonly Id[];
  readonly identity: Identity;
  tolerates(environment: { readonly tolerate: number }): Tolerance;
  /** Where the group's addresses begin within the subnet, and how many it may take before the next role's begin. */
  readonly addressOffset: number;
  /** Why a service of another role must not run here, by service id. */
  readonly refuses: Readonly<Record<Id, string>>;
}

export const roles: readonly Role[] = [
  {
    id: 'master',
    field: 'masters',
    services: ['zookeeper'],
    identity: 'pinned',
    tolerates: () => 'quorum',
    addressOffset: 10,
    refuses: {
      kafka:
        'masters run ZooKeeper alone: a broker beside it would compete for the disk that the quorum waits on at each write',
    },
  },
  {
    id: 'worker',
    field: 'workers',
    services: ['kafka'],
    identity: 'pinned',
    tolerates: ({ tolerate }) => ({ failures: tolerate }),
    addressOffset: 100,
    refuses: {
      zookeeper: 'workers run Kafka alone: a quorum that shares a machine with a broker fails together with it',
    },
  },
];
