/** What a node installs, as a synthesis sees it: out of the lock and the programs' hashes alone. */
import { describe, expect, test } from 'vitest';
import { artifactsLock, runtimesLock } from '../../artifacts/artifacts-lock.ts';
import { parsePackage } from '../../artifacts/debian-packages.ts';
import {
  archivesFolder,
  archivesFor,
  functionPrograms,
  installedProgram,
  nodeArchives,
  operatorArchive,
} from '../../artifacts/node-archives.ts';
import { type ProgramName, programs } from '../../artifacts/program-bundle.ts';
import type { Program } from '../../cluster/model.ts';

const bundles = Object.fromEntries(
  programs.map((name, index) => [name, { sha256: `${index}`.repeat(64), size: 1000 + index }]),
) as Record<ProgramName, { sha256: string; size: number }>;
const archives = nodeArchives(bundles);

describe('the archives of nodes', () => {
  test('are the runtimes, the services and our programs, each named by its own hash everywhere', () => {
    expect(Object.keys(archives)).toEqual(['java', 'node', 'haproxy', 'zookeeper', 'kafka', ...programs]);
    for (const [name, archive] of Object.entries(archives)) {
      expect(archive.name).toBe(name);
      expect(archive.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(archive.file).toMatch(new RegExp(`^${archivesFolder}/${archive.sha256}-${name}\\.(tar|tgz|zip)$`));
      expect(archive.key).toBe(archive.file.replace(archivesFolder, 'archives'));
      expect(archive.folder).toBe(`/opt/ensemble/${name}/${archive.sha256.slice(0, 12)}`);
      expect(archive.size).toBeGreaterThan(0);
    }
  });

  test('are the very archives that a laptop starts, where a laptop has them', () => {
    expect(archives.kafka.sha256).toBe(artifactsLock.kafka.sha256);
    expect(archives.zookeeper.sha256).toBe(artifactsLock.zookeeper.sha256);
  });

  test('give a function its code as a zip, and a node its programs as tars', () => {
    for (const name of programs) expect(archives[name].form).toBe(functionPrograms.has(name) ? 'zip' : 'tar');
  });

  test('may be what an operator names, uploaded as it is', () => {
    const sha256 = 'ab'.repeat(32);
    expect(operatorArchive('argo-messaging', sha256, 'program')).toEqual({
      name: 'argo-messaging',
      version: 'abababababab',
      sha256,
      form: 'program',
      file: `.ensemble/archives/${sha256}-argo-messaging.bin`,
      key: `archives/${sha256}-argo-messaging.bin`,
      folder: '/opt/ensemble/argo-messaging/abababababab',
    });
    expect(operatorArchive('ssm-agent', sha256, 'deb').key).toBe(`archives/${sha256}-ssm-agent.deb`);
  });
});

describe('what a program of the model needs', () => {
  const java: Program = {
    runtime: 'java',
    program: 'kafka',
    mainClass: 'kafka.Kafka',
    optionsFile: '/etc/jvm.options',
    arguments: [],
  };

  test('is Java and the jars for a server of Apache, with the class path in the lock’s order', () => {
    expect(archivesFor(java, archives)).toEqual([archives.java, archives.kafka]);
    const { executable, classpath } = installedProgram(java, archives);
    expect(executable).toBe(`${archives.java.folder}/bin/java`);
    expect(classpath).toEqual(artifactsLock.kafka.files.map(({ path }) => `${archives.kafka.folder}/${path}`));
  });

  test('is node and the bundle for a program of ours', () => {
    const seed: Program = { runtime: 'node', program: 'seed', options: [], arguments: [] };
    expect(archivesFor(seed, archives)).toEqual([archives.node, archives.seed]);
    expect(installedProgram(seed, archives)).toEqual({
      executable: `${archives.node.folder}/package/bin/node`,
      classpath: [],
      bundle: `${archives.seed.folder}/seed.mjs`,
    });
  });

  test('is Debian’s package for HAProxy, nothing of ours for mongod, and the operator’s file for upstream’s', () => {
    const native = (program: string): Program => ({ runtime: 'native', program, arguments: [] });
    expect(archivesFor(native('haproxy'), archives)).toEqual([archives.haproxy]);
    expect(installedProgram(native('haproxy'), archives).executable).toBe('/usr/sbin/haproxy');
    expect(archivesFor(native('mongod'), archives)).toEqual([]);
    expect(installedProgram(native('mongod'), archives).executable).toBe('/usr/bin/mongod');
    const sha256 = 'cd'.repeat(32);
    const upstream: Program = { runtime: 'upstream', program: 'argo-messaging', source: './a', sha256, arguments: [] };
    expect(archivesFor(upstream, archives)).toEqual([operatorArchive('argo-messaging', sha256, 'program')]);
    expect(installedProgram(upstream, archives).executable).toBe(
      '/opt/ensemble/argo-messaging/cdcdcdcdcdcd/argo-messaging',
    );
  });

  test('is refused where no archive holds it, rather than left out', () => {
    expect(() => archivesFor({ ...java, program: 'no-such' }, archives)).toThrow('no archive holds no-such');
    expect(() => archivesFor({ ...java, program: 'toString' }, archives)).toThrow('no archive holds toString');
  });
});

describe('the lock of runtimes', () => {
  test('names each package of Debian by a version, a hash and its place, for one processor', () => {
    for (const each of [...runtimesLock.java.packages, ...runtimesLock.haproxy.packages]) {
      expect(each.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(each.architecture).toMatch(/^(amd64|all)$/);
      expect(each.path).toMatch(/^pool\/.*\.deb$/);
      expect(decodeURIComponent(each.path)).toContain(each.version.replace(/^\d+:/, ''));
    }
  });

  test('has the modules sorted, and what is only looked up by name among them', () => {
    const { modules } = runtimesLock.java;
    expect(modules).toEqual([...new Set(modules)].sort());
    expect(modules).toEqual(expect.arrayContaining(['java.base', 'java.management', 'jdk.crypto.ec']));
  });

  test('is made of what apt says of a package, and of nothing where it is only installed', () => {
    const text =
      'Package: haproxy\nVersion: 2.6\nArchitecture: amd64\nFilename: pool/h.deb\nSize: 12\nSHA256: ab\n\nPackage: other\n';
    expect(parsePackage(text)).toEqual({
      package: 'haproxy',
      version: '2.6',
      architecture: 'amd64',
      size: 12,
      sha256: 'ab',
      path: 'pool/h.deb',
    });
    expect(
      parsePackage('Package: haproxy\nVersion: 2.6\nArchitecture: amd64\n\nFilename: x\nSize: 1\nSHA256: a\n'),
    ).toBe(undefined);
  });
});
