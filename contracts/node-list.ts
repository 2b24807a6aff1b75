/**
 * What a machine reads to become a node: one text, a line a thing, in the order in which the script of provision/user-data.ts does them. Fields are
 * divided by one space and hold none themselves, so that a POSIX shell reads it with `read`; it begins with its version and ends with `end`, so that
 * neither another version nor half a text is ever followed. `fill` and tests read it with parseNodeList.
 */
import { EnsembleError } from './error.ts';

/** Counts up when a script of before could not follow the list. */
const nodeListVersion = 1;

/**
 * How a fetched archive is put into use: a tar, compressed or not, into `folder`; its .deb files installed beside; one .deb; one executable as
 * `folder`/`name`, or a tar that holds one of that name (or one executable alone), as an operator has it.
 */
const uses = ['unpack', 'debs', 'deb', 'binary'] as const;
export type ArchiveUse = (typeof uses)[number];

export interface NodeList {
  readonly environment: string;
  readonly node: string;
  /** System users, each with a number that every machine gives it: a volume outlives its machine. */
  readonly accounts: readonly { readonly name: string; readonly id: number }[];
  readonly volumes: readonly ListedVolume[];
  readonly folders: readonly { readonly mode: number; readonly owner: string; readonly path: string }[];
  readonly archives: readonly ListedArchive[];
  readonly packages: readonly ListedPackage[];
  readonly files: readonly ListedFile[];
  readonly services: readonly ListedService[];
  /** Units that run to their end once the services are started, in this order. */
  readonly jobs: readonly string[];
  readonly asides: readonly ListedAside[];
}

/** What runs beside the services, and serves nobody: whoever applies the list starts it anew where it is not as the list has it. */
export interface ListedAside {
  readonly name: string;
  readonly unit: string;
  /** Of all that it must be started anew for. */
  readonly digest: string;
}

export interface ListedVolume {
  /** `data-1`: the machine's own tags say which disk that is. */
  readonly name: string;
  /** Where it is mounted; absolute. */
  readonly mount: string;
  /** In sectors of 512 bytes; the kernel's own where absent. */
  readonly readAheadSectors?: number;
}

export interface ListedArchive {
  readonly name: string;
  readonly sha256: string;
  readonly use: ArchiveUse;
  /** Its object in the bucket. */
  readonly key: string;
  /** Absolute; has the hash in its name, so that two versions stand beside each other. */
  readonly folder: string;
}

/** One package of a repository of others, at one version. */
export interface ListedPackage {
  readonly name: string;
  readonly version: string;
  /** `https://…`, without suite. */
  readonly repository: string;
  readonly suite: string;
  readonly component: string;
  /** Where the repository's key is had. Nothing is believed of it but its fingerprint. */
  readonly key: string;
  /** 40 upper-case hexadecimal digits. */
  readonly fingerprint: string;
}

export interface ListedFile {
  /** Of the object's bytes: of the template, where it is late. */
  readonly sha256: string;
  readonly late: boolean;
  readonly mode: number;
  /** User, and group of the same name. */
  readonly owner: string;
  readonly key: string;
  readonly path: string;
}

export interface ListedService {
  readonly service: string;
  readonly unit: string;
  /** Of all that a running service must be started anew for: a report says with which one each service was started. */
  readonly digest: string;
  readonly probe: ListedProbe;
}

/** As the model's Probe, for the node itself to ask. */
export interface ListedProbe {
  /** Where the service listens on its own machine. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Latin-1: a character is a byte. */
  readonly send: string;
  /** A regular expression over the answer, read as Latin-1. */
  readonly expect: string;
}

/** Throws a TypeError for a field that would not come back, which is our own defect: names and paths of ours have neither spaces nor line ends. */
export function formatNodeList(list: NodeList): string {
  const lines: readonly (readonly (string | number)[])[] = [
    ['ensemble-node-list', nodeListVersion],
    ['environment', list.environment],
    ['node', list.node],
    ...list.accounts.map(({ name, id }) => ['account', name, id]),
    ...list.volumes.map(({ name, mount, readAheadSectors }) => ['volume', name, readAheadSectors ?? '-', mount]),
    ...list.folders.map(({ mode, owner, path }) => ['folder', octal(mode), owner, path]),
    ...list.archives.map(({ name, sha256, use, key, folder }) => ['archive', name, sha256, use, key, folder]),
    ...list.packages.map((each) => [
      'package',
      each.name,
      each.version,
      each.repository,
      each.suite,
      each.component,
      each.key,
      each.fingerprint,
    ]),
    ...list.files.map(({ sha256, late, mode, owner, key, path }) => [
      late ? 'late' : 'file',
      sha256,
      octal(mode),
      owner,
      key,
      path,
    ]),
    ...list.services.map(({ service, unit, digest, probe }) => [
      'service',
      service,
      unit,
      digest,
      probe.host,
      probe.port,
      probe.tls ? 'tls' : 'plain',
      encoded(probe.send),
      encoded(probe.expect),
    ]),
    ...list.jobs.map((unit) => ['job', unit]),
    ...list.asides.map(({ name, unit, digest }) => ['aside', name, unit, digest]),
    ['end'],
  ];
  return lines.map((fields) => `${fields.map(checkedField).join(' ')}\n`).join('');
}

