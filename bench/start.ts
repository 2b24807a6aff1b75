/**
 * How soon a cluster stands: `ensemble up` against plain-start.sh, which starts the same servers from the same files without class-data sharing.
 * Warm: programs and class data are in the cache; every run begins with empty data.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allNodes } from '../cluster/resolve.ts';
import { createDeployment } from '../operations/deployment.ts';
import { installationRoot } from '../platform/installation-root.ts';
import { ensureAuthority } from '../secrets/authority.ts';
import { ensureCertificate } from '../secrets/certificate.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { benchPlatform, repeated, runCommand, serverRuntime } from './platform.ts';

const rounds = 5;

const names = {
  servers: 'ensemble: masters and workers',
  whole: 'ensemble up, whole: verified topics, messages through',
  phased: 'plain script: masters, then workers',
  together: 'plain script: all six at once',
};

export const start: Figure = {
  name: 'start',
  async measure(progress) {
    const samples = new Samples('ms');
    const failures: string[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      for (const [name, value] of await repeated(timeUp, (error) => failures.push(error))) samples.add(name, value);
      samples.add(names.phased, await timePlain('phased'));
      samples.add(names.together, await timePlain('together'));
      const last = samples.all().map(({ name, values }) => `${name} ${Math.round(values.at(-1) ?? 0)}`);
      progress(`round ${round} of ${rounds}: ${last.join('; ')}`);
    }
    const [servers, whole] = [samples.get(names.servers), samples.get(names.whole)];
    const [phased, together] = [samples.get(names.phased), samples.get(names.together)];
    return {
      figure: 'start',
      about:
        'Three masters and three workers of environments/local.yaml, from the first process to one leader and every broker registered; warm, empty data.',
      samples: samples.all(),
      comparisons: [
        compare('masters and workers / plain, masters then workers', servers, phased, 0.75),
        compare('masters and workers / plain, all at once', servers, together),
        compare('plain, all at once / plain, masters then workers', together, phased),
        compare('ensemble up, whole / plain, masters then workers', whole, phased, 2.5),
        compare('ensemble up, whole / plain, all at once', whole, together),
      ],
      notes: [
        'The peer is `bench/plain-start.sh`: the same command lines and rendered files, less class-data sharing. It asks the same questions at the same intervals (srvr, metadata).',
        'Ensemble’s steps are timed by the lines that the command prints; the whole includes the start of the command itself and its closing table. The peer’s files and certificates are made before its clock runs.',
        `Runs of \`up\` that failed and were repeated: ${failures.length} beside ${rounds} that are counted.`,
      ],
    };
  },
};

/** Step titles as up prints them, and the time from the step before. */
async function timeUp(): Promise<ReadonlyMap<string, number>> {
  const platform = await benchPlatform(24);
  try {
    const before = performance.now();
    const ends = new Map<string, number>();
    const onLine = (line: string) => {
      const title = /^(Programs|Certificates and files|Masters|Workers|Topics|Messages): /.exec(line)?.[1];
      if (title !== undefined) ends.set(title, performance.now() - before);
    };
    await platform.ensemble(['up', '--json'], { onLine });
    const whole = performance.now() - before;
    const at = (title: string) => ends.get(title) ?? Number.NaN;
    return new Map([
      [names.servers, at('Workers') - at('Certificates and files')],
      ['ensemble: the command and its programs', at('Programs')],
      ['ensemble: certificates and files', at('Certificates and files') - at('Programs')],
      ['ensemble: masters', at('Masters') - at('Certificates and files')],
      ['ensemble: workers', at('Workers') - at('Masters')],
      ['ensemble: topics', at('Topics') - at('Workers')],
      ['ensemble: messages', at('Messages') - at('Topics')],
      [names.whole, whole],
    ]);
  } finally {
    await platform.dispose();
  }
}

async function timePlain(form: 'phased' | 'together'): Promise<number> {
  const platform = await benchPlatform(25);
  try {
    const { list, classpaths } = await preparePeer(platform.environmentFile, platform.stateRoot);
    const script = join(installationRoot(), 'bench/plain-start.sh');
    const before = performance.now();
    await runCommand('sh', [script, form, list, ...classpaths]);
    return performance.now() - before;
  } finally {
    // The servers carry ensemble's own mark, so that its `down` finds and ends them.
    await platform.dispose();
  }
}

/** Files, volumes and certificates as `up` makes them, and the list that the script reads. */
async function preparePeer(environment: string, stateRoot: string) {
  const deployment = await createDeployment({ environment, environmentsDirectory: '', stateRoot });
  const { cluster } = deployment.environment;
  const authority = await ensureAuthority(deployment.secrets, cluster.environment);
  const lines: string[] = [];
  for (const node of allNodes(cluster)) {
    const hosts = [`${node.id}.${cluster.domain}`, deployment.addressing.host(node)];
    await ensureCertificate(deployment.secrets, authority, { id: node.id, commonName: hosts[0] ?? node.id, hosts });
    await deployment.driver.install(node.id);
  }
  for (const { service, node, address } of await deployment.driver.status())
    lines.push(`${service} ${join(deployment.stateDirectory, 'nodes', node, service)} ${address}\n`);
  const list = join(deployment.stateDirectory, 'servers.list');
  await writeFile(list, lines.join(''));
  const runtimes = [await serverRuntime(deployment, 'zookeeper'), await serverRuntime(deployment, 'kafka')];
  return { list, classpaths: runtimes.map(({ classpath }) => classpath.join(':')) };
}
