/**
 * Everything that a machine fetches to become one node: its list, and each file that the list names, as objects of the environment's bucket. The text is
 * final: names that we create, no token of any tool, and a readable marker where only the node can know (contracts/late.ts). Pure; whoever deploys
 * uploads it, and whoever compares asks for it again.
 */
import type { Addressing } from '../cluster/addressing.ts';
import type { Cluster, Group, Node } from '../cluster/model.ts';
import { type RenderedFile, type RenderedService, renderNode } from '../cluster/render.ts';
import { serviceTable } from '../cluster/services/table.ts';
import { nodeFileKey, nodeListKey } from '../contracts/aws-names.ts';
import { isLate, type LateText, writeLateTemplate } from '../contracts/late.ts';
import { formatNodeList, type ListedArchive, type ListedFile, type ListedService } from '../contracts/node-list.ts';
import { accountOf } from './accounts.ts';
import { digestOf } from './digest.ts';
import { machineFiles } from './machine-files.ts';
import { archiveNamed, archiveOf, type InstalledProgram, installedProgram, type NodeSoftware } from './software.ts';
import { timeServersOf } from './time-servers.ts';
import { jobUnit, jobUnitName, serviceUnit, serviceUnitName, type UnitContext, unitFolder } from './unit.ts';
import { nodeWatch } from './watch.ts';

export interface NodeObject {
  /** In the bucket: `nodes/worker-4/files/etc/ensemble/kafka/server.properties`. */
  readonly key: string;
  /** On the node; absolute. */
  readonly path: string;
  readonly mode: number;
  readonly text: string;
  /** It is a template, which `fill` completes on the node. */
  readonly late: boolean;
}

export interface NodeObjects {
  readonly list: { readonly key: string; readonly text: string };
  readonly files: readonly NodeObject[];
  /** Ids of the secrets that its files name, sorted: what the node must be able to read, and nothing else. */
  readonly secrets: readonly string[];
  readonly services: readonly ListedService[];
}

/**
 * @param addressing namedAddressing, but for tests.
 * Throws a TypeError where `software` lacks an archive that the node needs. @internal
 */
export function nodeObjects(
  cluster: Cluster,
  group: Group,
  node: Node,
  addressing: Addressing,
  software: NodeSoftware,
): NodeObjects {
  const parts = renderNode(cluster, group, node, addressing).map((rendered) =>
    partOf({ cluster, group, node, addressing, software }, rendered),
  );
  const kernel = parts.flatMap(({ programs }) => programs.flatMap((program) => program.kernel));
  const kernelFiles = parts.flatMap(({ programs }) => programs.flatMap((program) => program.kernelFiles));
  const volumes = volumesOf(parts);
  const watch = nodeWatch(cluster, node, volumes, software);
  const machine = [
    ...machineFiles({ kernel, kernelFiles, timeServers: timeServersOf(cluster) }),
    ...(watch?.files ?? []),
  ];
  const placed: readonly Placed[] = [
    ...machine.map(({ path, mode, text }) => ({ path, mode, owner: 'root', text: [text] })),
    ...parts.flatMap(({ files }) => files),
  ];
  const objects = placed.map((file) => objectOf(node, file));
  const services = parts.map(({ listed }) => listed);
  const late = objects.some((object) => object.late);
  const list = formatNodeList({
    environment: cluster.environment,
    node: node.id,
    accounts: [...parts.map(({ rendered }) => accountOf(rendered.service)), ...(watch?.accounts ?? [])],
    volumes,
    folders: parts.flatMap(({ rendered }) =>
      rendered.folders.map((path) => ({ mode: 0o750, owner: accountOf(rendered.service).name, path })),
    ),
    archives: unique([
      ...(software.agent === undefined ? [] : [archiveOf('agent', software.agent.sha256, 'deb')]),
      ...(node.volumes.length === 0 ? [] : [archiveNamed('xfsprogs', software, 'debs')]),
      ...(late ? [archiveNamed('node', software), archiveNamed('fill', software)] : []),
      ...(watch?.archives ?? []),
      ...parts.flatMap(({ programs }) => programs.flatMap(({ archives }) => archives)),
    ]),
    packages: parts.flatMap(({ programs }) => programs.flatMap(({ packages }) => packages)),
    files: objects.map(({ key, path, mode, text, late: isTemplate }, index): ListedFile => {
      const owner = placed[index]?.owner ?? 'root';
      return { sha256: digestOf(text), late: isTemplate, mode, owner, key, path };
    }),
    services,
    jobs: parts.flatMap(({ jobs }) => jobs),
    asides: watch?.asides ?? [],
  });
  return {
    list: { key: nodeListKey(node.id), text: list },
    files: objects,
    secrets: secretsOf(placed),
    services,
  };
}

interface Site {
  readonly cluster: Cluster;
  readonly group: Group;
  readonly node: Node;
  readonly addressing: Addressing;
  readonly software: NodeSoftware;
}

interface Placed {
  readonly path: string;
  readonly mode: number;
  readonly owner: string;
  readonly text: LateText;
}

