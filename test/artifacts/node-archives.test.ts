/** What a node installs, as a synthesis sees it: out of the lock and the programs' hashes alone. */
import { describe, expect, test } from 'vitest';
import { artifactsLock, runtimesLock } from '../../artifacts/artifacts-lock.ts';
import { parsePackages } from '../../artifacts/debian-packages.ts';
import { archivesFolder, nodeArchives, operatorArchive } from '../../artifacts/node-archives.ts';
import { type ProgramName, programs } from '../../artifacts/program-bundle.ts';
import { archiveNamed } from '../../provision/software.ts';

const bundles = Object.fromEntries(
  programs.map((name, index) => [name, { sha256: `${index}`.repeat(64), size: 1000 + index }]),
) as Record<ProgramName, { sha256: string; size: number }>;
const archives = nodeArchives(bundles);

describe('the archives of nodes', () => {
  test('are the runtimes, the services and our programs, each named by its own hash everywhere', () => {
    const others = ['java', 'node', 'haproxy', 'xfsprogs', 'zookeeper', 'kafka'];
    expect(Object.keys(archives).sort()).toEqual([...others, ...programs].sort());
    for (const [name, archive] of Object.entries(archives)) {
      expect(archive.name).toBe(name);
      expect(archive.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(archive.file).toBe(`${archivesFolder}/${archive.sha256}-${name}`);
      expect(archive.size).toBeGreaterThan(0);
    }
  });

  test('are in the bucket where a node’s list says', () => {
    for (const [name, { key }] of Object.entries(archives)) expect(archiveNamed(name, { archives }).key).toBe(key);
  });

  test('are the very archives that a laptop starts, where a laptop has them, with the class path in its order', () => {
    for (const name of ['zookeeper', 'kafka'] as const) {
      expect(archives[name].sha256).toBe(artifactsLock[name].sha256);
      expect(archives[name].files).toEqual(artifactsLock[name].files);
    }
  });

  test('may be what an operator names, uploaded as it is, of a size that only its fetching tells', () => {
    const sha256 = 'ab'.repeat(32);
    expect(operatorArchive('agent', sha256)).toEqual({
      name: 'agent',
      version: 'abababababab',
      sha256,
      file: `.ensemble/archives/${sha256}-agent`,
      key: `archives/${sha256}-agent`,
    });
  });
});

describe('the lock of runtimes', () => {
  test('names each package of Debian by a version, a hash and its place, for one processor', () => {
    const { java, haproxy, xfsprogs } = runtimesLock;
    for (const each of [...java.packages, ...haproxy.packages, ...xfsprogs.packages]) {
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
    const installed = '\nPackage: haproxy\nVersion: 2.6\nArchitecture: amd64\n\nFilename: x\nSize: 1\nSHA256: a\n';
    expect(parsePackages(`${text}${installed}`)).toEqual([
      { package: 'haproxy', version: '2.6', architecture: 'amd64', size: 12, sha256: 'ab', path: 'pool/h.deb' },
    ]);
  });
});
