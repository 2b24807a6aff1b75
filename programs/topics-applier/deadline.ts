/**
 * How long a call may work. Lambda ends a function in the middle of whatever it does once its time is over (900 s at most), so a call ends its work before:
 * first by handing over between two steps, then, where a step hangs, by giving up what is under way, so that an answer goes out in any case.
 */
import { setMaxListeners } from 'node:events';
import { timeTooShort } from './errors.ts';

/** For the step that is under way, and the answer. A full request of new topics takes ten seconds; see chunkLimits in topics/apply. */
const handOverMs = 60_000;
/** For an answer alone. */
const giveUpMs = 15_000;

export interface Deadline {
  /** Ends work between two steps. */
  readonly handOver: AbortSignal;
  /** Ends requests that are under way. */
  readonly signal: AbortSignal;
  /** Milliseconds of work until `handOver`. */
  readonly workMs: number;
  end(): void;
}

/** `wishedMs` is what the caller asks for; the function's own end comes first. @throws EnsembleError TOPICS_APPLIER_TIME_TOO_SHORT */
export function deadlineOf(remainingMs: number, wishedMs = Number.POSITIVE_INFINITY): Deadline {
  const workMs = Math.min(wishedMs, remainingMs - handOverMs);
  if (workMs <= 0) throw timeTooShort(remainingMs, handOverMs);
  const handOver = new AbortController();
  const signal = new AbortController();
  // Each request under way listens: many at once are no leak.
  setMaxListeners(0, signal.signal);
  const timers = [setTimeout(() => handOver.abort(), workMs), setTimeout(() => signal.abort(), remainingMs - giveUpMs)];
  return {
    handOver: handOver.signal,
    signal: signal.signal,
    workMs,
    end() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
