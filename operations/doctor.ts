/** What this machine has and lacks for an environment, with the exact next step for each lack. Changes nothing, fetches nothing. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ArtifactService, artifactsLock } from '../artifacts/artifacts-lock.ts';
import { cacheRootOf, entryFault, entryPath } from '../artifacts/cache.ts';
import { findJava } from '../artifacts/find-java.ts';
import { findProgram, type ProgramSearch } from '../artifacts/find-program.ts';
import { findOnPath } from '../artifacts/maven.ts';
import { renderNode } from '../cluster/render.ts';
import { allNodes } from '../cluster/resolve.ts';
import { serviceTable } from '../cluster/services/table.ts';
import { EnsembleError } from '../contracts/error.ts';
import { portHolder, tryListen } from '../drivers/processes/ports.ts';
import { listExpiries } from '../secrets/expiry.ts';
import type { Deployment } from './deployment.ts';

export interface Finding {
  readonly what: string;
  /** `lacks` keeps `up` from working; `note` does not. */
  readonly state: 'ok' | 'note' | 'lacks';
  readonly found: string;
  /** The next step; empty where there is none. */
  readonly next: string;
}

export interface DoctorReport {
  readonly environment: string;
  readonly ready: boolean;
  readonly findings: readonly Finding[];
}

/** Called with a deployment that may never have been brought up. */
export async function examine(deployment: Deployment, care: 'quick' | 'thorough'): Promise<DoctorReport> {
  const running = new Set(
    (await deployment.driver.status())
      .filter((state) => state.pid !== undefined)
      .map((state) => `${state.node}/${state.service}`),
  );
  const findings = [
    examineNode(),
    await examineJava(),
    ...(await examineArtifacts(deployment, care)),
    ...(await examinePrograms(deployment)),
    examineMemory(deployment, running),
    await examineDisk(deployment),
    ...(await examinePorts(deployment, running)),
    await examineCertificates(deployment),
  ];
  return {
    environment: deployment.environment.cluster.environment,
    ready: findings.every((finding) => finding.state !== 'lacks'),
    findings,
  };
}

/** The oldest that package.json's `engines` names. */
const oldestNode = [20, 12] as const;

function examineNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  const next = enough ? '' : `Install Node ${oldestNode.join('.')} or later.`;
  return { what: 'Node', state: enough ? 'ok' : 'lacks', found: process.versions.node, next };
}

async function examineJava(): Promise<Finding> {
  try {
    const java = await findJava();
    return { what: 'Java', state: 'ok', found: `${java.version} (${java.home})`, next: '' };
  } catch (error) {
    if (!(error instanceof EnsembleError)) throw error;
    return { what: 'Java', state: 'lacks', found: error.message, next: error.next };
  }
}

/** `thorough` hashes every byte that the cache holds. */
async function examineArtifacts({ environment }: Deployment, care: 'quick' | 'thorough'): Promise<readonly Finding[]> {
  const runs = environment.cluster.groups.flatMap(({ services }) => services);
  const services = Object.keys(artifactsLock).filter((id): id is ArtifactService => runs.includes(id));
  const maven = await findOnPath('mvn', process.env);
  const way = maven !== undefined ? 'Maven' : process.env.KAFKA_HOME ? 'KAFKA_HOME' : 'the Apache archive';
  return await Promise.all(
    services.map(async (service): Promise<Finding> => {
      const locked = artifactsLock[service];
      const fault = await entryFault(entryPath(cacheRootOf(undefined, process.env), service, locked), locked, care);
      const what = `${service} ${locked.version}`;
      if (fault === undefined) return { what, state: 'ok', found: 'in the cache', next: '' };
      const found = fault === 'absent' ? 'not in the cache yet' : `damaged in the cache: ${fault.damage}`;
      return { what, state: 'note', found, next: `\`ensemble up\` fetches it through ${way} (about 60 MB once).` };
    }),
  );
}

/** What the system brings, where the environment asks for it. */
async function examinePrograms({ environment }: Deployment): Promise<readonly Finding[]> {
  const { groups, standIns, lacking } = environment.cluster;
  const runs = (service: string) => groups.some(({ services }) => services.includes(service));
  const findings: Finding[] = [];
  if (standIns.mongodb !== undefined || runs('mongodb')) {
    const found = await findProgram('mongod');
    const stands = standIns.mongodb === undefined ? '' : '; a stand-in serves in its place, not a replica set';
    findings.push(programFinding('MongoDB', found, standIns.mongodb === undefined ? 'ok' : 'note', stands));
  }
  if (lacking.includes('haproxy') || runs('haproxy')) {
    const absent = lacking.includes('haproxy');
    const stands = absent ? '; the API comes up, and nothing balances it' : '';
    findings.push(programFinding('HAProxy', await findProgram('haproxy'), absent ? 'note' : 'ok', stands));
  }
  return findings;
}

