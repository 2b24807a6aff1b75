/**
 * Runs a cluster's services as processes of this machine. What is true of a process is asked of the system each time: the record says which one
 * we started (pid and start time), the mark in its command line finds one that a killed command started without recording it.
 */
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster, Node, Probe } from '../../cluster/model.ts';
import type { Late } from '../../contracts/late.ts';
import { identify, isAlive, type ProcessIdentity } from '../../platform/process-identity.ts';
import type { Driver, RunState, ServiceDifference, ServiceRef, ServiceState, StopOptions } from '../driver.ts';
import { addressChanged, notReady, reloadFailed, serviceDied, stillRunning } from '../errors.ts';
import { probeAnswer } from '../probe.ts';
import { afterReload, asRead, differenceFrom } from './as-read.ts';
import { findMarked } from './command-lines.ts';
import { installService } from './install.ts';
import { launch } from './launch.ts';
import { logFile, nodesFolder, recordFile, serviceFolder } from './layout.ts';
import { followLog, lastLines, rotateLog } from './log-file.ts';
import { checkMemory, checkPorts } from './preflight.ts';
import { commandOf, type Runtimes } from './program-command.ts';
import { type ProcessRecord, readRecord, writeRecord } from './record.ts';
import { runJob } from './run-job.ts';
import { signalProcess, signalUntil } from './signals.ts';
import { keyOf, type Unit, unitsOf } from './units.ts';

export interface ProcessDriverOptions {
  readonly cluster: Cluster;
  readonly addressing: Addressing;
  /** Absolute; the environment's own folder. */
  readonly stateDirectory: string;
  readonly runtimes: Runtimes;
  resolveLate(node: Node, late: Late): Promise<string>;
}

/** Lines of a log that an error shows: a Java stack's head and what led to it. */
const evidenceLines = 20;

/** How often a starting or stopping process is looked at. */
const pollMs = 50;

/** Reading files again takes a moment; names that nobody answers for take a few seconds each. */
const reloadTimeoutMs = 20_000;

/** A service that the environment no longer names has no stop time of its own. */
const strayStopTimeoutMs = 60_000;

