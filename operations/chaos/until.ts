/** Waiting with a bound: for something to be so, or for something to end. */
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 200;

/** Asks until it is so, at the latest after the time; throws the signal's reason. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await isSo()) return true;
    if (performance.now() > deadline) return false;
    await delay(pollMs, undefined, { signal });
  }
}

/** Returns once it is done, or after the time, whichever is first. */
export async function within(timeoutMs: number, work: () => Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  const over = delay(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
  try {
    await Promise.race([work(), over]);
  } finally {
    patience.abort();
  }
}
