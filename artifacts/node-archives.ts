/**
 * What a deployed node can install, each archive by its SHA-256: the runtimes and the services of the committed lock, and our own programs as they were
 * bundled (program-archives.ts). Pure: a synthesis names objects and folders with it, and nothing is fetched. `ensemble artifacts build` puts the files
 * where `file` says. Decision 0032 has the reasons.
 */
import type { Program } from '../cluster/model.ts';
import { type ArtifactService, artifactsLock, type RuntimesLock, runtimesLock } from './artifacts-lock.ts';
import type { ProgramName } from './program-bundle.ts';

/** Java and Node for Linux on x86-64, and HAProxy with the libraries that Debian 12's image lacks. */
export type RuntimeName = 'java' | 'node' | 'haproxy';
export type NodeArchiveName = RuntimeName | Exclude<ArtifactService, 'mongodb-stand-in'> | ProgramName;

/**
 * How it is unpacked into its folder: `tar`: compressed or not, `tar -xf` sees which; `debs`: a tar of Debian packages, which `dpkg -i` then installs
 * all at once (mask haproxy.service before, since Debian's package starts one of its own); `deb`: one such package; `zip`: a function's code, no node unpacks it; `program`: an operator's binary, or a tar (compressed or not) that
 * holds one of that name.
 */
export type ArchiveForm = 'tar' | 'debs' | 'deb' | 'zip' | 'program';

export interface NodeArchive {
  readonly name: string;
  readonly version: string;
  /** Of the file, lower-case hexadecimal. */
  readonly sha256: string;
  /** In bytes. Unknown of what an operator names, until it is fetched. */
  readonly size?: number;
  readonly form: ArchiveForm;
  /** Relative to the project's folder: `.ensemble/archives/<sha256>-java.tar`. */
  readonly file: string;
  /** In the environment's bucket: `archives/<sha256>-java.tar`. */
  readonly key: string;
  /** Where a node unpacks it: `/opt/ensemble/java/<first 12 digits>`. Another content is another folder, so that nothing that runs is overwritten. */
  readonly folder: string;
}

export type NodeArchives = Readonly<Record<NodeArchiveName, NodeArchive>>;

/** What a bundling says of each of our programs. */
export type ProgramArchives = Readonly<Record<ProgramName, { readonly sha256: string; readonly size: number }>>;

/** Relative to the project's folder: where `ensemble artifacts build` puts archives, and a deployment takes them from. */
export const archivesFolder = '.ensemble/archives';

/** Run by AWS Lambda, which takes a zip. */
export const functionPrograms: ReadonlySet<string> = new Set(['topics-applier']);

/** Every archive, by name. `runtimes`: instead of the committed lock's, for tests. */
export function nodeArchives(programs: ProgramArchives, runtimes: RuntimesLock = runtimesLock): NodeArchives {
  const { java, node, haproxy } = runtimes;
  const { zookeeper, kafka } = artifactsLock;
  const bundled = Object.entries(programs).map(([name, { sha256, size }]) => {
    const form = functionPrograms.has(name) ? 'zip' : 'tar';
    return [name, archiveOf(name, { version: sha256.slice(0, 12), sha256, size }, form, form)];
  });
  return {
    java: archiveOf('java', java, 'tar', 'tar'),
    node: archiveOf('node', node, 'tar', 'tgz'),
    haproxy: archiveOf('haproxy', haproxy, 'debs', 'tar'),
    zookeeper: archiveOf('zookeeper', zookeeper, 'tar', 'tar'),
    kafka: archiveOf('kafka', kafka, 'tar', 'tar'),
    ...(Object.fromEntries(bundled) as Record<ProgramName, NodeArchive>),
  };
}

/** What an operator names by place and hash, uploaded as it is: an upstream program, or a Debian package such as the SSM agent's. */
export function operatorArchive(name: string, sha256: string, form: 'program' | 'deb'): NodeArchive {
  return archiveOf(name, { version: sha256.slice(0, 12), sha256 }, form, form === 'deb' ? 'deb' : 'bin');
}

function archiveOf(
  name: string,
  { version, sha256, size }: { readonly version: string; readonly sha256: string; readonly size?: number },
  form: ArchiveForm,
  extension: string,
): NodeArchive {
  const file = `${sha256}-${name}.${extension}`;
  return {
    name,
    version,
    sha256,
    ...(size !== undefined && { size }),
    form,
    file: `${archivesFolder}/${file}`,
    key: `archives/${file}`,
    folder: `/opt/ensemble/${name}/${sha256.slice(0, 12)}`,
  };
}

/** The archives that a program of the model needs; none for one that a node takes from elsewhere (mongod, from MongoDB's own repository). @internal */
export function archivesFor(program: Program, archives: NodeArchives): readonly NodeArchive[] {
  const called = (name: string): NodeArchive => {
    const found = Object.hasOwn(archives, name) ? archives[name as NodeArchiveName] : undefined;
    if (found === undefined) throw new TypeError(`no archive holds ${name}`);
    return found;
  };
  switch (program.runtime) {
    case 'java':
      return [archives.java, called(program.program)];
    case 'node':
      return [archives.node, called(program.program)];
    case 'native':
      return program.program === 'mongod' ? [] : [called(program.program)];
    case 'upstream':
      return [operatorArchive(program.program, program.sha256, 'program')];
  }
}

/**
 * What a node starts for a program, out of the folders of `archivesFor`: the executable, and for Java the class path (in the lock's order) or for our own
 * programs the bundle.
 */
export interface InstalledProgram {
  readonly executable: string;
  /** Jars, absolute; empty but for Java. */
  readonly classpath: readonly string[];
  /** The bundle that node runs; absent but for our own. */
  readonly bundle?: string;
}

/** Pure, like the rest: the paths that `archivesFor`'s archives have on a node once they are unpacked. @internal */
export function installedProgram(program: Program, archives: NodeArchives): InstalledProgram {
  const [first, second] = archivesFor(program, archives);
  switch (program.runtime) {
    case 'java':
      return {
        executable: `${archives.java.folder}/bin/java`,
        classpath: artifactsLock[program.program as ArtifactService].files.map(
          ({ path }) => `${second?.folder}/${path}`,
        ),
      };
    case 'node':
      return {
        executable: `${archives.node.folder}/package/bin/node`,
        classpath: [],
        bundle: `${second?.folder}/${program.program}.mjs`,
      };
    // Debian's packages lay them there: haproxy's own, and MongoDB's mongodb-org-server.
    case 'native':
      return {
        executable: program.program === 'haproxy' ? '/usr/sbin/haproxy' : `/usr/bin/${program.program}`,
        classpath: [],
      };
    case 'upstream':
      return { executable: `${first?.folder}/${program.program}`, classpath: [] };
  }
}
