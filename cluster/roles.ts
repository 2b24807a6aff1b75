/**
 * One row a role: which services its nodes run, whether a node's identity outlives its machine, and what the group tolerates.
 * A new role is a new row; targets never ask for a role by name.
 */
import type { Id, Identity, Tolerance } from './model.ts';

export interface Role {
  readonly id: Id;
  /** The field of the environment file that sizes the group. */
  readonly field: 'masters' | 'workers' | 'metadata' | 'api' | 'push' | 'balancer';
  /** Whether an environment must have the group. */
  readonly optional: boolean;
  readonly services: readonly Id[];
  readonly identity: Identity;
  tolerates(environment: { readonly tolerate: number }): Tolerance;
  /** Where the group's addresses begin within the subnet. Where two groups grow into each other, environment-checks say so. */
  readonly addressOffset: number;
  /** The first label of a name under which the whole group is reached, within the environment's domain; its clients ask for no single node. */
  readonly groupName?: string;
  /** Why a service of another role must not run here, by service id. */
  readonly refuses: Readonly<Record<Id, string>>;
}

export const roles: readonly Role[] = [
  {
    id: 'master',
    field: 'masters',
    optional: false,
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
    optional: false,
    services: ['kafka'],
    identity: 'pinned',
    tolerates: ({ tolerate }) => ({ failures: tolerate }),
    addressOffset: 100,
    refuses: {
      zookeeper: 'workers run Kafka alone: a quorum that shares a machine with a broker fails together with it',
    },
  },
  {
    id: 'metadata',
    field: 'metadata',
    optional: true,
    services: ['mongodb'],
    identity: 'pinned',
    tolerates: () => 'quorum',
    addressOffset: 40,
    refuses: {},
  },
  {
    id: 'api',
    field: 'api',
    optional: true,
    services: ['messaging-api', 'auth'],
    identity: 'fungible',
    tolerates: () => 'any',
    addressOffset: 50,
    refuses: {},
  },
  {
    id: 'push',
    field: 'push',
    optional: true,
    services: ['push-server'],
    identity: 'fungible',
    tolerates: () => 'any',
    addressOffset: 70,
    refuses: {},
  },
  {
    id: 'balancer',
    field: 'balancer',
    optional: true,
    services: ['haproxy'],
    identity: 'fungible',
    tolerates: () => 'any',
    addressOffset: 90,
    groupName: 'messaging',
    refuses: {},
  },
];
