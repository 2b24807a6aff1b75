/** Runs a job of the model as a process of this machine, to its end, with its output in a file beside the service's own log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import type { Job } from '../../cluster/model.ts';
import type { ServiceRef } from '../driver.ts';
import { cannotLaunch, jobFailed } from '../errors.ts';
import { serverEnvironment } from './launch.ts';
import { lastLines, rotateLog } from './log-file.ts';
import type { Command } from './program-command.ts';

/** Lines that an error shows. */
const evidenceLines = 20;

/**
 * @param folder of the service; the output goes to `<job>.log` there.
 * @returns the last line of its output, empty where it said nothing.
 * @throws EnsembleError DRIVER_JOB_FAILED, DRIVER_CANNOT_LAUNCH; the signal's reason
 */
export async function runJob(
  ref: ServiceRef,
  job: Job,
  command: Command,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const log = `${folder}/${job.id}.log`;
  await mkdir(folder, { recursive: true });
  await rotateLog(log);
  const output = await open(log, 'a');
  const patience = AbortSignal.any([signal, AbortSignal.timeout(job.timeoutMs)]);
  try {
    const child = spawn(command.executable, [...command.arguments], {
      cwd: folder,
      stdio: ['ignore', output.fd, output.fd],
      env: serverEnvironment(),
      signal: patience,
      killSignal: 'SIGKILL',
    });
    const [code, killedBy] = await once(child, 'exit').catch(async (cause: unknown) => {
      signal.throwIfAborted();
      const seconds = Math.round(job.timeoutMs / 1000);
      if (patience.aborted)
        throw jobFailed(ref, job.id, `was not done within ${seconds} s`, log, await lastLines(log, evidenceLines));
      throw cannotLaunch(ref, command.executable, cause);
    });
    const lines = await lastLines(log, evidenceLines);
    if (code !== 0) throw jobFailed(ref, job.id, `ended with ${code ?? killedBy}`, log, lines);
    return lines.at(-1) ?? '';
  } finally {
    await output.close();
  }
}
