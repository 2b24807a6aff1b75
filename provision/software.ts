/**
 * What a machine needs to run a program of the model, and the command line that it then runs as: archives of the lock under /opt/ensemble, packages of
 * Debian's kind, or one package of somebody else's repository. Each version lies in a folder of its own, so that a new one disturbs nothing that runs.
 */
import type { Program } from '../cluster/model.ts';
import { archiveKey } from '../contracts/aws-names.ts';
import type { ListedArchive, ListedPackage } from '../contracts/node-list.ts';

/** What is known of an archive before anything is fetched: a row of artifacts' committed lock. */
export interface ArchiveFacts {
  readonly sha256: string;
  /** In the order of the class path, where it holds jars. */
  readonly files?: readonly { readonly path: string }[];
}

export interface NodeSoftware {
  /** By name: `java`, `node`, `xfsprogs`, a system (`kafka`), a program of ours (`messaging-api`, `fill`). */
  readonly archives: Readonly<Partial<Record<string, ArchiveFacts>>>;
  /** The agent by which operators reach a machine that has no other door, as one .deb; none where absent. */
  readonly agent?: ArchiveFacts;
}

/** A command line, and what it needs to be there. */
export interface InstalledProgram {
  readonly command: readonly string[];
  readonly archives: readonly ListedArchive[];
  readonly packages: readonly ListedPackage[];
  /** Lines for sysctl.d. */
  readonly kernel: readonly string[];
  /** Lines for tmpfiles.d. */
  readonly kernelFiles: readonly string[];
  readonly readAheadSectors?: number;
}

const nothing = { archives: [], packages: [], kernel: [], kernelFiles: [] };

/** Programs that neither Java nor Node runs. A new one needs a row. */
interface NativeSource {
  readonly executable: string;
  /** .deb files, as one archive of that name. */
  readonly archive?: string;
  readonly package?: ListedPackage;
  readonly kernel?: readonly string[];
  readonly kernelFiles?: readonly string[];
  readonly readAheadSectors?: number;
}

/**
 * MongoDB: its own repository and key (fingerprint as in the Dockerfile of Docker's official image), production notes of 8.0 ("Enable Transparent
 * Hugepages", readahead between 8 and 32). The version is one that carries the fix of CVE-2025-14847 (8.0.17 and later).
 */
const natives: Readonly<Partial<Record<string, NativeSource>>> = {
  haproxy: { executable: '/usr/sbin/haproxy', archive: 'haproxy' },
  mongod: {
    executable: '/usr/bin/mongod',
    package: {
      name: 'mongodb-org-server',
      version: '8.0.23',
      repository: 'https://repo.mongodb.org/apt/debian',
      suite: 'bookworm/mongodb-org/8.0',
      component: 'main',
      key: 'https://pgp.mongodb.com/server-8.0.asc',
      fingerprint: '4B0752C1BCA238C0B4EE14DC41DE058A4E7DCA05',
    },
    kernel: ['# per-CPU caches of its allocator (8.0 and later)', 'vm.overcommit_memory = 1'],
    kernelFiles: [
      '# 8.0 and later want huge pages on; up to 7.0 they were to be off',
      'w /sys/kernel/mm/transparent_hugepage/enabled - - - - always',
      'w /sys/kernel/mm/transparent_hugepage/defrag - - - - defer+madvise',
      'w /sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none - - - - 0',
    ],
    readAheadSectors: 32,
  },
};

/**
 * @param classPathFile of a Java program: the absolute path of the file that names its jars (classPathOptions).
 * Throws a TypeError for a program that has no archive or row, which is our own defect.
 */
export function installedProgram(program: Program, software: NodeSoftware, classPathFile: string): InstalledProgram {
  switch (program.runtime) {
    case 'java': {
      const java = archiveNamed('java', software);
      const options = [`@${program.optionsFile}`, `@${classPathFile}`];
      return {
        ...nothing,
        command: [`${java.folder}/bin/java`, ...options, program.mainClass, ...program.arguments],
        archives: [java, archiveNamed(program.program, software)],
      };
    }
    case 'node': {
      const node = archiveNamed('node', software);
      const ours = archiveNamed(program.program, software);
      const file = `${ours.folder}/${program.program}.mjs`;
      return {
        ...nothing,
        // As npm publishes it: everything of a package lies below that name.
        command: [`${node.folder}/package/bin/node`, ...program.options, file, ...program.arguments],
        archives: [node, ours],
      };
    }
    case 'upstream': {
      const upstream = archiveOf(program.program, program.sha256, 'binary');
      return {
        ...nothing,
        command: [`${upstream.folder}/${program.program}`, ...program.arguments],
        archives: [upstream],
      };
    }
    case 'native': {
      const source = natives[program.program];
      if (source === undefined) throw new TypeError(`nobody says where a machine gets ${program.program} from`);
      const { executable, archive, package: listed, kernel = [], kernelFiles = [], readAheadSectors } = source;
      return {
        command: [executable, ...program.arguments],
        archives: archive === undefined ? [] : [archiveNamed(archive, software, 'debs')],
        packages: listed === undefined ? [] : [listed],
        kernel,
        kernelFiles,
        ...(readAheadSectors === undefined ? {} : { readAheadSectors }),
      };
    }
  }
}

/** Throws a TypeError where the lock has none of that name. */
export function archiveNamed(
  name: string,
  { archives }: NodeSoftware,
  use: ListedArchive['use'] = 'unpack',
): ListedArchive {
  const facts = archives[name];
  if (facts === undefined) throw new TypeError(`the lock of archives has no ${name}`);
  return archiveOf(name, facts.sha256, use);
}

export function archiveOf(name: string, sha256: string, use: ListedArchive['use']): ListedArchive {
  return { name, sha256, use, key: archiveKey(sha256, name), folder: `/opt/ensemble/${name}/${sha256.slice(0, 12)}` };
}
