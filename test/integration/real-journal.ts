/**
 * A journal of its own: the system's real systemd-journald in a mount namespace with an empty /run, so that it sees and changes nothing of the machine's. Ask
 * `requires('root', 'linux', 'namespaces', 'journald')` first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export interface RealJournal {
  /** Starts a program that sees this journal as the machine's. */
  start(command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess;
  /** A shell's command to its end. Throws where it fails. */
  ask(command: string, input?: string): Promise<string>;
  stop(): Promise<void>;
}

const startMs = 30_000;

/** Nothing of the kernel's and of its audit is read. */
const setup = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal /run/systemd/journald.conf.d
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\nRateLimitIntervalSec=0\\nForwardToConsole=no\\n' >/run/systemd/journald.conf.d/test.conf
exec /lib/systemd/systemd-journald
`;

export async function startJournal(): Promise<RealJournal> {
  const journald = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', setup], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  journald.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const enter = ['--target', String(journald.pid), '--mount'];
  const start = (command: readonly string[], env: NodeJS.ProcessEnv) =>
    spawn('nsenter', [...enter, ...command], { stdio: ['pipe', 'pipe', 'pipe'], env });
  const journal: RealJournal = {
    start,
    async ask(command, input = '') {
      const child = start(['sh', '-c', command], process.env);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      // A command that reads nothing may be gone before.
      child.stdin?.on('error', () => undefined).end(input);
      const [status] = (await once(child, 'close')) as [number | null];
      if (status !== 0) throw new Error(`${command}: ${status}\n${output}`);
      return output.trim();
    },
    async stop() {
      if (journald.exitCode !== null || journald.signalCode !== null) return;
      journald.kill('SIGKILL');
      await once(journald, 'exit');
    },
  };
  for (const deadline = performance.now() + startMs; ; ) {
    const up = await journal.ask('test -S /run/systemd/journal/stdout && test "$(ls /run | wc -l)" -lt 10').then(
      () => true,
      () => false,
    );
    if (up) return journal;
    if (performance.now() > deadline || journald.exitCode !== null) {
      await journal.stop();
      throw new Error(`systemd-journald did not come up: ${said}`);
    }
    await delay(50);
  }
}