function programFinding(what: string, found: ProgramSearch, state: Finding['state'], stands: string): Finding {
  return found.kind === 'absent'
    ? { what, state, found: `${found.reason}${stands}`, next: found.remedy }
    : { what, state, found: `${found.version} (${found.executable})${stands}`, next: '' };
}

function examineMemory({ environment, addressing }: Deployment, running: ReadonlySet<string>): Finding {
  const { cluster } = environment;
  const processes = cluster.groups.flatMap((group) =>
    group.nodes.flatMap((node) => renderNode(cluster, group, node, addressing).map((rendered) => ({ node, rendered }))),
  );
  const neededMiB = processes
    .filter(({ node, rendered }) => !running.has(`${node.id}/${rendered.service}`))
    .reduce((sum, { rendered }) => sum + rendered.process.memoryMiB, 0);
  const freeMiB = Math.floor(process.availableMemory() / 1024 / 1024);
  const enough = neededMiB <= freeMiB;
  return {
    what: 'Memory',
    state: enough ? 'ok' : 'lacks',
    found: `${freeMiB} MiB free, ${neededMiB} MiB needed for what does not run yet`,
    next: enough ? '' : 'End other programs, or lower heapMiB in the environment’s profile.',
  };
}

/** Programs and class-data archives take about 250 MB, new nodes' logs and data little more; below 1 GiB a cluster soon stops. */
const leastFreeBytes = 1024 ** 3;

async function examineDisk({ stateDirectory }: Deployment): Promise<Finding> {
  const { folder, bavail, bsize } = await statNearest(dirname(stateDirectory));
  const free = bavail * bsize;
  const enough = free >= leastFreeBytes;
  return {
    what: 'Disk',
    state: enough ? 'ok' : 'lacks',
    found: `${(free / 1024 ** 3).toFixed(1)} GiB free in ${folder}`,
    next: enough ? '' : 'Free at least 1 GiB there, or keep the state elsewhere with --state.',
  };
}

/** Of the folder, or of the nearest one above it that exists already. */
async function statNearest(folder: string): Promise<{ folder: string; bavail: number; bsize: number }> {
  try {
    return { folder, ...(await statfs(folder)) };
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return await statNearest(dirname(folder));
  }
}

async function examinePorts(
  { environment, addressing, scheme }: Deployment,
  running: ReadonlySet<string>,
): Promise<readonly Finding[]> {
  const { cluster } = environment;
  const taken: Finding[] = [];
  for (const group of cluster.groups) {
    for (const node of group.nodes) {
      for (const service of group.services.filter((id) => !running.has(`${node.id}/${id}`))) {
        for (const listener of serviceTable.get(service)?.listeners ?? []) {
          const host = addressing.bind(node);
          const port = addressing.port(node, service, listener.name);
          const { kind } = await tryListen(host, port);
          if (kind === 'free') continue;
          const what = `Port of ${node.id}`;
          if (kind === 'no address') {
            const next = 'Write network.addresses or network.subnet with addresses of this machine.';
            taken.push({ what, state: 'lacks', found: `this machine has no address ${host}`, next });
            continue;
          }
          if (kind === 'not permitted') {
            const next = `Move ${service}.${listener.name} above 1023 under network.ports, or run as root.`;
            taken.push({ what, state: 'lacks', found: `this user may not listen on ${host}:${port}`, next });
            continue;
          }
          const holder = (await portHolder(host, port)) ?? 'another program';
          const next = 'End it, or change network.subnet or network.ports.';
          taken.push({ what, state: 'lacks', found: `${host}:${port} is taken by ${holder}`, next });
        }
      }
    }
  }
  if (taken.length > 0) return taken;
  const how =
    scheme.kind === 'loopback' ? 'each node on its own loopback address' : `all on ${scheme.address}, ports shifted`;
  return [
    { what: 'Ports', state: 'ok', found: `free or ours for ${allNodes(cluster).length} nodes, ${how}`, next: '' },
  ];
}

async function examineCertificates({ secrets }: Deployment): Promise<Finding> {
  const expiries = await listExpiries(secrets);
  const [soonest] = expiries;
  if (soonest === undefined) return { what: 'Certificates', state: 'ok', found: '`ensemble up` makes them', next: '' };
  const found = `${expiries.length}, the first to expire is ${soonest.id} in ${soonest.daysLeft ?? 0} days`;
  const fine = soonest.state === 'valid';
  return { what: 'Certificates', state: fine ? 'ok' : 'note', found, next: fine ? '' : '`ensemble up` renews them.' };
}
