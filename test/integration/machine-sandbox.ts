/**
 * A bare machine for the script that makes nodes: this system's own files in an overlay that forgets, seen by a mount namespace of its own. Users, packages,
 * mounts and files of it are real and leave nothing behind. Not real, and labelled so in the machine itself: systemctl (it writes down what it was told),
 * sysctl and systemd-tmpfiles (they would reach the machine that the tests run on), and /sys/block, where a cloud shows the ids of its disks.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Ended {
  readonly status: number | null;
  /** Both outputs. */
  readonly said: string;
}

export interface MachineSandbox {
  /** A shell's command on the machine, as root, to its end. */
  run(command: string): Promise<Ended>;
  /** A script of `sh`, killed with everything that it started before its command number `steps`. `ended` where it runs fewer. */
  runKilled(script: string, steps: number): Promise<'killed' | 'ended'>;
  /** Throws where the command fails. */
  ask(command: string): Promise<string>;
  write(path: string, text: string, mode?: string): Promise<void>;
  /** Unmounts its disks and forgets what was in memory, as a restart does. */
  restart(): Promise<void>;
  /** A disk that a cloud calls `id`, with nothing on it. Gives its device. */
  attachDisk(id: string): Promise<string>;
  destroy(): Promise<void>;
}

const stubs: Readonly<Record<string, string>> = {
  // What would be started is noted, and whether it would write to the journal by itself; a unit that was started is active, and has told the script so as its ExecStartPre does.
  systemctl: `echo "\${JOURNAL_STREAM:+by itself, }$*" >>/var/log/systemctl
case "$*" in
start*ensemble-node*) ;;
start*)
  for unit in "$@"; do :; done
  service=\${unit#ensemble-}
  [ ! -e "/etc/systemd/system/$unit" ] || { /usr/local/sbin/ensemble-node started "\${service%.service}"; touch "/run/active-$unit"; } ;;
show*)
  for unit in "$@"; do :; done
  if [ -e "/run/active-$unit" ]; then printf 'ActiveState=active\\nSubState=running\\nNRestarts=0\\nMainPID=1\\nActiveEnterTimestamp=@1700000000\\n'
  else printf 'ActiveState=inactive\\nSubState=dead\\n'; fi ;;
esac`,
  sysctl: ':',
  'systemd-tmpfiles': ':',
};

/** Asks for `requires('root', 'linux', 'namespaces')`. */
export async function startMachine(): Promise<MachineSandbox> {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-machine-'));
  const disks: string[] = [];
  writeFileSync(join(folder, 'setup'), setup);
  const holder = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', 'sh', join(folder, 'setup'), folder],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const [ready] = (await once(holder.stdout, 'data')) as [Buffer];
  if (ready.toString().trim() !== 'ready') throw new Error(`the machine did not come up: ${ready.toString()}`);
  const inside = String(childOf(holder));
  const enter = ['--target', inside, '--mount', '--pid', 'chroot', join(folder, 'root')];

  const start = (command: string) =>
    spawn('nsenter', [...enter, 'sh', '-c', command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { PATH: '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
    });
  const machine: MachineSandbox = {
    async run(command) {
      const child = start(command);
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
      const [status] = (await once(child, 'close')) as [number | null];
      return { status, said };
    },
    async runKilled(script, steps) {
      // The shell kills its process group at that very command, however fast the machine is. Only bash can be told so; the script is POSIX for both.
      await machine.write('/run/killed', `set -T; trap '((++seen < ${steps})) || kill -KILL 0' DEBUG\n`);
      const child = start(`BASH_ENV=/run/killed exec bash ${script}`);
      child.stdout.resume();
      child.stderr.resume();
      const [, signal] = (await once(child, 'close')) as [number | null, string | null];
      return signal === null ? 'ended' : 'killed';
    },
    async ask(command) {
      const { status, said } = await machine.run(command);
      if (status !== 0) throw new Error(`${command}: ${status}\n${said}`);
      return said.trim();
    },
    async write(path, text, mode = '644') {
      const quoted = `'${text.replaceAll("'", `'\\''`)}'`;
      await machine.ask(`mkdir -p "$(dirname ${path})" && printf %s ${quoted} >${path} && chmod ${mode} ${path}`);
    },
    async restart() {
      await machine.ask(
        "grep -o ' /var/lib/ensemble/[^ ]*' /proc/self/mounts | xargs -r umount; rm -rf /run/ensemble-node /run/active-*",
      );
    },
    async attachDisk(id) {
      const image = join(folder, `${id}.img`);
      spawnSync('truncate', ['-s', '64M', image]);
      const device = spawnSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).stdout.trim();
      if (device === '') throw new Error('no loop device is to be had');
      disks.push(device);
      await machine.write(`/sys/block/${device.slice('/dev/'.length)}/device/serial`, `${id.replace('-', '')}   \n`);
      return device;
    },
    async destroy() {
      killAll(holder);
      if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
      // A disk is free once the last mount of it is gone with its namespace.
      for (const device of disks) spawnSync('losetup', ['--detach', device]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const [name, text] of Object.entries(stubs))
    await machine.write(
      `/usr/local/sbin/${name}`,
      `#!/bin/sh\n# Not the real one: a test's stand-in.\n${text}\n`,
      '755',
    );
  return machine;
}

/** The first process of the namespace holds its mounts; it ends with its standard input. */
const setup = `set -e
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs tmpfs "$1/root/run"
mount -t tmpfs tmpfs "$1/root/sys"
mkdir -p "$1/root/sys/block"
rm -rf "$1/root/etc/ensemble" "$1/root/opt/ensemble"
echo '# nothing yet' >"$1/root/etc/fstab"
echo ready
cat >/dev/null
`;

function killAll(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/** Of unshare, which waits for the namespace's first process. */
function childOf(parent: ChildProcess): number {
  const found = spawnSync('cat', [`/proc/${parent.pid}/task/${parent.pid}/children`], {
    encoding: 'utf8',
  }).stdout.trim();
  if (!/^\d+$/.test(found)) throw new Error('the machine has no first process');
  return Number(found);
}

/** For a test that waits for something on the machine. */
export async function until(condition: () => Promise<boolean>, what: string, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await delay(50);
  }
}