/** One service of the node. */
interface Part {
  readonly rendered: RenderedService;
  readonly programs: readonly InstalledProgram[];
  readonly mounts: readonly { readonly volume: string; readonly path: string }[];
  readonly files: readonly Placed[];
  readonly listed: ListedService;
  /** Units to run once it is started. */
  readonly jobs: readonly string[];
}

function partOf(site: Site, rendered: RenderedService): Part {
  const { group, node, addressing, software } = site;
  const { service, process } = rendered;
  const account = accountOf(service).name;
  const classPathFile = `${addressing.path(node, service, { kind: 'configuration' })}/class-path.options`;
  const jobs = process.jobs ?? [];
  const program = installedProgram(process.program, software, classPathFile);
  const ofJobs = new Map(jobs.map((job) => [job.id, installedProgram(job.program, software, '')]));
  const mounts = node.volumes.map(({ name }) => ({
    volume: name,
    path: parent(addressing.path(node, service, { kind: 'volume', volume: name })),
  }));
  const context: UnitContext = {
    node: node.id,
    account,
    memoryMiB: node.memoryMiB,
    mounts: mounts.map(({ path }) => path),
    after: (serviceTable.get(service)?.startAfter ?? [])
      .filter((id) => group.services.includes(id))
      .map(serviceUnitName),
    privilegedPort: (serviceTable.get(service)?.listeners ?? []).some(
      ({ name }) => addressing.port(node, service, name) < 1024,
    ),
    command: program.command,
    jobCommands: new Map([...ofJobs].map(([id, { command }]) => [id, command])),
  };
  const unit = serviceUnit(rendered, context);
  const own: readonly RenderedFile[] = [...rendered.files, ...classPath(rendered, software, classPathFile)];
  // The group's first node that stays does what is to be done once.
  const first = group.nodes.find(({ leaving }) => !leaving)?.id === node.id;
  const once = jobs.filter(({ when }) => when === 'once-ready' && first);
  const files = [
    ...own.map(({ path, mode, text }) => ({ path, mode, owner: ownerOf(mode, account), text })),
    unitFile(serviceUnitName(service), unit),
    ...once.map((job) => unitFile(jobUnitName(service, job.id), jobUnit(rendered, job, context))),
  ];
  // Without what its jobs alone read or are.
  const itself = serviceUnit({ ...rendered, process: { ...process, jobs: [] } }, context);
  const read = own.filter(({ forJobs }) => forJobs !== true);
  const digest = digestOf(JSON.stringify([itself, read.map(({ path, mode, text }) => [path, mode, text])]));
  const { probe } = process;
  return {
    rendered,
    programs: [program, ...ofJobs.values()],
    mounts,
    files,
    listed: {
      service,
      unit: serviceUnitName(service),
      digest,
      probe: {
        host: addressing.bind(node) === '0.0.0.0' ? '127.0.0.1' : addressing.bind(node),
        port: addressing.port(node, service, probe.listener),
        tls: probe.tls === true,
        send: probe.send,
        expect: probe.expect,
      },
    },
    jobs: once.map((job) => jobUnitName(service, job.id)),
  };
}

/** A Java program's jars, in the archive's order as everywhere, as a file of options: on the command line they would be eight thousand characters. */
function classPath({ process }: RenderedService, { archives }: NodeSoftware, path: string): readonly RenderedFile[] {
  if (process.program.runtime !== 'java') return [];
  const { program } = process.program;
  const { folder } = archiveNamed(program, { archives });
  const jars = (archives[program]?.files ?? [{ path: 'libs/*' }]).map((file) => `${folder}/${file.path}`);
  return [{ path, mode: 0o644, text: [`-cp ${jars.join(':')}\n`] }];
}

/** What not everybody may read is its service's own; the rest it cannot change. */
function ownerOf(mode: number, account: string): string {
  return (mode & 0o004) === 0 ? account : 'root';
}

function unitFile(name: string, text: string): Placed {
  return { path: unitFolder + name, mode: 0o644, owner: 'root', text: [text] };
}

function objectOf(node: Node, { path, mode, text }: Placed): NodeObject {
  const late = isLate(text);
  // A file without late values is what it is, even where it has a marker in it.
  const whole = late ? writeLateTemplate(text) : text.join('');
  return { key: nodeFileKey(node.id, path), path, mode, text: whole, late };
}

function volumesOf(parts: readonly Part[]) {
  return parts.flatMap(({ mounts, programs }) => {
    const readAhead = programs.find(({ readAheadSectors }) => readAheadSectors !== undefined)?.readAheadSectors;
    return mounts.map(({ volume, path }) => ({
      name: volume,
      mount: path,
      ...(readAhead === undefined ? {} : { readAheadSectors: readAhead }),
    }));
  });
}

function secretsOf(placed: readonly Placed[]): readonly string[] {
  const ids = placed.flatMap(({ text }) =>
    text.flatMap((part) => (typeof part !== 'string' && 'secret' in part ? [part.secret] : [])),
  );
  return [...new Set(ids)].sort();
}

function unique(archives: readonly ListedArchive[]): readonly ListedArchive[] {
  return [...new Map(archives.map((archive) => [archive.folder, archive])).values()];
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
