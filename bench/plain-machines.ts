/** The peer of machines in bench/hosts.ts: the same image under overlays, booted by systemd-nspawn and nothing else. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endGroup, makeGroup, processesIn, removeGroup } from '../drivers/hosts/control-groups.ts';
import { outcomeOf } from '../drivers/hosts/run-command.ts';

const bootMs = 120_000;

/** All at once; milliseconds until systemd has answered in the last of them. @throws Error where one does not come up */
export async function bootPlain(image: string, count: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'ensemble-bench-'));
  const group = `ensemble-bench-${process.pid}`;
  try {
    const begun = performance.now();
    await Promise.all(Array.from({ length: count }, (_, index) => boot(image, join(folder, String(index)), group)));
    return performance.now() - begun;
  } finally {
    await endGroup(group);
    await removeGroup(group);
    await rm(folder, { recursive: true, force: true });
  }
}

async function boot(image: string, folder: string, above: string): Promise<void> {
  const group = `${above}/${folder.split('/').at(-1)}`;
  const [root, upper, work] = ['root', 'upper', 'work'].map((name) => join(folder, name));
  for (const each of [root, upper, work]) await mkdir(each ?? '', { recursive: true });
  const groups = (await makeGroup(group)).join('\n');
  const overlay = `lowerdir=${image},upperdir=${upper},workdir=${work}`;
  const args = ['-c', script, 'boot', groups, overlay, root ?? ''];
  spawn('sh', args, { detached: true, stdio: 'ignore' }).unref();
  const deadline = performance.now() + bootMs;
  while (!(await answers(group))) {
    if (performance.now() > deadline) throw new Error(`systemd did not answer in ${folder}`);
    await delay(50);
  }
}

/** Asked of the first process of a namespace of its own: whoever is about to become it would answer for this machine. */
async function answers(group: string): Promise<boolean> {
  for (const pid of await processesIn(group)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (!/^NSpid:\t\d+\t1$/m.test(status)) continue;
    const inside = ['--target', String(pid), '--all', '--root', '--wd'];
    const asked = ['timeout', '5', 'systemctl', 'is-system-running'];
    const { output } = await outcomeOf('nsenter', [...inside, ...asked], { timeoutMs: 10_000 });
    // `offline` is what it says of a system that systemd does not run.
    if (!['', 'offline', 'unknown'].includes(output.trim())) return true;
  }
  return false;
}

const script = `set -eu
for group in $1; do echo $$ >"$group/cgroup.procs"; done
exec unshare --mount --propagation slave sh -ec '
mount -t overlay overlay -o "$1" "$2"
exec systemd-nspawn --quiet --boot --register=no --keep-unit --private-network --console=read-only --link-journal=no --settings=no --directory="$2"' machine "$2" "$3"
`;
