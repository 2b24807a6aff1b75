/**
 * The committed lock: which archive a service is, by its SHA-256, and which files are in it. Synthesizing for a cloud reads only this; every way to
 * fetch is held to it. lock.ts makes it anew.
 */
import type { FileRecord } from './archive.ts';
import lockJson from './artifacts.lock.json' with { type: 'json' };

export type ArtifactService = 'zookeeper' | 'kafka' | 'mongodb-stand-in';

export interface LockedArtifact {
  readonly version: string;
  /** The archive's file name, without its hash. */
  readonly archive: string;
  readonly size: number;
  readonly sha256: string;
  /** In the archive's order, which is also the class path's. */
  readonly files: readonly FileRecord[];
}

export type ArtifactsLock = Readonly<Record<ArtifactService, LockedArtifact>>;

/**
 * Sources: kafka.apache.org/downloads (3.9 is the last line that runs with ZooKeeper), Kafka 3.9.1's own zookeeper-3.8.4.jar, and Maven Central's newest
 * mongo-java-server of November 2026.
 */
export const versions: Readonly<Record<ArtifactService, string>> = {
  zookeeper: '3.8.4',
  kafka: '3.9.1',
  'mongodb-stand-in': '1.47.0',
};

/** A package of Debian, as its archive's own index names it. */
export interface DebianPackage {
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
  readonly size: number;
  readonly sha256: string;
  /** In Debian's archive: `pool/updates/main/h/haproxy/haproxy_….deb`. */
  readonly path: string;
}

export interface LockedRuntime {
  readonly version: string;
  readonly size: number;
  readonly sha256: string;
}

/** What our services and programs run on, for Linux on x86-64, and Debian's packages. lock-runtimes.ts makes these entries anew. */
export interface RuntimesLock {
  /** An image that jlink makes of the modules, with the development kit that the packages hold. */
  readonly java: LockedRuntime & { readonly modules: readonly string[]; readonly packages: readonly DebianPackage[] };
  /** The npm package as it is published; `integrity` is the registry's own. */
  readonly node: LockedRuntime & { readonly package: string; readonly integrity: string };
  /** A tar of the packages. */
  readonly haproxy: LockedRuntime & { readonly packages: readonly DebianPackage[] };
  /** The same, for the file system of volumes. */
  readonly xfsprogs: LockedRuntime & { readonly packages: readonly DebianPackage[] };
}

const { java, node, haproxy, xfsprogs, ...services } = lockJson;

/** The committed lock of what both a laptop and a node start. */
export const artifactsLock: ArtifactsLock = services;

/** The committed lock of what only a node installs: a laptop has its own Java, Node and HAProxy. */
export const runtimesLock: RuntimesLock = { java, node, haproxy, xfsprogs };
