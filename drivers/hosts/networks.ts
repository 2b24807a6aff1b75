/**
 * The network of the machines: one namespace with a bridge (the hub) and one for each machine, joined by pairs of virtual interfaces. No interface of this
 * machine's own network is touched or joined: what goes in and out goes through a socket (cloud/relay.ts). A namespace stays by a mount on a file below the
 * state folder, where whoever cleans up finds it.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatAddress, parseSubnet } from '../../cluster/addressing.ts';
import { metadataAddress, resolverAddress } from './image-recipe.ts';
import { ask } from './run-command.ts';

/** The router of the block, as AWS has it: its first address. The cloud's own services answer there too. */
export function routerOf(block: string): string {
  return formatAddress(parseSubnet(block).base + 1);
}

export const bridge = 'bridge';

/**
 * Its own, locally administered. Unless it is given one, a bridge takes the least of its ports', so that the router's would change whenever a port comes or
 * goes, and machines that remember the former one reach no resolver until they ask anew.
 */
const bridgeAddress = '02:00:00:00:00:01';

/** Idempotent, also after a run that was killed half-way. `also`: addresses of nodes for which something answers there. */
export async function ensureHub(file: string, block: string, also: readonly string[] = []): Promise<void> {
  await ensureNamespace(file);
  if (!(await hasLink(file, bridge))) await ip(file, [`link add ${bridge} address ${bridgeAddress} type bridge`]);
  const bits = block.split('/')[1];
  const alone = [metadataAddress, resolverAddress, ...also].map((address) => `${address}/32`);
  const addresses = [`${routerOf(block)}/${bits}`, ...alone];
  await ip(file, [
    'link set lo up',
    ...addresses.map((address) => `address replace ${address} dev ${bridge}`),
    `link set ${bridge} up`,
  ]);
}

export interface MachineLink {
  readonly hub: string;
  /** The machine's own namespace. */
  readonly network: string;
  /** The hub's side of its pair. */
  readonly port: string;
  readonly address: string;
  readonly block: string;
}

/** Idempotent: the machine's namespace outlives its runs, as an address outlives a machine. */
export async function ensureLink({ hub, network, port, address, block }: MachineLink): Promise<void> {
  await ensureNamespace(network);
  if (!(await hasLink(network, 'eth0'))) await ip(hub, [`link add ${port} type veth peer name eth0 netns ${network}`]);
  await ip(network, [
    'link set lo up',
    'link set eth0 up',
    `address replace ${address}/${block.split('/')[1]} dev eth0`,
    `route replace default via ${routerOf(block)}`,
  ]);
  // One that is on a bridge already is left: it may be down, or elsewhere, by a fault that stands.
  const joined = / master /.test(await inNetwork(hub, 'ip', ['link', 'show', 'dev', port]));
  if (!joined) await ip(hub, [`link set ${port} master ${bridge} up`]);
}

async function hasLink(file: string, name: string): Promise<boolean> {
  return new RegExp(`^${name}(@\\S+)?\\s`, 'm').test(await inNetwork(file, 'ip', ['-br', 'link']));
}

/** Runs a program of this machine inside one of the networks. */
export async function inNetwork(file: string, program: string, args: readonly string[], input = ''): Promise<string> {
  return await ask('nsenter', [`--net=${file}`, program, ...args], { input });
}

/** Commands of ip(8), one after the other, up to the first that fails. */
export async function ip(file: string, commands: readonly string[]): Promise<void> {
  await inNetwork(file, 'ip', ['-batch', '-'], `${commands.join('\n')}\n`);
}

async function ensureNamespace(file: string): Promise<void> {
  if (await isMounted(file)) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '');
  await ask('unshare', [`--net=${file}`, 'true']);
}

/** With everything in it. */
export async function removeNetwork(file: string): Promise<void> {
  while (await isMounted(file)) await ask('umount', [file]);
  await rm(file, { force: true });
}

/** Files below a folder on which anything is mounted. */
export async function mountsBelow(folder: string): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(folder));
}

async function isMounted(file: string): Promise<boolean> {
  return (await mountsBelow(file)).includes(file);
}