export function processDriver(options: ProcessDriverOptions): Driver {
  const { cluster, addressing, stateDirectory } = options;
  const units = unitsOf(cluster, addressing);
  const unit = (ref: ServiceRef): Unit => {
    const found = units.get(keyOf(ref));
    if (found === undefined) throw new TypeError(`${ref.service} does not run on ${ref.node}`);
    return found;
  };
  const fileOf = (ref: ServiceRef) => recordFile(stateDirectory, ref);
  const logOf = (ref: ServiceRef) => logFile(stateDirectory, ref);

  /** The living process of a service, adopted if a killed command left it without a record. */
  async function find(ref: ServiceRef, marked?: ReadonlyMap<string, number>): Promise<ProcessIdentity | undefined> {
    const record = await readRecord(fileOf(ref));
    if (record !== undefined && isAlive(record)) return { pid: record.pid, startedAt: record.startedAt };
    const pid = (marked ?? (await findMarked())).get(serviceFolder(stateDirectory, ref));
    const identity = pid === undefined ? undefined : identify(pid);
    if (identity === undefined) return undefined;
    // Which files it read is not known any more: an empty digest makes it count as outdated, which a restart mends.
    await writeRecord(fileOf(ref), {
      ...identity,
      since: new Date().toISOString(),
      filesDigest: '',
      stopRequested: false,
    }).catch(() => undefined); // found again the next time: a full disk must not keep anyone from seeing and stopping it
    return identity;
  }

  async function stateOf(
    { ref, role, addresses, rendered }: Unit,
    marked: ReadonlyMap<string, number>,
  ): Promise<ServiceState> {
    const identity = await find(ref, marked);
    const record = await readRecord(fileOf(ref));
    const answering = identity !== undefined && (await probe(ref));
    return {
      ...ref,
      role,
      address: addresses[0] ?? '',
      state: runState(identity !== undefined, answering, record),
      pid: identity?.pid,
      since: identity === undefined ? undefined : record?.since,
      outdated: identity !== undefined && differenceFrom(record, rendered) !== undefined,
      restarting: identity === undefined && record?.restarting === true,
    };
  }

  async function probe(ref: ServiceRef): Promise<boolean> {
    return (await answer(ref, unit(ref).rendered.process.probe)) !== undefined;
  }

  async function answer(ref: ServiceRef, asked: Probe): Promise<string | undefined> {
    const { node } = unit(ref);
    return await probeAnswer(asked, addressing.host(node), addressing.port(node, ref.service, asked.listener));
  }

  async function died(ref: ServiceRef) {
    return serviceDied(ref, logOf(ref), await lastLines(logOf(ref), evidenceLines));
  }

  /** Starts a server again whose end says that its cause goes away by itself; whoever waits for it bounds how long. */
  async function assertAlive(ref: ServiceRef): Promise<void> {
    const record = await readRecord(fileOf(ref));
    if (record !== undefined && isAlive(record)) return;
    // Told to stop meanwhile, by whoever undoes a start that failed elsewhere: it must not come back.
    if (record?.stopRequested === true) throw await died(ref);
    const { startAgainIf } = unit(ref).rendered.process;
    const end = (await lastLines(logOf(ref), evidenceLines)).join('\n');
    if (record === undefined || startAgainIf === undefined || !new RegExp(startAgainIf).test(end))
      throw await died(ref);
    await startUnit(unit(ref));
  }

  async function startUnit(started: Unit): Promise<void> {
    const { ref, rendered } = started;
    const folder = serviceFolder(stateDirectory, ref);
    await mkdir(folder, { recursive: true });
    const command = await commandOf(rendered.process.program, options.runtimes, folder);
    const identity = await launch(ref, command, { folder, log: logOf(ref) });
    const since = new Date().toISOString();
    const record = { ...identity, since, ...asRead(rendered), addresses: started.binds, stopRequested: false };
    try {
      await writeRecord(fileOf(ref), record);
    } catch (error) {
      // The disk is full, say: nobody was told of this process, so nobody would stop it.
      signalProcess(identity, 'SIGKILL');
      throw error;
    }
  }

  async function stopUnit(
    ref: ServiceRef,
    { timeoutMs }: StopOptions = {},
    note: Pick<ProcessRecord, 'stopRequested' | 'restarting'>,
  ): Promise<{ readonly outcome: 'not running' | 'stopped' | 'killed' }> {
    const identity = await find(ref);
    if (identity === undefined) return { outcome: 'not running' };
    const record = await readRecord(fileOf(ref));
    // A full disk must not keep a server running: without the note, its end counts as a failure, which `up` mends as well.
    if (record !== undefined) await writeRecord(fileOf(ref), { ...record, ...note }).catch(() => undefined);
    const model = units.get(keyOf(ref))?.rendered.process;
    const patienceMs = timeoutMs ?? model?.stopTimeoutMs ?? strayStopTimeoutMs;
    const isOver = async () => !isAlive(identity);
    if (await signalUntil(isOver, identity, model?.stopSignal ?? 'SIGTERM', patienceMs, model?.missesSignals))
      return { outcome: 'stopped' };
    await signalUntil(isOver, identity, 'SIGKILL', Number.POSITIVE_INFINITY);
    return { outcome: 'killed' };
  }

  return {
    assertAlive,

    async install(nodeId) {
      for (const { ref, node, rendered } of units.values()) {
        if (node.id !== nodeId) continue;
        const volumesFile = `${serviceFolder(stateDirectory, ref)}/volumes.json`;
        await installService({ ref, rendered, volumesFile }, (late) => options.resolveLate(node, late));
      }
    },

    async preflight(services) {
      const marked = await findMarked();
      const stopped: Unit[] = [];
      for (const ref of services) {
        if ((await find(ref, marked)) === undefined) {
          stopped.push(unit(ref));
          continue;
        }
        const ran = (await readRecord(fileOf(ref)))?.addresses;
        const wanted = unit(ref).binds;
        if (ran !== undefined && ran.join() !== wanted.join()) throw addressChanged(ref, ran, wanted);
      }
      await checkPorts(stopped, addressing);
      checkMemory(stopped.map(({ rendered }) => rendered.process.memoryMiB));
    },

    async start(ref) {
      if ((await find(ref)) !== undefined) return { started: false };
      await rotateLog(logOf(ref));
      await startUnit(unit(ref));
      return { started: true };
    },

    stop: (ref, stopOptions) => stopUnit(ref, stopOptions, { stopRequested: true }),

    async restart(ref, stopOptions) {
      await stopUnit(ref, stopOptions, { stopRequested: true, restarting: true });
      await rotateLog(logOf(ref));
      await startUnit(unit(ref));
    },

    async run(ref, id, signal) {
      const { rendered } = unit(ref);
      const job = rendered.process.jobs?.find((each) => each.id === id);
      if (job === undefined) throw new TypeError(`${ref.service} has no job ${id}`);
      const folder = serviceFolder(stateDirectory, ref);
      return await runJob(ref, job, await commandOf(job.program, options.runtimes, folder), folder, signal);
    },

    async reload(ref) {
      const identity = await find(ref);
      const { rendered } = unit(ref);
      const { reload } = rendered.process;
      if (identity === undefined || reload === undefined) return false;
      const { done } = reload;
      const before = done === undefined ? undefined : await answer(ref, done);
      const isDone = async () => {
        const found = done === undefined ? '' : await answer(ref, done);
        return found !== undefined && found !== before;
      };
      if (!(await signalUntil(isDone, identity, reload.signal, reloadTimeoutMs, rendered.process.missesSignals)))
        throw reloadFailed(ref, reloadTimeoutMs / 1000, logOf(ref), await lastLines(logOf(ref), evidenceLines));
      const record = await readRecord(fileOf(ref));
      if (record !== undefined) await writeRecord(fileOf(ref), { ...record, ...afterReload(record, rendered) });
      return true;
    },

    async adopt(ref) {
      const record = await readRecord(fileOf(ref));
      if (record !== undefined) await writeRecord(fileOf(ref), { ...record, ...asRead(unit(ref).rendered) });
    },

    async ready(ref, { timeoutMs, signal }) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        await assertAlive(ref);
        if (await probe(ref)) return;
        if (performance.now() > deadline) {
          throw notReady(ref, Math.round(timeoutMs / 1000), logOf(ref), await lastLines(logOf(ref), evidenceLines));
        }
        await delay(pollMs, undefined, { signal });
      }
    },

    async status() {
      const marked = await findMarked();
      return await Promise.all([...units.values()].map((each) => stateOf(each, marked)));
    },

    async differences() {
      const marked = await findMarked();
      const found = await Promise.all(
        [...units.values()].map(async ({ ref, rendered }): Promise<readonly ServiceDifference[]> => {
          if ((await find(ref, marked)) === undefined) return [];
          const difference = differenceFrom(await readRecord(fileOf(ref)), rendered);
          return difference === undefined ? [] : [{ ...ref, ...difference }];
        }),
      );
      return found.flat();
    },

    async strays() {
      const prefix = `${nodesFolder(stateDirectory)}/`;
      return [...(await findMarked()).keys()].flatMap((folder) => {
        const [node, service] = folder.startsWith(prefix) ? folder.slice(prefix.length).split('/') : [];
        return node === undefined || service === undefined || units.has(keyOf({ node, service }))
          ? []
          : [{ node, service }];
      });
    },

    logs: (ref, lines) => lastLines(logOf(unit(ref).ref), lines),

    follow: (ref, signal) => followLog(logOf(unit(ref).ref), signal),

    async purge() {
      const marked = await findMarked();
      const running: ServiceRef[] = [];
      for (const { ref } of units.values()) if ((await find(ref, marked)) !== undefined) running.push(ref);
      running.push(...(await this.strays()));
      if (running.length > 0) throw stillRunning(running);
      await rm(nodesFolder(stateDirectory), { recursive: true, force: true });
    },
  };
}

function runState(alive: boolean, answering: boolean, record: ProcessRecord | undefined): RunState {
  if (alive) return answering ? 'running' : 'starting';
  return record === undefined || record.stopRequested ? 'stopped' : 'failed';
}
