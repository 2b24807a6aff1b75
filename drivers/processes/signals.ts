/** Signals to a process that is known by pid and start time: a stranger with its pid is never signalled. */
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from '../../platform/process-identity.ts';

/** How often it is asked whether it is so. */
const pollMs = 50;

/** Longer than a program needs to act on a signal on a busy machine; a second reload that comes too soon costs a worker. */
const repeatMs = 3_000;

/** Asks again whether it is the same process in the very moment before the signal. */
export function signalProcess(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Once, or every few seconds to a program that may miss one, until `isSo`. False where it was not so in time. */
export async function signalUntil(
  isSo: () => Promise<boolean>,
  identity: ProcessIdentity,
  name: NodeJS.Signals,
  timeoutMs: number,
  missesSignals = false,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  let again = Number.NEGATIVE_INFINITY;
  for (;;) {
    if (performance.now() >= again) {
      signalProcess(identity, name);
      again = missesSignals ? performance.now() + repeatMs : Number.POSITIVE_INFINITY;
    }
    if (await isSo()) return true;
    if (performance.now() >= deadline) return false;
    await delay(pollMs);
  }
}
