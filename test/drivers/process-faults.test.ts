/** Faults of processes on a process of the test's own: paused and resumed with its children, killed, and never a stranger with its pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { FaultKind, PlannedFault } from '../../contracts/fault.ts';
import type { Driver } from '../../drivers/driver.ts';
import { recordFile } from '../../drivers/processes/layout.ts';
import { processFaults } from '../../drivers/processes/process-faults.ts';
import { writeRecord } from '../../drivers/processes/record.ts';
import { identify, isAlive, type ProcessIdentity } from '../../platform/process-identity.ts';
import { requires } from '../requirements.ts';

const ref = { node: 'node-1', service: 'sleeper' };
const { describe, it } = requires('linux');

describe('faults of a process', () => {
  let folder: string;
  let child: ChildProcess;
  let identity: ProcessIdentity;
  let calls: string[];
  /** How a service ends that is told to. */
  let ends: 'stopped' | 'killed';

  const injector = () => {
    const driver = {
      async stop() {
        calls.push('stop');
        return { outcome: ends };
      },
      async start() {
        calls.push('start');
        return { started: true };
      },
    } satisfies Pick<Driver, 'start' | 'stop'>;
    return processFaults({ driver, stateDirectory: folder, isNamed: ({ node }) => node === ref.node });
  };
  const planned = async (kind: FaultKind) => (await injector().plan({ kind, ...ref })) as PlannedFault;
  const stateOf = () => readFileSync(`/proc/${identity.pid}/stat`, 'utf8').split(') ')[1]?.[0];
  const eventually = async (isSo: () => boolean) => {
    const deadline = performance.now() + 10_000;
    while (!isSo()) {
      if (performance.now() > deadline) throw new Error('not within 10 s');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  beforeEach(async () => {
    calls = [];
    ends = 'stopped';
    folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
    child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    const found = identify(child.pid ?? 0);
    if (found === undefined) throw new Error('sleep did not start');
    identity = found;
    const record = { ...identity, since: new Date().toISOString(), filesDigest: '', stopRequested: false };
    await writeRecord(recordFile(folder, ref), record);
  });
  afterEach(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  it('pause: it stands still until it is healed, as often as anyone heals it', async () => {
    const pause = await planned('pause');
    expect(pause).toMatchObject({ says: `SIGSTOP to sleeper on node-1 (pid ${identity.pid})` });
    await injector().inject(pause);
    await eventually(() => stateOf() === 'T');
    await injector().heal(pause.undo);
    await injector().heal(pause.undo);
    await eventually(() => stateOf() === 'S');
    expect(calls).toEqual([]);
  });

  it('kill: it is gone once the injection returns, and healing starts the service', async () => {
    const kill = await planned('kill');
    await injector().inject(kill);
    expect(isAlive(identity)).toBe(false);
    await injector().heal(kill.undo);
    expect(calls).toEqual(['start']);
    await expect(injector().inject(kill)).rejects.toMatchObject({ code: 'DRIVER_FAULT_TARGET_GONE' });
  });

  it('term: the driver stops it as `ensemble stop` does', async () => {
    await injector().inject(await planned('term'));
    expect(calls).toEqual(['stop']);
  });

  it('term: one that had to be killed has suffered another fault, which is said', async () => {
    ends = 'killed';
    const term = await planned('term');
    await expect(injector().inject(term)).rejects.toMatchObject({ code: 'DRIVER_FAULT_WAS_NO_TERM' });
    expect(await injector().heal(term.undo)).toBe('undone');
    expect(calls).toEqual(['stop', 'start']);
  });

  it('signals no stranger that has its pid by now', async () => {
    const pause = await planned('pause');
    await injector().heal({ do: 'continue', pid: identity.pid, startedAt: 'another boot:1' });
    child.kill('SIGSTOP');
    await eventually(() => stateOf() === 'T');
    expect(await injector().heal({ do: 'continue', pid: identity.pid, startedAt: 'another boot:1' })).toBe('gone');
    expect(stateOf()).toBe('T');
    expect(await injector().heal(pause.undo)).toBe('undone');
    await eventually(() => stateOf() === 'S');
  });

  it('pause: one that was started again since the plan is left alone, since its undo would not wake it', async () => {
    const pause = await planned('pause');
    const next = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    try {
      const found = identify(next.pid ?? 0);
      if (found === undefined) throw new Error('sleep did not start');
      const record = { ...found, since: new Date().toISOString(), filesDigest: '', stopRequested: false };
      await writeRecord(recordFile(folder, ref), record);
      await expect(injector().inject(pause)).rejects.toMatchObject({ code: 'DRIVER_FAULT_TARGET_GONE' });
      expect(readFileSync(`/proc/${next.pid}/stat`, 'utf8').split(') ')[1]?.[0]).not.toBe('T');
    } finally {
      next.kill('SIGKILL');
    }
  });

  it('are over where the environment does not name the node any more: nothing of it is started', async () => {
    expect(await injector().heal({ do: 'start', node: 'node-2', service: 'sleeper' })).toBe('gone');
    expect(calls).toEqual([]);
  });

  it('are over after another boot of this machine: nobody of it runs, and one is not started alone', async () => {
    const kill = await planned('kill');
    expect(await injector().heal({ ...(kill.undo as object), boot: 'another boot' })).toBe('gone');
    expect(calls).toEqual([]);
    expect(await injector().heal(kill.undo)).toBe('undone');
    expect(calls).toEqual(['start']);
  });

  it('that would befall the whole machine are refused with the reason, as is one of a service that does not run', async () => {
    for (const kind of ['isolate', 'slow-link', 'full-disk', 'machine-kill'] as const)
      expect(await injector().plan({ kind, ...ref })).toEqual({ cannot: expect.stringMatching(/machine/) });
    expect(await injector().plan({ kind: 'kill', node: 'node-2', service: 'sleeper' })).toEqual({
      cannot: 'sleeper does not run on node-2',
    });
  });

  it('are healed only as this driver wrote it down', async () => {
    await expect(injector().heal({ do: 'reboot' })).rejects.toMatchObject({ code: 'DRIVER_UNDO_UNREADABLE' });
  });
});
