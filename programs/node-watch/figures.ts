/** A node's figures, once a minute. What cannot be put is dropped: an old figure helps nobody, and its absence is what an alarm looks for. */
import type { Measured } from './measure.ts';
import type { Sink } from './sink.ts';

export interface FiguresOptions {
  readonly sink: Pick<Sink, 'putMetrics'>;
  measure(): Promise<Measured>;
  now(): number;
  pause(ms: number): Promise<void>;
  /** A line for a person: a fault when it comes and when it goes, not each minute. */
  tell(line: string): void;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Until the signal. */
export async function putFigures({ sink, measure, now, pause, tell, everyMs, signal }: FiguresOptions): Promise<void> {
  let before = '';
  while (!signal.aborted) {
    const startMs = now();
    let faults: readonly string[] = [];
    try {
      const { metrics, lacking } = await measure();
      faults = lacking;
      if (metrics.length > 0) await sink.putMetrics(metrics, startMs);
    } catch (error) {
      faults = [...faults, `figures are not taken: ${error instanceof Error ? error.message : String(error)}`];
    }
    const told = faults.join('; ');
    if (told !== before) tell(told === '' ? 'figures are whole again' : told);
    before = told;
    await pause(Math.max(0, everyMs - (now() - startMs)));
  }
}
