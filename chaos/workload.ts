/** Producers and consumers of Kafka as the platform's own are, and what they saw, into the history. */
import { isClientError } from '../clients/errors.ts';
import {
  createConsumer,
  createProducer,
  type MessageConsumer,
  type MessageProducer,
} from '../clients/kafka/messaging.ts';
import type { Recorder } from './history.ts';
import { readValue, type SendOutcome, startLanes } from './lanes.ts';
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
  /** Whether everything that was acknowledged has come to whoever is to have it, beyond what readTo says. */
  isDelivered(): boolean;
  /** For how long nothing new has come by any way, up to the last time that it was asked for and answered; 0 for who cannot say, as a group's members. */
  quietMs(): number;
  /** Settled once every consumer has its partitions. */
  readonly ready: Promise<unknown>;
  /** No new request; returns once those on their way have ended, or after `timeoutMs`: what has no end then is unknown. */
  stopProducing(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

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
  const ready = Promise.all(consumers.map((consumer) => consumer.ready));
  ready.catch(() => {}); // of one that is closed before it had partitions; whoever waits for it hears of it
  const lanes = startLanes({
    workload,
    partitions,
    recorder,
    via: 'kafka',
    send: (messages) => send(producer, topic, messages),
    onAcknowledged: ({ partition }, _key, _first, count) => {
      if (partition !== undefined) acknowledged.set(partition, (acknowledged.get(partition) ?? 0) + count);
    },
  });
  return {
    acknowledged: (partition) => acknowledged.get(partition) ?? 0,
    readTo: (partition) => reading.readTo(partition),
    ready,
    isDelivered: () => true,
    quietMs: () => 0,
    stopProducing: (timeoutMs) => lanes.stop(timeoutMs),
    async close() {
      await lanes.stop(0);
      await Promise.allSettled([producer.close(), ...consumers.map((consumer) => consumer.close())]);
      reading.flush();
    },
  };
}

async function send(
  producer: MessageProducer,
  topic: string,
  messages: readonly { readonly key: string; readonly value: string }[],
): Promise<SendOutcome> {
  try {
    const [place] = await producer.send(topic, messages);
    if (place === undefined || place.offset < 0n) return { outcome: 'ok' };
    return { outcome: 'ok', partition: place.partition, offset: Number(place.offset) };
  } catch (error) {
    // The last try's reason says nothing of the tries before it: any of them may have been written.
    return { outcome: 'unknown', why: (isClientError(error) ? error.message : String(error)).slice(0, 200) };
  }
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
