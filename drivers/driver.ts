/**
 * What every driver can do with a cluster that exists, whatever it runs on. Operations and the chaos runner know this interface alone.
 *
 * A driver speaks of nodes and services by id and never asks which system a service is: what to run, how to probe it and how long it may take
 * to leave is data of the model.
 */
import type { Id } from '../cluster/model.ts';

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
  /** The files that it started with differ from those that the environment means now. */
  readonly outdated: boolean;
}

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
  /** Services that run from this environment's state although the environment does not name them (any more). `stop` takes them too. */
  strays(): Promise<readonly ServiceRef[]>;
  /** The last lines of the service's log, oldest first. */
  logs(ref: ServiceRef, lines: number): Promise<readonly string[]>;
  /** New log text as it comes, until the signal. */
  follow(ref: ServiceRef, signal: AbortSignal): AsyncIterable<string>;
  /** Removes everything that the driver made, data too. Refuses while anything runs. */
  purge(): Promise<void>;
}
