/**
 * Producers and consumers as the platform's own are, and what they saw, into the history. A key is a lane: one request on its way at a time, records
 * due by the clock whatever the platform does, so that an outage shows as requests that wait and not as a workload that politely stops.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { isClientError } from '../clients/errors.ts';
import { partitionOfKey } from '../clients/kafka/key-partition.ts';
import {
  createConsumer,
  createProducer,
  type MessageConsumer,
  type MessageProducer,
} from '../clients/kafka/messaging.ts';
import type { Recorder } from './history.ts';
import type { Scenario } from './scenario.ts';

export interface WorkloadOptions {
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  readonly workload: Scenario['workload'];
  readonly recorder: Recorder;
}

export interface Workload {
  /** By partition: how many records were acknowledged in it. */
  acknowledged(partition: number): number;
  /** By partition: behind the last record that a consumer was handed; 0 before the first. */
  readTo(partition: number): number;
  /** Settled once every consumer has its partitions. */
  readonly ready: Promise<unknown>;
  /** No new request; returns once those on their way have ended, or after `timeoutMs`: what has no end then is unknown. */
  stopProducing(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Of one request: an hour's backlog goes out in pieces. */
const mostAtOnce = 200;
/** Of a record's value: what a measurement of the platform's is, in bytes. */
const valueBytes = 120;

export async function startWorkload(options: WorkloadOptions): Promise<Workload> {
  const { bootstrap, topic, workload, recorder, partitions } = options;
  const { acks, retries } = workload;
  const acknowledged = new Map<number, number>();
  const consumers: MessageConsumer[] = [];
  const reading = new Reading(recorder);
  const producer = await createProducer({ bootstrap, acks, retries });
  try {
    for (let index = 1; index <= workload.consumers; index += 1)
      consumers.push(await startConsumer(`consumer-${index}`, options, reading));
  } catch (error) {
    await Promise.allSettled([producer.close(), ...consumers.map((consumer) => consumer.close())]);
    throw error;
  }
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // each lane listens: no leak
  const counter = { op: 0 };
  const lanes = laneKeys(workload.keys, partitions).map((key, index, { length }) =>
    runLane({
      key,
      topic,
      producer,
      recorder,
      counter,
      intervalMs: (length * 1000) / workload.ratePerSecond,
      // Lanes begin one after another, so that the rate is even.
      firstMs: (index * 1000) / workload.ratePerSecond,
      stopping: stopping.signal,
      onAcknowledged: (partition, count) => acknowledged.set(partition, (acknowledged.get(partition) ?? 0) + count),
    }),
  );
  const produced = Promise.all(lanes);
  produced.catch(() => {}); // whoever stops them hears of it
  return {
    acknowledged: (partition) => acknowledged.get(partition) ?? 0,
    readTo: (partition) => reading.readTo(partition),
    ready: Promise.all(consumers.map((consumer) => consumer.ready)),
    async stopProducing(timeoutMs) {
      stopping.abort();
      const patience = new AbortController();
      const over = delay(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
      await Promise.race([produced, over]);
      patience.abort();
    },
    async close() {
      stopping.abort();
      await Promise.allSettled([producer.close(), ...consumers.map((consumer) => consumer.close())]);
      reading.flush();
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

interface Lane {
  readonly key: string;
  readonly topic: string;
  readonly producer: MessageProducer;
  readonly recorder: Recorder;
  readonly counter: { op: number };
  readonly intervalMs: number;
  readonly firstMs: number;
  readonly stopping: AbortSignal;
  readonly onAcknowledged: (partition: number, count: number) => void;
}

async function runLane(lane: Lane): Promise<void> {
  const { key, topic, producer, recorder, counter, intervalMs, stopping } = lane;
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
    recorder.record({ type: 'send', op, key, first, count, via: 'kafka' });
    try {
      const messages = Array.from({ length: count }, (_each, index) => ({ key, value: valueText(key, first + index) }));
      const [place] = await producer.send(topic, messages);
      if (place === undefined || place.offset < 0n) recorder.record({ type: 'sent', op, outcome: 'ok' });
      else {
        const { partition } = place;
        recorder.record({ type: 'sent', op, outcome: 'ok', partition, offset: Number(place.offset) });
        lane.onAcknowledged(partition, count);
      }
    } catch (error) {
      // The last try's reason says nothing of the tries before it: any of them may have been written.
      const why = (isClientError(error) ? error.message : String(error)).slice(0, 200);
      recorder.record({ type: 'sent', op, outcome: 'unknown', why });
    }
  }
}

function valueText(key: string, number: number): string {
  return `${key}:${number} `.padEnd(valueBytes, '.');
}

/** `k3:17` of a record's value; undefined for one that is none of ours. */
export function readValue(value: Buffer | undefined): string | undefined {
  const [text = ''] = (value?.toString('latin1') ?? '').split(' ', 1);
  return /^[^:]+:\d+$/.test(text) ? text : undefined;
}

async function startConsumer(
  name: string,
  { bootstrap, topic, recorder }: WorkloadOptions,
  reading: Reading,
): Promise<MessageConsumer> {
  return await createConsumer({
    bootstrap,
    group: `group.${topic}`,
    topics: [topic],
    fromBeginning: true,
    onJoin: () => {
      reading.flush();
      recorder.record({ type: 'joined', consumer: name });
    },
    onMessage: ({ partition, offset, value }) => {
      const said = readValue(value);
      if (said !== undefined) reading.add(name, partition, Number(offset), said);
    },
  });
}

interface Gathered {
  readonly consumer: string;
  readonly partition: number;
  readonly offset: number;
  readonly values: string[];
}

/** Records that follow each other become one line; a line for each would be most of the history. */
class Reading {
  readonly #recorder: Recorder;
  readonly #gathered = new Map<string, Gathered>();
  readonly #readTo = new Map<number, number>();
  #scheduled = false;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  add(consumer: string, partition: number, offset: number, value: string): void {
    this.#readTo.set(partition, Math.max(this.readTo(partition), offset + 1));
    const place = `${consumer}\n${partition}`;
    const open = this.#gathered.get(place);
    if (open !== undefined && open.offset + open.values.length === offset) open.values.push(value);
    else {
      if (open !== undefined) this.#write(open);
      this.#gathered.set(place, { consumer, partition, offset, values: [value] });
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  readTo(partition: number): number {
    return this.#readTo.get(partition) ?? 0;
  }

  flush(): void {
    this.#scheduled = false;
    for (const gathered of this.#gathered.values()) this.#write(gathered);
    this.#gathered.clear();
  }

  #write({ consumer, partition, offset, values }: Gathered): void {
    this.#recorder.record({ type: 'poll', consumer, partition, offset, values });
  }
}
