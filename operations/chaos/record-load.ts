/**
 * How busy this machine is, into a run's history once a second: the kernel's own count of who can run (/proc/loadavg, its fourth field; proc(5)), and how
 * late our own timers fire. Where there is no /proc, lateness alone.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Recorder } from '../../chaos/history.ts';

const sampleMs = 100;
const sayEvery = 10;

/** Returns what ends it. */
export function recordLoad(recorder: Recorder): () => void {
  const processors = availableParallelism();
  let [runnable, lateMs, samples, last] = [0, 0, 0, performance.now()];
  const timer = setInterval(() => {
    const now = performance.now();
    lateMs += Math.max(0, now - last - sampleMs);
    last = now;
    runnable += runnableNow();
    samples += 1;
    if (samples < sayEvery) return;
    recorder.record({
      type: 'load',
      runnable: rounded(runnable / samples / processors),
      lateMs: rounded(lateMs),
    });
    [runnable, lateMs, samples] = [0, 0, 0];
  }, sampleMs);
  return () => clearInterval(timer);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Whoever asks runs himself, and is not counted. */
function runnableNow(): number {
  try {
    const [running = '1'] = (readFileSync('/proc/loadavg', 'latin1').split(' ')[3] ?? '').split('/');
    return Math.max(0, Number(running) - 1);
  } catch {
    return 0;
  }
}
