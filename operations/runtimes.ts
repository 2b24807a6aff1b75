/**
 * What each program of the model runs with on this machine: Java and the jars of an artefact, node and a bundle of ours, or a program that the system
 * has. Found, fetched or built at the first call for a program, remembered after.
 */
import { type ArtifactService, artifactsLock } from '../artifacts/artifacts-lock.ts';
import { classDataFlags, ensureClassData } from '../artifacts/class-data.ts';
import { ensureArtifact } from '../artifacts/ensure-artifact.ts';
import { findJava } from '../artifacts/find-java.ts';
import { findProgram } from '../artifacts/find-program.ts';
import { ensureProgram, programs } from '../artifacts/program-bundle.ts';
import { ensureUpstream } from '../artifacts/upstream.ts';
import type { Program } from '../cluster/model.ts';
import type { JavaRuntime, Runtime, Runtimes } from '../drivers/processes/program-command.ts';
import { ensureAuthority } from '../secrets/authority.ts';
import { ensureCertificate } from '../secrets/certificate.ts';
import type { SecretStore } from '../secrets/store.ts';
import { programAbsent } from './errors.ts';

export interface RuntimeOptions {
  readonly environment: string;
  readonly secrets: SecretStore;
  readonly signal?: AbortSignal | undefined;
  /** Where the environment file lies: a path to an upstream program is relative to it. */
  readonly directory: string;
}

/** Gives the runtime of a program; `onProgress` hears of a fetch that this call begins. */
export type RuntimeSource = (program: Program, onProgress?: (line: string) => void) => Promise<Runtime>;

/** @throws EnsembleError ARTIFACTS_... where a program is not to be had */
export function runtimeSource(options: RuntimeOptions): RuntimeSource {
  const made = new Map<string, Promise<Runtime>>();
  return (program, onProgress) => {
    const key = `${program.runtime}/${program.program}`;
    const known = made.get(key) ?? makeRuntime(program, options, onProgress);
    made.set(key, known);
    return known;
  };
}

/** The same in the shape that the driver asks in: a program's kind decides its runtime's. */
export function runtimesOf(source: RuntimeSource): Runtimes {
  return (async (program: Program) => await source(program)) as Runtimes;
}

async function makeRuntime(
  program: Program,
  options: RuntimeOptions,
  onProgress: ((line: string) => void) | undefined,
): Promise<Runtime> {
  switch (program.runtime) {
    case 'java':
      return await javaRuntime(program.program, options, onProgress);
    case 'node': {
      const name = programs.find((each) => each === program.program);
      if (name === undefined) throw new TypeError(`no program ${program.program}`);
      return { kind: 'node', executable: process.execPath, file: (await ensureProgram(name)).file };
    }
    case 'native': {
      const { program: name } = program;
      if (name !== 'haproxy' && name !== 'mongod') throw new TypeError(`nobody knows where to find ${name}`);
      const found = await findProgram(name);
      if (found.kind === 'absent') throw programAbsent(program.program, found);
      return { kind: 'native', executable: found.executable };
    }
    case 'upstream': {
      const { signal, directory } = options;
      const executable = await ensureUpstream(program, { relativeTo: directory, signal, onProgress });
      return { kind: 'native', executable };
    }
  }
}

/** With class-data sharing, which saves a third of a server's start. */
export async function javaRuntime(
  service: string,
  { environment, secrets, signal }: RuntimeOptions,
  onProgress?: (line: string) => void,
): Promise<JavaRuntime> {
  if (!isArtifactService(service)) throw new TypeError(`no artefact for ${service}`);
  const java = await findJava();
  const artifact = await ensureArtifact(service, { onProgress, signal });
  const certificate = () => trainingCertificate(secrets, environment);
  const classData = await ensureClassData({ java, artifact, certificate, onProgress, signal });
  const startOptions = classDataFlags(classData);
  return { kind: 'java', executable: java.executable, classpath: artifact.classpath, startOptions };
}

function isArtifactService(service: string): service is ArtifactService {
  return Object.hasOwn(artifactsLock, service);
}

/** For the broker of the training run, which speaks TLS to itself on 127.0.0.1. */
async function trainingCertificate(secrets: SecretStore, environment: string) {
  const authority = await ensureAuthority(secrets, environment);
  const certificate = await ensureCertificate(secrets, authority, {
    id: 'training',
    commonName: 'training',
    hosts: ['127.0.0.1'],
  });
  return { ...certificate, authorityPem: authority.certificatePem };
}
