/** `ensemble validate` */
import { loadEnvironment } from '../../cluster/load.ts';
import { exitStatus } from '../../contracts/error.ts';
import { readManifest } from '../../operations/topics.ts';
import { printJson, printLine } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function validate({ positional, options, deployment }: Invocation): Promise<number> {
  const environment = await loadEnvironment(positional[0] ?? options.environment, deployment.environmentsDirectory);
  const manifest = await readManifest({ environment });
  const { cluster, file } = environment;
  if (options.json) {
    printJson({ valid: true, file, cluster, topics: manifest.topics });
    return exitStatus.ok;
  }
  const groups = cluster.groups.map(({ nodes, role }) =>
    // Masters and workers are words for nodes; the other roles' are words for what runs on them.
    count(nodes.length, role === 'master' || role === 'worker' ? role : `${role} node`),
  );
  printLine(
    `${file}: valid. ${cluster.environment} for ${cluster.target}: ${groups.join(', ')} over ${count(cluster.zones.length, 'zone')}, ` +
      `${count(manifest.topics.length, 'topic')}, tolerates ${count(cluster.tolerate, 'failed worker')}`,
  );
  return exitStatus.ok;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
