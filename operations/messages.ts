/**
 * First messages through a cluster that just came up, as the platform's own producers and consumers send and receive them: the dataset's id is the
 * key, and the dataset of `monitoring.pms` is `pms`. Sources: the platform's messaging document (topics, groups, client ids, acks, retries).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createConsumer, createProducer, type MessageProducer } from '../clients/kafka/messaging.ts';
import type { Deployment } from './deployment.ts';
import { messagesLost } from './errors.ts';
import { readManifest } from './topics.ts';

export interface MessageReport {
  readonly topic: string;
  readonly group: string;
  readonly sent: number;
  readonly received: number;
  /** From before the send to the leader's acknowledgement; median, milliseconds. */
  readonly acknowledgedMs: number;
  /** From before the send to the consumer; median, milliseconds. */
  readonly receivedMs: number;
}

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly report: (progress: string) => void;
  readonly signal: AbortSignal;
}

const monitoringPrefix = 'monitoring.';

/** Enough to reach every partition of a topic, few enough to be over at once. */
const messagesPerTopic = 12;

/** @throws EnsembleError OPERATIONS_MESSAGES_NOT_RECEIVED, and what the Kafka client throws */
export async function exchangeMessages(
  deployment: Deployment,
  options: ExchangeOptions,
): Promise<readonly MessageReport[]> {
  const manifest = await readManifest(deployment);
  const topics = manifest.topics.map(({ name }) => name).filter((name) => name.startsWith(monitoringPrefix));
  if (topics.length === 0) return [];
  const producer = await createProducer({ bootstrap: deployment.bootstrap });
  try {
    // All of them to their end, also where one fails: a consumer that nobody waits for would keep this command alive.
    const outcomes = await Promise.allSettled(topics.map((topic) => exchangeOn(topic, producer, deployment, options)));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  } finally {
    await producer.close();
  }
}

async function exchangeOn(
  topic: string,
  producer: MessageProducer,
  { bootstrap }: Deployment,
  options: ExchangeOptions,
): Promise<MessageReport> {
  const { timeoutMs, report, signal } = options;
  const dataset = topic.slice(monitoringPrefix.length);
  const group = `group.${topic}`;
  const run = randomUUID();
  const sentAt = new Map<string, number>();
  const receivedMs: number[] = [];
  const consumer = await createConsumer({
    bootstrap,
    group,
    topics: [topic],
    onMessage: ({ headers }) => {
      const at = headers.run === run ? sentAt.get(headers.message ?? '') : undefined;
      if (at !== undefined) receivedMs.push(performance.now() - at);
    },
  });
  try {
    await within(consumer.ready, topic, options);
    const acknowledgedMs: number[] = [];
    for (let index = 0; index < messagesPerTopic; index += 1) {
      const id = `${dataset}-${index + 1}`;
      const before = performance.now();
      sentAt.set(id, before);
      const value = JSON.stringify({ [dataset]: { id }, sentAt: new Date().toISOString() });
      await producer.send(topic, [{ key: id, value, headers: { run, message: id } }]);
      acknowledgedMs.push(performance.now() - before);
    }
    const deadline = performance.now() + timeoutMs;
    while (receivedMs.length < messagesPerTopic) {
      if (performance.now() > deadline)
        throw messagesLost(topic, messagesPerTopic, receivedMs.length, Math.round(timeoutMs / 1000));
      await delay(5, undefined, { signal });
    }
    report(`${topic} received`);
    return {
      topic,
      group,
      sent: messagesPerTopic,
      received: receivedMs.length,
      acknowledgedMs: median(acknowledgedMs),
      receivedMs: median(receivedMs),
    };
  } finally {
    await consumer.close();
  }
}

/** A group that cannot be joined is retried by its consumer without end: the bound is ours. */
async function within(ready: Promise<void>, topic: string, { timeoutMs, signal }: ExchangeOptions): Promise<void> {
  const patience = new AbortController();
  try {
    await Promise.race([
      ready,
      delay(timeoutMs, undefined, { signal: AbortSignal.any([signal, patience.signal]) }).then(() => {
        throw messagesLost(topic, messagesPerTopic, 0, Math.round(timeoutMs / 1000));
      }),
    ]);
  } finally {
    patience.abort();
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
