/**
 * Writers of a workload, whatever way they send. A key is a lane: one request on its way at a time, records due by the clock whatever the platform does, so
 * that an outage shows as requests that wait and not as a workload that politely stops.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { partitionOfKey } from '../clients/kafka/key-partition.ts';
import type { Recorder } from './history.ts';
import type { EventOf, Via } from './history-event.ts';
import type { Scenario } from './scenario.ts';

/** What became of a request; `why` where it was not ok. */
export type SendOutcome = Omit<EventOf<'sent'>, 'at' | 'type' | 'op'>;

export interface LanesOptions {
  readonly workload: Scenario['workload'];
  readonly partitions: number;
  readonly recorder: Recorder;
  readonly via: Via;
  /** Of one key, consecutive. Never throws. */
  readonly send: (messages: readonly { readonly key: string; readonly value: string }[]) => Promise<SendOutcome>;
  readonly onAcknowledged: (outcome: SendOutcome, key: string, first: number, count: number) => void;
}

export interface Lanes {
  /** No new request; returns once those on their way have ended, or after `timeoutMs`: what has no end then is unknown. */
  stop(timeoutMs: number): Promise<void>;
}

/** Of one request: an hour's backlog goes out in pieces. */
const mostAtOnce = 200;
/** Of a record's value: what a measurement of the platform's is, in bytes. */
const valueBytes = 120;

export function startLanes(options: LanesOptions): Lanes {
  const { workload, partitions } = options;
  const stopping = new AbortController();
  const over = new AbortController();
  setMaxListeners(0, stopping.signal); // each lane listens: no leak
  const counter = { op: 0 };
  const lanes = laneKeys(workload.keys, partitions).map((key, index, { length }) =>
    runLane({
      ...options,
      key,
      counter,
      intervalMs: (length * 1000) / workload.ratePerSecond,
      // Lanes begin one after another, so that the rate is even.
      firstMs: (index * 1000) / workload.ratePerSecond,
      stopping: stopping.signal,
      over: over.signal,
    }),
  );
  const produced = Promise.all(lanes);
  produced.catch(() => {}); // whoever stops them hears of it
  return {
    async stop(timeoutMs) {
      stopping.abort();
      const patience = new AbortController();
      const late = delay(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
      await Promise.race([produced, late]);
      patience.abort();
      over.abort();
    },
  };
}

/** As many for each partition, as far as the number allows: `k7` is the seventh that was tried. */
function laneKeys(count: number, partitions: number): readonly string[] {
  const most = Math.ceil(count / partitions);
  const taken = new Map<number, number>();
  const keys: string[] = [];
  for (let tried = 1; keys.length < count; tried += 1) {
    const partition = partitionOfKey(Buffer.from(`k${tried}`), partitions);
    const have = taken.get(partition) ?? 0;
    if (have >= most) continue;
    taken.set(partition, have + 1);
    keys.push(`k${tried}`);
  }
  return keys;
}

interface Lane extends LanesOptions {
  readonly key: string;
  readonly counter: { op: number };
  readonly intervalMs: number;
  readonly firstMs: number;
  readonly stopping: AbortSignal;
  /** From then on nobody hears of an end: the log's own ends may have been asked for, and what is acknowledged after lies behind them. */
  readonly over: AbortSignal;
}

async function runLane(lane: Lane): Promise<void> {
  const { key, recorder, counter, intervalMs, stopping, via } = lane;
  const begin = performance.now() + lane.firstMs;
  let next = 1;
  while (!stopping.aborted) {
    const due = Math.floor((performance.now() - begin) / intervalMs) + 2 - next;
    if (due <= 0) {
      const waitMs = begin + (next - 1) * intervalMs - performance.now();
      await delay(Math.max(1, waitMs), undefined, { signal: stopping }).catch(() => undefined);
      continue;
    }
    const [first, count] = [next, Math.min(due, mostAtOnce)];
    next += count;
    counter.op += 1;
    const op = counter.op;
    recorder.record({ type: 'send', op, key, first, count, via });
    const outcome = await lane.send(
      Array.from({ length: count }, (_each, index) => ({ key, value: valueText(key, first + index) })),
    );
    if (lane.over.aborted) {
      recorder.record({ type: 'sent', op, outcome: 'unknown', why: 'ended after the workload was over' });
      return;
    }
    recorder.record({ type: 'sent', op, ...outcome });
    if (outcome.outcome === 'ok') lane.onAcknowledged(outcome, key, first, count);
  }
}

function valueText(key: string, number: number): string {
  return `${key}:${number} `.padEnd(valueBytes, '.');
}

/** `k3:17` of a record's value; undefined for one that is none of ours. What the messaging API writes is JSON with the value as base64. */
export function readValue(value: Buffer | undefined): string | undefined {
  const text = value?.toString('latin1') ?? '';
  return text.startsWith('{') ? readText(ofEnvelope(text)) : readText(text);
}

/** The same of a value's text. */
export function readText(text: string): string | undefined {
  const [said = ''] = text.split(' ', 1);
  return /^[^:{]+:\d+$/.test(said) ? said : undefined;
}

const envelope = z.object({ data: z.base64() });

function ofEnvelope(text: string): string {
  try {
    return Buffer.from(envelope.parse(JSON.parse(text)).data, 'base64').toString('latin1');
  } catch {
    return '';
  }
}