/** Throws NODE_LIST_UNREADABLE for another version, a text that was cut off, and a line that no version 1 has. */
export function parseNodeList(text: string): NodeList {
  const [head = '', environment = '', node = '', ...lines] = text.split('\n');
  if (head !== `ensemble-node-list ${nodeListVersion}`) throw unreadable(1, head);
  if (lines.pop() !== '' || lines.pop() !== 'end') throw unreadable(lines.length + 4, 'the end of the text');
  const list: Draft = {
    environment: named('environment', environment, 2),
    node: named('node', node, 3),
    accounts: [],
    volumes: [],
    folders: [],
    archives: [],
    packages: [],
    files: [],
    services: [],
    jobs: [],
    asides: [],
  };
  lines.forEach((line, index) => {
    const [kind = '', ...fields] = line.split(' ');
    const reader = readers[kind];
    if (reader === undefined || fields.length !== reader.length || fields.includes(''))
      throw unreadable(index + 4, line);
    reader.read(list, fields);
  });
  return list;
}

function named(kind: string, line: string, number: number): string {
  const [found, name = '', more] = line.split(' ');
  if (found !== kind || name === '' || more !== undefined) throw unreadable(number, line);
  return name;
}

type Draft = {
  -readonly [Key in keyof NodeList]: NodeList[Key] extends readonly (infer Item)[] ? Item[] : NodeList[Key];
};

interface Reader {
  /** Fields after the kind. */
  readonly length: number;
  read(list: Draft, fields: readonly string[]): void;
}

const readFileLine = (late: boolean): Reader => ({
  length: 5,
  read: (list, [sha256 = '', mode = '', owner = '', key = '', path = '']) =>
    void list.files.push({ sha256, late, mode: Number.parseInt(mode, 8), owner, key, path }),
});

const readers: Readonly<Partial<Record<string, Reader>>> = {
  account: { length: 2, read: (list, [name = '', id]) => void list.accounts.push({ name, id: Number(id) }) },
  volume: {
    length: 3,
    read: (list, [name = '', ahead = '-', mount = '']) =>
      void list.volumes.push({ name, mount, ...(ahead === '-' ? {} : { readAheadSectors: Number(ahead) }) }),
  },
  folder: {
    length: 3,
    read: (list, [mode = '', owner = '', path = '']) =>
      void list.folders.push({ mode: Number.parseInt(mode, 8), owner, path }),
  },
  archive: {
    length: 5,
    read: (list, [name = '', sha256 = '', use, key = '', folder = '']) =>
      void list.archives.push({ name, sha256, use: uses.find((known) => known === use) ?? 'unpack', key, folder }),
  },
  package: {
    length: 7,
    read: (list, [name = '', version = '', repository = '', suite = '', component = '', key = '', fingerprint = '']) =>
      void list.packages.push({ name, version, repository, suite, component, key, fingerprint }),
  },
  file: readFileLine(false),
  late: readFileLine(true),
  service: {
    length: 8,
    read: (list, [service = '', unit = '', digest = '', host = '', port, transport, send = '', expect = '']) =>
      void list.services.push({
        service,
        unit,
        digest,
        probe: { host, port: Number(port), tls: transport === 'tls', send: decoded(send), expect: decoded(expect) },
      }),
  },
  job: { length: 1, read: (list, [unit = '']) => void list.jobs.push(unit) },
  aside: {
    length: 3,
    read: (list, [name = '', unit = '', digest = '']) => void list.asides.push({ name, unit, digest }),
  },
};

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}

/** Latin-1 in base64, with a letter before it: a field is never empty. */
function encoded(text: string): string {
  return `b${btoa(text)}`;
}

function decoded(field: string): string {
  return atob(field.slice(1));
}

function checkedField(field: string | number): string {
  const text = String(field);
  if (!/^[\x21-\x7e]+$/.test(text)) throw new TypeError(`${JSON.stringify(text)} cannot stand in a node's list`);
  return text;
}

function unreadable(line: number, found: string): EnsembleError {
  return new EnsembleError({
    code: 'NODE_LIST_UNREADABLE',
    message: `line ${line} of the node's list is ${JSON.stringify(found.slice(0, 120))}, which version ${nodeListVersion} does not have`,
    next: 'Write the list again with the version of Ensemble that reads it.',
  });
}
