/**
 * What every driver can do with a cluster that exists, whatever it runs on. Operations and the chaos runner know this interface alone.
 *
 * A driver speaks of nodes and services by id and never asks which system a service is: what to run, how to probe it and how long it may take
 * to leave is data of the model.
 */
import type { Id } from '../cluster/model.ts';
import type { Difference } from '../cluster/readings.ts';

/** One service on one node. */
export interface ServiceRef {
  readonly node: Id;
  readonly service: Id;
}

/**
 * `running`: alive and answering its probe. `starting`: alive, not answering yet (or no longer). `stopped`: ended when told to, or never started.
 * `failed`: ended by itself.
 */
export type RunState = 'running' | 'starting' | 'stopped' | 'failed';

export interface ServiceState extends ServiceRef {
  readonly role: Id;
  /** host:port of the first listener. */
  readonly address: string;
  readonly state: RunState;
  readonly pid: number | undefined;
  /** When it was started; ISO 8601. */
  readonly since: string | undefined;
  /** It runs, and what it has read differs from what the environment means now. */
  readonly outdated: boolean;
  /** It does not run, since a restart of it was cut off: whoever ordered the restart wanted it to run. */
  readonly restarting: boolean;
}

/** A running service that has read something else than the environment means now, and what. */
export interface ServiceDifference extends ServiceRef, Difference {}

export interface StopOptions {
  /** After this long, force; the service's own stop time where absent. */
  readonly timeoutMs?: number | undefined;
}

export interface Driver {
  /** Writes every file of a node's services; idempotent. */
  install(node: Id): Promise<void>;
  /** What would keep these services from starting here: throws the first reason as an EnsembleError. Of running ones only the address is looked at. */
  preflight(services: readonly ServiceRef[]): Promise<void>;
  /** Starts a service and returns once it runs as a process; says whether it ran before. Does not wait until it serves. */
  start(ref: ServiceRef): Promise<{ readonly started: boolean }>;
  /** Gracefully, then by force; idempotent. Says how it ended. */
  stop(ref: ServiceRef, options?: StopOptions): Promise<{ readonly outcome: 'not running' | 'stopped' | 'killed' }>;
  /**
   * Stops a service gracefully, or by force, and starts it with the files that are installed; one that does not run is started. Does not wait until it
   * serves. A command that is killed in between leaves it `restarting`.
   */
  restart(ref: ServiceRef, options?: StopOptions): Promise<void>;
  /**
   * Runs one of a service's jobs to its end on this node, and gives the last line that it said. Its files must be installed.
   * Throws DRIVER_JOB_FAILED with the end of its output.
   */
  run(ref: ServiceRef, job: Id, signal: AbortSignal): Promise<string>;
  /**
   * Makes a running service read its files again, as its model says; false where it does not run, or cannot without a restart. Returns once it
   * serves them, where the model knows how to ask. Throws DRIVER_RELOAD_FAILED, and then it goes on with those of before.
   */
  reload(ref: ServiceRef): Promise<boolean>;
  /** Returns when the service answers its probe. Throws DRIVER_SERVICE_DIED or DRIVER_NOT_READY with the end of its log, or the signal's reason. */
  ready(ref: ServiceRef, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<void>;
  /**
   * Throws DRIVER_SERVICE_DIED if the service, which was started, is not alive. One that ended for a cause that the model knows to go away by
   * itself is started again instead.
   */
  assertAlive(ref: ServiceRef): Promise<void>;
  status(): Promise<readonly ServiceState[]>;
  /** Of every running service that is `outdated`; asked of what runs each time. Files of a running service that only its jobs read do not count. */
  differences(): Promise<readonly ServiceDifference[]>;
  /** A running service was brought to what its installed files say in a way of its own, such as its protocol: from now on it counts as having read them. */
  adopt(ref: ServiceRef): Promise<void>;
  /** Services that run from this environment's state although the environment does not name them (any more). `stop` takes them too. */
  strays(): Promise<readonly ServiceRef[]>;
  /** The last lines of the service's log, oldest first. */
  logs(ref: ServiceRef, lines: number): Promise<readonly string[]>;
  /** New log text as it comes, until the signal. */
  follow(ref: ServiceRef, signal: AbortSignal): AsyncIterable<string>;
  /** Removes everything that the driver made, data too. Refuses while anything runs. */
  purge(): Promise<void>;
}
