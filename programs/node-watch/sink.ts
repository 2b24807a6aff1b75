/** Where a node's journal and figures go: what a cloud must offer, said once for all of them. */
import { EnsembleError } from '../../contracts/error.ts';
import type { LogEvent } from './batch.ts';

export interface Metric {
  readonly name: string;
  /** Per cent. */
  readonly value: number;
  /** Beside the environment and the node. */
  readonly volume?: string;
}

export interface Sink {
  /**
   * One batch (batch.ts). Gives the number of events that the service took and then threw away, such as those that are too old for it. Throws
   * NODE_WATCH_REFUSED where no second try will be taken either, and any other error where one may be.
   */
  putLogs(events: readonly LogEvent[]): Promise<number>;
  putMetrics(metrics: readonly Metric[], atMs: number): Promise<void>;
}

/** `why` in the service's own words, which have no text of the events in them. */
export function batchRefused(why: string): EnsembleError {
  return new EnsembleError({
    code: 'NODE_WATCH_REFUSED',
    message: `a batch of log events is refused: ${why}`,
    next: 'Nothing: the events that are at fault are left out, and counted.',
  });
}

export function isRefused(error: unknown): error is EnsembleError {
  return error instanceof EnsembleError && error.code === 'NODE_WATCH_REFUSED';
}
