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
  /** Whether what holds data is guarded against being destroyed, where the target can guard it. */
  readonly protect: boolean;
  /** What a cloud must know beside the nodes; absent on this machine. */
  readonly cloud?: Cloud;
  /** Services that stand in for another one here, by the one that they stand in for: what this machine lacks. Empty in a deployment. */
  readonly standIns: Readonly<Record<Id, Id>>;
  /** Services that the environment asks for and this machine cannot run; nothing stands in for them. */
  readonly lacking: readonly Id[];
  readonly groups: readonly Group[];
}

export interface Cloud {
  /** Whose it is; nothing is made in another one. */
  readonly account: string;
  /** Ways out of the private network: one in each zone, or one for all of them, which is cheaper and fails with its zone. */
  readonly nat: 'zone' | 'one';
  /** Services of the cloud's own that are reached from inside, without a way out. */
  readonly endpoints: readonly string[];
  /** TCP ports outside that nodes of a role may open beside 443, by role; `any` of them. */
  readonly outward: Readonly<Partial<Record<Id, 'any' | readonly number[]>>>;
  /** A machine image: its id, or a pattern of its name. */
  readonly image: string;
  /** The agent through which operators reach nodes. Absent: nobody reaches them. */
  readonly agent?: { readonly from: string; readonly sha256: string };
  readonly alarms: { readonly email?: string };
  readonly snapshots: { readonly everyHours: number; readonly keep: number };
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
  /** Names under which the group as a whole is reached, beside its nodes' own: each node's certificate has them. */
  readonly names: readonly string[];
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
  /** What it sustains, where the target can say: operations a second, and MiB a second. */
  readonly iops: number;
  readonly throughputMiB: number;
}

/**
 * Who may reach a listener: other groups by role, `clients` (everybody), `operators`, or `applier`, the function that changes topics where operators do
 * not reach brokers. A target without one of them has nobody to let in by that name. Firewalls and network policies come from this.
 */
export interface Listener {
  /** `client`, `plaintext`: unique in its service. */
  readonly name: string;
  /** The standard port; an environment may move it. */
  readonly port: number;
  readonly transport: 'plaintext' | 'tls';
  /** `scram` is the place kept for passwords; no service offers it yet. */
  readonly authentication: 'none' | 'mutual-tls' | 'scram';
  readonly from: readonly Id[];
  /** Connections go on unopened to this service: its certificate answers, so that it holds this listener's names too. */
  readonly passesTo?: Id;
  /** The path at which it says by HTTP, with status 200, that clients may be sent to its node: whatever stands before the nodes asks it. */
  readonly readiness?: string;
}

/** Where a service keeps something on a node; a target's addressing turns it into a path. */
export type Place = { readonly kind: 'configuration' } | { readonly kind: 'volume'; readonly volume: Id };

export interface ServiceFile {
  readonly place: Place;
  /** Relative to the place. */
  readonly path: string;
  /** Octal permissions; 0o644 where absent. */
  readonly mode?: number;
  /** Jobs alone read it, each time that they run: a change needs no restart of the service. */
  readonly forJobs?: true;
  /** A reload reads it again although it does not read everything: all of it, or these keys of the JSON that it is. */
  readonly reloaded?: true | readonly string[];
  readonly text: LateText;
}

/** A probe that any target can run: connect to a listener, send some bytes, and expect an answer. */
export interface Probe {
  readonly listener: string;
  /** Over TLS, without a client certificate; whose certificate answers is not looked at, since the probe asks only whether somebody serves. */
  readonly tls?: boolean;
  /** Latin-1: a character is a byte. */
  readonly send: string;
  /** A regular expression over the answer, read as Latin-1. */
  readonly expect: string;
}

/** What runs: a target turns it into a command line, a unit or a container. */
export type Program = JavaProgram | NodeProgram | NativeProgram | UpstreamProgram;

export interface JavaProgram {
  readonly runtime: 'java';
  /** The artefact that holds its jars. */
  readonly program: Id;
  readonly mainClass: string;
  /** Absolute path of the file with the options of the virtual machine. */
  readonly optionsFile: string;
  readonly arguments: readonly string[];
}

/** One of ours, bundled to one file. */
export interface NodeProgram {
  readonly runtime: 'node';
  readonly program: Id;
  /** Of node itself, such as its memory. */
  readonly options: readonly string[];
  readonly arguments: readonly string[];
}

/** A program that the system or its package manager brings. */
export interface NativeProgram {
  readonly runtime: 'native';
  readonly program: Id;
  readonly arguments: readonly string[];
}

/** Upstream's binary in the place of ours: an operator names where it lies. */
export interface UpstreamProgram {
  readonly runtime: 'upstream';
  readonly program: Id;
  /** A URL, or a path. */
  readonly source: string;
  readonly sha256: string;
  readonly arguments: readonly string[];
}

/**
 * A program that runs to its end, on one node of the group that is there to run it: `before-start`: before the service starts; `once-ready`: when
 * the service serves on every node. Each is idempotent, and safe when two of them run at once.
 */
export interface Job {
  readonly id: Id;
  readonly when: 'before-start' | 'once-ready';
  /** On every node, before each of its starts and reloads, in the place of once for the group: a check of this node's own files. */
  readonly eachNode?: boolean;
  readonly program: Program;
  readonly timeoutMs: number;
}

export interface ServiceProcess {
  readonly program: Program;
  /** Memory that the program takes at most, in MiB: heap and what lies beside it. */
  readonly memoryMiB: number;
  readonly probe: Probe;
  /**
   * A regular expression over the end of the log of a server that ended while it started: where it matches, the cause goes away by itself and the
   * server is to be started again.
   */
  readonly startAgainIf?: string;
  /** What asks it to finish its work and leave; SIGTERM where absent. */
  readonly stopSignal?: 'SIGTERM' | 'SIGUSR1';
  /** One that comes while it begins may be lost on it, and one more does no harm: it is told until it acts. */
  readonly missesSignals?: boolean;
  /** What makes it read its files again without ending: all of them, or only its certificates. Absent: it must be restarted. */
  readonly reload?: Reload;
  readonly jobs?: readonly Job[];
  /** Secrets that must be there before its files can be filled in; a target makes those that are missing. */
  readonly secrets?: readonly SecretSpec[];
  /** How long a graceful stop may take before force is used. */
  readonly stopTimeoutMs: number;
}

export interface Reload {
  readonly signal: 'SIGHUP' | 'SIGUSR2';
  readonly reads: 'everything' | 'certificates';
  /** What it answers is expected of the files of now, and another answer after each reload; absent where a server cannot be asked for it. */
  readonly done?: Probe;
}

/** `token`: 64 hex digits. `key-file`: base64 text of 756 bytes, as a replica set's members share it. */
export interface SecretSpec {
  readonly id: string;
  readonly kind: 'token' | 'key-file';
}
