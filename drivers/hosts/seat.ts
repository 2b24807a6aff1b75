/** A place for the operator inside the machines' network: any program of this machine, with that network and its names, and this machine's files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { resolverAddress } from './image-recipe.ts';
import { type HostsLayout, hubNetwork } from './layout.ts';

/** A command line that runs another one there; as root. */
export async function seated(layout: HostsLayout, command: readonly string[]): Promise<readonly string[]> {
  const names = `${layout.folder}/cloud/resolv.conf`;
  await mkdir(dirname(names), { recursive: true });
  await writeFile(names, `nameserver ${resolverAddress}\n`);
  const alone = ['unshare', '--mount', '--propagation', 'private'];
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return ['nsenter', `--net=${hubNetwork(layout)}`, ...alone, 'sh', '-c', script, names, ...command];
}
