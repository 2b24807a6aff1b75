/** What goes wrong while a platform comes up or runs: each fault with the message that a person sees, and with what is left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { ServiceState } from '../../drivers/driver.ts';
import type { StatusReport } from '../../operations/status.ts';
import type { UpReport } from '../../operations/up.ts';
import { acquireFileLock } from '../../platform/file-lock.ts';
import { requires } from '../requirements.ts';
import { eventually, type PlatformFixture, platformFixture } from './platform-fixture.ts';

const { describe, it } = requires('java');

describe('a platform that meets a fault', () => {
  let platform: PlatformFixture;
  const stateFile = (...parts: readonly string[]) => join(platform.folder, 'state', 'test', ...parts);
  const status = () => platform.json<StatusReport>(['status']);
  const stateOf = async (node: string): Promise<ServiceState | undefined> =>
    (await status()).services.find((service) => service.node === node);
  const runningNodes = async () =>
    (await status()).services.filter((service) => service.pid !== undefined).map((service) => service.node);

  beforeEach(async () => {
    platform = await platformFixture(31);
  });
  afterEach(() => platform.dispose());

  it('names the taken port and its holder before it starts anything', async () => {
    const stranger = createServer().listen(9092, '127.0.31.102');
    await once(stranger, 'listening');
    const { status: exit, stderr } = await platform.run(['up']);
    stranger.close();
    expect(exit).toBe(1);
    expect(stderr).toContain('DRIVER_PORT_TAKEN worker-2 needs 127.0.31.102:9092 for kafka, but ');
    // Only where /proc shows whose socket it is.
    if (process.platform === 'linux') expect(stderr).toContain(`(pid ${process.pid}) listens there`);
    expect(stderr).toContain('next: End that program, or give the environment another network.subnet or network.ports');
    expect(await runningNodes()).toEqual([]);
  });

  it('says so where the holder of a taken port is a server of another environment', async () => {
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    const second = await platformFixture(31);
    try {
      const { status: exit, stderr } = await second.run(['up']);
      expect(exit).toBe(1);
      expect(stderr).toContain('DRIVER_PORT_TAKEN');
      if (process.platform === 'linux')
        expect(stderr).toContain(`a server that ensemble runs from ${stateFile('nodes', 'master-1', 'zookeeper')}`);
    } finally {
      await second.dispose();
    }
  });

  it('counts the memory that is needed and free before it starts anything', async () => {
    await platform.write({ kafkaHeapMiB: 9_000_000 });
    const { status: exit, stderr } = await platform.run(['up']);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/DRIVER_TOO_LITTLE_MEMORY 3 services need 180\d{5} MiB of memory, \d+ MiB are free/);
    expect(stderr).toContain('lower heapMiB in the environment file’s profile');
    expect(await runningNodes()).toEqual([]);
  });

  it('shows the end of the log of a broker that dies while it starts, stops what it started, and comes up once the cause is gone', async () => {
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    await platform.run(['down', '--timeout', '5']);
    const metadata = stateFile('nodes', 'worker-1', 'kafka', 'data-1', 'meta.properties');
    const sound = await readFile(metadata, 'utf8');
    await writeFile(metadata, sound.replace('broker.id=1', 'broker.id=7'));
    const failed = await platform.run(['up', '--no-messages']);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('DRIVER_SERVICE_DIED kafka on worker-1 ended by itself');
    expect(failed.stderr).toContain("Stored node id 7 doesn't match previous node id 1");
    expect(failed.stderr).toContain('worker-1/kafka/console.log');
    expect(await runningNodes()).toEqual([]);
    await writeFile(metadata, sound);
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
  });

  it('refuses to make an empty volume where one has been before', async () => {
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    await platform.run(['stop', 'worker-2', '--timeout', '5']);
    await rename(stateFile('nodes', 'worker-2', 'kafka', 'data-1'), stateFile('elsewhere'));
    const { status: exit, stderr } = await platform.run(['start', 'worker-2']);
    expect(exit).toBe(1);
    expect(stderr).toContain('DRIVER_VOLUME_MISSING the data of kafka on worker-2 is gone');
    await rename(stateFile('elsewhere'), stateFile('nodes', 'worker-2', 'kafka', 'data-1'));
    expect((await platform.run(['start', 'worker-2'])).status).toBe(0);
  });

  it('stops what it started when it is interrupted, and says so with status 130', async () => {
    let pid = 0;
    const run = platform.run(['up'], {
      onStart: (started) => {
        pid = started;
      },
    });
    await eventually('a master runs', 60_000, async () => {
      const seen = await platform.run(['status', '--json']);
      return seen.stdout.includes('"pid": ');
    });
    process.kill(pid, 'SIGINT');
    const { status: exit, stderr } = await run;
    expect(exit).toBe(130);
    expect(stderr).toContain('interrupted; what this run started was stopped');
    expect(await runningNodes()).toEqual([]);
  });

  it('says that a killed worker failed, and brings back that one alone', async () => {
    const before = await platform.json<UpReport & { readonly status: StatusReport }>(['up', '--no-messages']);
    const worker = before.status.services.find((service) => service.node === 'worker-2');
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    await eventually('the worker is gone', 10_000, async () => (await stateOf('worker-2'))?.state === 'failed');
    const seen = await platform.run(['status']);
    expect(seen.status).toBe(3);
    expect(seen.stdout).toContain('kafka on worker-2 is failed');
    const after = await platform.json<UpReport>(['up', '--no-messages']);
    expect(after.started).toEqual([{ node: 'worker-2', service: 'kafka' }]);
  });

  it('ends a service by force that does not answer a graceful stop', async () => {
    await platform.run(['up', '--no-messages']);
    const worker = await stateOf('worker-1');
    process.kill(worker?.pid ?? 0, 'SIGSTOP');
    expect((await stateOf('worker-1'))?.state).toBe('starting');
    expect((await platform.run(['stop', 'worker-1', '--timeout', '1'])).stdout).toBe('kafka on worker-1: killed\n');
    expect((await stateOf('worker-1'))?.pid).toBeUndefined();
  });

  it('says that the environment moved to other addresses while its servers run, at once and not after a wait', async () => {
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    const sound = await readFile(platform.environmentFile, 'utf8');
    await writeFile(platform.environmentFile, sound.replace('127.0.31.0/24', '127.0.30.0/24'));
    const moved = await platform.run(['up', '--no-messages']);
    expect(moved.status).toBe(1);
    expect(moved.stderr).toMatch(
      /DRIVER_ADDRESS_CHANGED zookeeper on master-1 runs at 127\.0\.31\.\d+:2181.* 127\.0\.30\.\d+:2181/,
    );
    expect((await platform.run(['down', '--timeout', '5'])).status).toBe(0);
    await writeFile(platform.environmentFile, sound);
    expect(await runningNodes()).toEqual([]);
  });

  it('decides again how nodes are reached where a crash left that unreadable, so that what runs can be stopped', async () => {
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    await writeFile(stateFile('addressing.json'), '{"kind":"lo');
    expect((await status()).healthy).toBe(true);
    const down = await platform.json<{ readonly stopped: readonly { readonly outcome: string }[] }>([
      'down',
      '--timeout',
      '5',
    ]);
    expect(down.stopped.some(({ outcome }) => outcome === 'not running')).toBe(false);
  });

  it('stops a server whose record cannot be written, and ends one that it started without a record', async () => {
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    const record = stateFile('nodes', 'worker-1', 'kafka', 'process.json');
    await rm(record);
    await mkdir(record);
    expect((await platform.run(['stop', 'worker-1', '--timeout', '5'])).status).toBe(0);
    expect(await runningNodes()).not.toContain('worker-1');
    const start = await platform.run(['start', 'worker-1']);
    expect(start.status).toBe(1);
    expect(start.stderr).toContain('COMMAND_FILE_SYSTEM rename ');
    expect(await runningNodes()).not.toContain('worker-1');
  });

  it('comes up from nothing when it waited for a purge', async () => {
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    // A ticket of this very process holds the lock until both wait for it, the purge first.
    const lock = await acquireFileLock(stateFile('lock'));
    const waits = async (run: { text: string }) =>
      await eventually('it waits', 20_000, async () => run.text.includes('waiting for it'));
    const purge = { text: '' };
    const purged = platform.run(['down', '--purge', '--yes', '--timeout', '5'], {
      onText: (text) => (purge.text += text),
    });
    await waits(purge);
    const up = { text: '' };
    const upped = platform.run(['up', '--no-messages'], { onText: (text) => (up.text += text) });
    await waits(up);
    await lock.release();
    expect((await purged).status).toBe(0);
    expect((await upped).status).toBe(0);
    expect((await status()).healthy).toBe(true);
  });

  it('ends a followed log when nobody reads it any more', async () => {
    await platform.run(['up', '--no-messages']);
    const follow = { text: '' };
    const followed = platform.run(['logs', 'worker-1', '--follow', '--lines', '1'], {
      onText: (text) => (follow.text += text),
      leaveEarly: true,
    });
    await eventually('the first line came', 20_000, async () => follow.text !== '');
    await appendFile(stateFile('nodes', 'worker-1', 'kafka', 'console.log'), 'one more line\n');
    expect((await followed).status).toBe(0);
  });

  it('never signals a stranger that has the pid of a service of old', async () => {
    await platform.run(['up', '--no-messages']);
    await platform.run(['stop', 'worker-1', '--timeout', '5']);
    const stranger = spawn('sleep', ['600']);
    const record = stateFile('nodes', 'worker-1', 'kafka', 'process.json');
    const old = JSON.parse(await readFile(record, 'utf8')) as object;
    await writeFile(record, JSON.stringify({ ...old, pid: stranger.pid }));
    expect((await platform.run(['stop', 'worker-1'])).stdout).toBe('kafka on worker-1: not running\n');
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill();
    await once(stranger, 'exit');
  });

  it('finds a service whose record was never written, or half', async () => {
    const first = await platform.json<UpReport & { readonly status: StatusReport }>(['up', '--no-messages']);
    await writeFile(stateFile('nodes', 'worker-1', 'kafka', 'process.json'), '{"pid": 12');
    await rm(stateFile('nodes', 'master-1', 'zookeeper', 'process.json'));
    const again = await platform.json<UpReport & { readonly status: StatusReport }>(['up', '--no-messages']);
    expect(again.started).toEqual([]);
    const pids = (report: { readonly status: StatusReport }) => report.status.services.map((service) => service.pid);
    expect(pids(again)).toEqual(pids(first));
  });

  it('lets a second up wait for the first and find its work done', async () => {
    const both = await Promise.all([
      platform.run(['up', '--no-messages', '--json']),
      platform.run(['up', '--no-messages', '--json']),
    ]);
    const started = both.map(({ stdout }) => (JSON.parse(stdout) as UpReport).started.length);
    expect(started.sort()).toEqual([0, 3]);
    expect(both.map(({ stderr }) => stderr).join()).toContain('works on this environment; waiting for it');
  });
});
