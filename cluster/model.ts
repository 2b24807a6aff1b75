/**
 * The model that everything hangs on: what an environment means, as plain frozen data without any target's words in it.
 *
 * Stacks, charts, drivers and the reviewer read this and nothing else of the environment; it is JSON, so it can be saved and compared.
 * A Node is an identity, not a machine: it survives the replacement of whatever carries it.
 */
import type { LateText } from '../contracts/late.ts';

/** A name that we give: lower case, digits and hyphens. */
export type Id = string;

export type Target = 'local' | 'aws' | 'gcp' | 'kubernetes';

export interface Cluster {
  readonly environment: Id;
  readonly target: Target;
  /** The cloud's region; absent on this machine. */
  readonly region?: string;
  /** The private domain in which nodes have their names: `worker-4.production.internal`. */
  readonly domain: string;
  readonly zones: readonly string[];
  /** f: how many workers may fail at once. */
  readonly tolerate: number;
  /** f + 1: the replicas that a topic gets where its manifest entry does not say. */
  readonly replicas: number;
  readonly network: Network;
  readonly groups: readonly Group[];
}

export interface Network {
  /** CIDR block from which addresses are given, where the target gives addresses. */
  readonly subnet?: string;
  /** Addresses pinned by a person, by node id. */
  readonly addresses: Readonly<Record<Id, string>>;
  /** Ports moved by a person, by `service.listener`. */
  readonly ports: Readonly<Partial<Record<string, number>>>;
}

/** `pinned`: each node keeps its id, address and volumes for life. `fungible`: any node can stand for another. */
export type Identity = 'pinned' | 'fungible';

/** `quorum`: a majority must live. `any`: one is enough. Otherwise the number of nodes that may fail. */
export type Tolerance = 'quorum' | 'any' | { readonly failures: number };

export interface Group {
  readonly role: Id;
  readonly identity: Identity;
  readonly tolerates: Tolerance;
  /** Service ids, in the order in which they start on a node. */
  readonly services: readonly Id[];
  /** By service id: the service's own settings, parsed and derived. */
  readonly settings: Readonly<Record<Id, unknown>>;
  readonly nodes: readonly Node[];
}

export interface Node {
  /** `worker-4` */
  readonly id: Id;
  readonly role: Id;
  /** From 1; myid and broker.id come from it, never from a place in a list. */
  readonly ordinal: number;
  readonly zone: string;
  readonly machine: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly volumes: readonly Volume[];
  /** Listed under `retired`: still running, to be emptied, then removed. */
  readonly leaving: boolean;
}

export interface Volume {
  /** `data-1` */
  readonly name: Id;
  readonly sizeGiB: number;
}

/** Who may reach a listener: other groups by role, or `operators`. Firewalls and network policies come from this. */
export interface Listener {
  /** `client`, `plaintext`: unique in its service. */
  readonly name: string;
  /** The standard port; an environment may move it. */
  readonly port: number;
  readonly transport: 'plaintext' | 'tls';
  /** `scram` is the place kept for passwords; no service offers it yet. */
  readonly authentication: 'none' | 'mutual-tls' | 'scram';
  readonly from: readonly Id[];
}

/** Where a service keeps something on a node; a target's addressing turns it into a path. */
export type Place = { readonly kind: 'configuration' } | { readonly kind: 'volume'; readonly volume: Id };

export interface ServiceFile {
  readonly place: Place;
  /** Relative to the place. */
  readonly path: string;
  /** Octal permissions; 0o644 where absent. */
  readonly mode?: number;
  readonly text: LateText;
}

/** A probe that any target can run: connect to a listener, send some bytes, and expect an answer. */
export interface Probe {
  readonly listener: string;
  /** Latin-1: a character is a byte. */
  readonly send: string;
  /** A regular expression over the answer, read as Latin-1. */
  readonly expect: string;
}

/** A Java program; other kinds of program join this union when they arrive. */
export interface ServiceProcess {
  readonly runtime: 'java';
  readonly mainClass: string;
  /** Absolute path of the file with the options of the virtual machine. */
  readonly optionsFile: string;
  readonly arguments: readonly string[];
  /** Memory that the program takes at most, in MiB: heap and what lies beside it. */
  readonly memoryMiB: number;
  readonly probe: Probe;
  /**
   * A regular expression over the end of the log of a server that ended while it started: where it matches, the cause goes away by itself and the
   * server is to be started again.
   */
  readonly startAgainIf?: string;
  /** How long a graceful stop may take before force is used. */
  readonly stopTimeoutMs: number;
}
