/** Starts a service's program so that it outlives this command, with its output in a file. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { identify, type ProcessIdentity } from '../../platform/process-identity.ts';
import type { ServiceRef } from '../driver.ts';
import { cannotLaunch } from '../errors.ts';
import { markEnvironment } from './command-lines.ts';
import type { Command } from './program-command.ts';

/** Only what a server needs: a person's JAVA_TOOL_OPTIONS or KAFKA_OPTS would change what runs without a trace in any file. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TZ, TMPDIR } = process.env;
  return Object.fromEntries(
    Object.entries({ PATH, HOME, LANG, TZ, TMPDIR }).filter(([, value]) => value !== undefined),
  );
}

/** @throws EnsembleError DRIVER_CANNOT_LAUNCH */
export async function launch(
  ref: ServiceRef,
  { executable, arguments: args }: Command,
  { folder, log }: { readonly folder: string; readonly log: string },
): Promise<ProcessIdentity> {
  const output = await open(log, 'a');
  try {
    // A session of its own: a terminal's Ctrl-C is for this command, not for the servers.
    const child = spawn(executable, [...args], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      env: { ...serverEnvironment(), ...markEnvironment(folder) },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    }).catch((cause: unknown) => {
      throw cannotLaunch(ref, executable, cause);
    });
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    // A program that ended within its first millisecond: the same as one that ends later, seen by whoever waits for it.
    return identity ?? { pid: child.pid ?? 0, startedAt: 'ended at once' };
  } finally {
    await output.close();
  }
}
