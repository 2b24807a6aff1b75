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

/** The committed lock. */
export const artifactsLock: ArtifactsLock = lockJson;
