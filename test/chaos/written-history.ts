/** Histories written by hand, in as few words as they allow. A batch of one record at one partition unless it says more. */
import type { UntimedEvent } from '../../chaos/history.ts';
import type { HistoryEvent } from '../../chaos/history-event.ts';
import { type ObservedRun, observeRun } from '../../chaos/observed-run.ts';
import type { RunPlan } from '../../chaos/verdict.ts';

/** Of a run in which everything goes on and nothing may be lost. */
export const safePlan: RunPlan = {
  title: 'Safe',
  partition: 0,
  prediction: { writing: 'continues', reading: 'continues', durability: 'keeps', theorem: [] },
  mustLose: false,
  failoverSeconds: 30,
  ratePerSecond: 100,
};

export function start(partitions = 1, plan: object | null = null): UntimedEvent {
  return {
    type: 'start',
    version: 1,
    startedAt: '2026-11-22T12:00:00.000Z',
    scenario: 'by-hand',
    seed: 1,
    command: 'ensemble chaos run by-hand --seed 1',
    topic: 'chaos',
    partitions,
    plan: JSON.parse(JSON.stringify(plan)) as null,
  };
}

/** `send('k1:3', 2)`: two records, k1:3 and k1:4. */
export function send(op: number, value: string, count = 1): UntimedEvent {
  const [key = '', first = ''] = value.split(':');
  return { type: 'send', op, key, first: Number(first), count, via: 'kafka' };
}

export function ok(op: number, offset: number, partition = 0): UntimedEvent {
  return { type: 'sent', op, outcome: 'ok', partition, offset };
}

export function unknown(op: number): UntimedEvent {
  return { type: 'sent', op, outcome: 'unknown', why: 'timed out' };
}

/** The log after healing: its ends, and what lies there from its beginning on. */
export function log(
  values: readonly string[],
  { partition = 0, first = 0, end }: { partition?: number; first?: number; end?: number } = {},
) {
  const ends: UntimedEvent = { type: 'ends', partition, start: first, end: end ?? first + values.length };
  const read: UntimedEvent = { type: 'log', partition, offset: first, values };
  return [ends, read];
}

export function poll(consumer: string, offset: number, ...values: readonly string[]): UntimedEvent {
  return { type: 'poll', consumer, partition: 0, offset, values };
}

export const joined = (consumer: string): UntimedEvent => ({ type: 'joined', consumer });
export const drained: UntimedEvent = { type: 'drained', ok: true };
export const ended: UntimedEvent = { type: 'end', outcome: 'completed' };

/** With times that only go forward. */
export function timed(events: readonly UntimedEvent[]): readonly HistoryEvent[] {
  return events.map((event, at) => ({ ...event, at }) as HistoryEvent);
}

export function observe(...events: readonly UntimedEvent[]): ObservedRun {
  return observeRun(timed(events));
}
