/**
 * Starts and finds an AWS of this machine's own (serve.ts) for one environment. It runs on when the command has ended, in a control group below that of the
 * environment's machines: what ends them ends it, also after a run that was killed.
 */
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { installationRoot } from '../../platform/installation-root.ts';
import { endGroup, limitMemory, makeGroup, processesIn, removeGroup } from '../hosts/control-groups.ts';
import { hostsLayout } from '../hosts/layout.ts';
import { spawnInGroups } from '../hosts/spawn-in-groups.ts';
import { localAwsNotUp } from './errors.ts';

const startMs = 120_000;
const pollMs = 50;
const evidenceLines = 20;
/** Three times what staging's stacks take of it: what goes wrong in it ends it, and not this machine. */
const memoryMiB = 4_096;

export interface LocalAws {
  /** `http://127.0.0.1:40651` */
  readonly endpoint: string;
  /** False where it ran already. */
  readonly started: boolean;
}

/** @param stateDirectory absolute; the environment's own folder. @param account that it answers as. @throws EnsembleError DRIVER_LOCAL_AWS_NOT_UP, and the signal's reason */
export async function ensureLocalAws(stateDirectory: string, account: string, signal: AbortSignal): Promise<LocalAws> {
  const folder = join(stateDirectory, 'local-aws');
  const log = join(folder, 'log');
  const group = groupOf(stateDirectory);
  if ((await processesIn(group)).length > 0) {
    const endpoint = await endpointIn(log);
    if (endpoint !== undefined) return { endpoint, started: false };
    // Cut off while it came up.
    await endLocalAws(stateDirectory);
  }
  await mkdir(folder, { recursive: true });
  await writeFile(log, '');
  const file = await open(log, 'a');
  try {
    const loader = pathToFileURL(createRequire(join(installationRoot(), 'package.json')).resolve('tsx')).href;
    const program = join(installationRoot(), 'drivers', 'local-aws', 'serve.ts');
    const command = [process.execPath, '--import', loader, program, folder, stateDirectory, account];
    const folders = await makeGroup(group);
    await limitMemory(group, memoryMiB);
    spawnInGroups(folders, command, file.fd);
    return { endpoint: await awaitReady(log, stateDirectory, signal), started: true };
  } catch (error) {
    await endLocalAws(stateDirectory);
    throw error;
  } finally {
    await file.close();
  }
}

async function endLocalAws(stateDirectory: string): Promise<void> {
  await endGroup(groupOf(stateDirectory));
  await removeGroup(groupOf(stateDirectory));
}

function groupOf(stateDirectory: string): string {
  return `${hostsLayout(stateDirectory).name}/local-aws`;
}

async function awaitReady(log: string, stateDirectory: string, signal: AbortSignal): Promise<string> {
  const deadline = performance.now() + startMs;
  for (;;) {
    const endpoint = await endpointIn(log);
    if (endpoint !== undefined) return endpoint;
    const said = (await readFile(log, 'utf8')).trimEnd();
    const ended = said.includes('Error') && (await processesIn(groupOf(stateDirectory))).length === 0;
    if (ended || performance.now() > deadline) throw localAwsNotUp(said.split('\n').slice(-evidenceLines));
    await delay(pollMs, undefined, { signal });
  }
}

async function endpointIn(log: string): Promise<string | undefined> {
  return /^ready (http:\/\/127\.0\.0\.1:\d+)$/m.exec(await readFile(log, 'utf8').catch(() => ''))?.[1];
}
