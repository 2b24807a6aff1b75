/**
 * What a deployed node can install, each archive by its SHA-256: the runtimes and the services of the committed lock, and our own programs as they were
 * bundled (program-archives.ts). Pure: a synthesis names objects with it, and nothing is fetched. `ensemble artifacts build` puts the files where `file`
 * says. How a node uses them is provision/software.ts's to say. Decision 0032 has the reasons.
 */
import {
  type ArtifactService,
  artifactsLock,
  type LockedRuntime,
  type RuntimesLock,
  runtimesLock,
} from './artifacts-lock.ts';
import type { ProgramName } from './program-bundle.ts';

export type NodeArchiveName = keyof RuntimesLock | Exclude<ArtifactService, 'mongodb-stand-in'> | ProgramName;

export interface NodeArchive {
  readonly name: string;
  readonly version: string;
  /** Of the file, lower-case hexadecimal. */
  readonly sha256: string;
  /** In bytes. Unknown of what an operator names, until it is fetched. */
  readonly size?: number;
  /** Of an archive of jars: in the order of the class path. */
  readonly files?: readonly { readonly path: string }[];
  /** Relative to the project's folder: `.ensemble/archives/<sha256>-java`. */
  readonly file: string;
  /** In the environment's bucket: `archives/<sha256>-java`. */
  readonly key: string;
}

/**
 * `java`, `kafka`, `zookeeper` and our programs are tars; `node` is a compressed one, as npm publishes it, with everything below `package/`; `haproxy` and
 * `xfsprogs` are tars of Debian packages (`dpkg --refuse-downgrade -i`, after haproxy.service is masked: the package would start one of its own); a
 * function's program is a zip. `tar -xf` sees by itself what is compressed.
 */
export type NodeArchives = Readonly<Record<NodeArchiveName, NodeArchive>>;

/** What a bundling says of each of our programs: ensureProgramArchives. */
export type ProgramArchives = Readonly<Record<ProgramName, { readonly sha256: string; readonly size: number }>>;

/** Relative to the project's folder: where `ensemble artifacts build` puts archives, and a deployment takes them from. */
export const archivesFolder = '.ensemble/archives';

/** Run by AWS Lambda, which takes a zip. */
export const functionPrograms: ReadonlySet<string> = new Set(['topics-applier']);

/** Every archive, by name. `runtimes`: instead of the committed lock's, for tests. */
export function nodeArchives(programs: ProgramArchives, runtimes: RuntimesLock = runtimesLock): NodeArchives {
  const locked: Readonly<Record<string, LockedRuntime & Pick<NodeArchive, 'files'>>> = {
    ...runtimes,
    zookeeper: artifactsLock.zookeeper,
    kafka: artifactsLock.kafka,
  };
  const named = [
    ...Object.entries(locked),
    ...Object.entries(programs).map(([name, each]) => [name, { version: each.sha256.slice(0, 12), ...each }] as const),
  ];
  return Object.fromEntries(named.map(([name, facts]) => [name, archiveOf(name, facts)])) as NodeArchives;
}

/** What an operator names by place and hash, uploaded as it is: an upstream program, or a Debian package such as the SSM agent's. */
export function operatorArchive(name: string, sha256: string): NodeArchive {
  return archiveOf(name, { version: sha256.slice(0, 12), sha256 });
}

function archiveOf(
  name: string,
  { version, sha256, size, files }: Pick<NodeArchive, 'version' | 'sha256' | 'size' | 'files'>,
): NodeArchive {
  return {
    name,
    version,
    sha256,
    ...(size !== undefined && { size }),
    ...(files !== undefined && { files }),
    file: `${archivesFolder}/${sha256}-${name}`,
    key: `archives/${sha256}-${name}`,
  };
}
