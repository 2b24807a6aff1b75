/**
 * What push servers share: the active subscriptions, who holds each, and who of the servers was heard of (docs/decisions/0021-push-leases.md). Two
 * implementations: MongoDB for several servers, memory for one alone and for tests.
 */
import type { StatusReport } from '../deliverer.ts';
import type { PushSubscription } from '../subscription.ts';

/** What every server knows of every subscription. */
export interface Place {
  readonly name: string;
  /** Another with each activation. */
  readonly revision: string;
  /** A session; empty: nobody. */
  readonly owner: string;
  /** False: deactivated, and its holder has not let go yet. */
  readonly active: boolean;
}

export interface StoredSubscription extends Place {
  readonly subscription: PushSubscription;
  /** The last error, upstream's sentence; empty: none. */
  readonly status: string;
  /** The interval that stood with it. */
  readonly intervalMs: number;
}

/** A server's life, from joining to leaving or being buried. */
export interface Session {
  readonly id: string;
  /** Goes up while the server lives. */
  readonly beat: number;
}

export interface Registry {
  /** False: it is active already. */
  activate(subscription: PushSubscription): Promise<boolean>;
  /** Those that are not active, in few requests: a thousand at the first start. */
  activateAll(subscriptions: readonly PushSubscription[]): Promise<void>;
  /** Another configuration, if the revision still stands. */
  replace(subscription: PushSubscription, revision: string): Promise<boolean>;
  /** False: it is not active, or no longer of that revision. */
  deactivate(name: string, revision?: string): Promise<boolean>;
  /** Active ones alone. */
  find(name: string): Promise<StoredSubscription | undefined>;
  places(): Promise<readonly Place[]>;
  /** Those of `names` that are active and that `session` holds. */
  read(names: readonly string[], session: string): Promise<readonly StoredSubscription[]>;
  /** Takes those of `names` that are active and whose owner is nobody or among `dead`: compare-and-set, one by one. Afterwards `read` says which. */
  claim(names: readonly string[], dead: readonly string[], session: string): Promise<void>;
  /** Lets go of those that `session` holds; deactivated ones are gone then. */
  release(names: readonly string[], session: string): Promise<void>;
  /** Deactivated ones whose owner died. */
  sweep(dead: readonly string[]): Promise<void>;
  /** Of those that `session` holds. */
  report(reports: readonly StatusReport[], session: string): Promise<void>;

  join(session: string): Promise<void>;
  /** One more, if the session stands at `beat`. False: it was buried. */
  beat(session: string, beat: number): Promise<boolean>;
  leave(session: string): Promise<void>;
  /** Ends another's session, if it still stands at `beat`. */
  bury(session: string, beat: number): Promise<boolean>;
  /** Who is there, and how often places have changed. */
  look(): Promise<Look>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface Look {
  readonly sessions: readonly Session[];
  readonly changes: number;
}
