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
  const groups = cluster.groups.map(
    (group) => `${group.nodes.length} ${group.role}${group.nodes.length === 1 ? '' : 's'}`,
  );
  printLine(
    `${file}: valid. ${cluster.environment} for ${cluster.target}: ${groups.join(', ')} over ${cluster.zones.length} zones, ` +
      `${manifest.topics.length} topics, tolerates ${cluster.tolerate} failed ${cluster.tolerate === 1 ? 'worker' : 'workers'}`,
  );
  return exitStatus.ok;
}
