/** Whether this machine can carry machines: Linux with root, namespaces, overlayfs, loop devices and the programs that are used. Changes nothing. */
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { hostsNotPossible } from './errors.ts';

const programs = {
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  losetup: 'mount',
  ip: 'iproute2',
} as const;

/** What is lacking, a sentence each. @internal */
export async function findLacks(environment: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [`machines of systemd-nspawn need Linux, and this is ${process.platform}`];
  const lacks: string[] = [];
  if (process.arch !== 'x64') lacks.push(`the archives of nodes are for x86-64, and this processor is ${process.arch}`);
  if (process.getuid?.() !== 0)
    lacks.push('this user is not root: namespaces, loop devices and control groups are for root');
  for (const [program, packaged] of Object.entries(programs))
    if (!(await isOnPath(program, environment))) lacks.push(`${program} is not on the PATH (Debian: ${packaged})`);
  const known = await readFile('/proc/filesystems', 'utf8').catch(() => '');
  for (const type of ['overlay', 'xfs'])
    if (!new RegExp(`\\b${type}$`, 'm').test(known) && !(await hasModule(type)))
      lacks.push(`the kernel has no ${type}`);
  return lacks;
}

/** @throws EnsembleError DRIVER_HOSTS_NOT_POSSIBLE */
export async function assertPossible(): Promise<void> {
  const lacks = await findLacks();
  if (lacks.length > 0) throw hostsNotPossible(lacks);
}

export async function isOnPath(program: string, { PATH = '' }: NodeJS.ProcessEnv): Promise<boolean> {
  for (const folder of PATH.split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/** It would be loaded when it is first used. */
async function hasModule(name: string): Promise<boolean> {
  const release = (await readFile('/proc/sys/kernel/osrelease', 'utf8').catch(() => '')).trim();
  const listed = await readFile(`/lib/modules/${release}/modules.dep`, 'utf8').catch(() => '');
  return new RegExp(`/${name}\\.ko`).test(listed);
}
