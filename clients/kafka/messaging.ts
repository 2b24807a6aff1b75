/**
 * Producers and consumers as the platform's own are: KafkaJS, acknowledged by the leader alone, eight retries, client ids with four random digits,
 * the dataset's id as the key, so that a dataset's messages keep their order in one partition.
 *
 * Set apart from KafkaJS's defaults where those are slow: a first send waits 300 ms after each "no leader yet", a fetch of an idle broker 5 s
 * (and so does a disconnect), and a member that died without leaving holds its group for a session of 30 s.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, type KafkaMessage, Partitioners } from 'kafkajs';
import { isClientError, reason, timedOut, unreachable } from '../errors.ts';
import { kafkaJsSasl, type SaslOptions, type TlsOptions } from './broker-link.ts';
import { type KafkaLog, logOptions } from './kafkajs.ts';

export interface MessagingOptions {
  readonly bootstrap: readonly string[];
  /** Default: `producer.<4 digits>` or `consumer.<4 digits>`. */
  readonly clientId?: string;
  /** Default 5 000. */
  readonly connectionTimeoutMs?: number;
  readonly tls?: TlsOptions;
  readonly sasl?: SaslOptions;
  /** Nobody hears KafkaJS's log where it is left out. */
  readonly log?: KafkaLog;
}

export interface OutgoingMessage {
  /** The dataset's id, which decides the partition: `pms.id`, `mppt.id`, `inverter.id`. */
  readonly key: string;
  readonly value: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. Default: now. */
  readonly timestampMs?: number;
}

/** Where a message came to lie. */
export interface Acknowledgement {
  readonly partition: number;
  readonly offset: bigint;
}

export interface ProducerOptions extends MessagingOptions {
  /** Who must have a message before it is acknowledged: the leader alone (the default), or every in-sync replica. */
  readonly acks?: 1 | 'all';
  /** Of one send. Default 8. */
  readonly retries?: number;
}

export interface MessageProducer {
  readonly clientId: string;
  /** Sends in one batch; answers once it is acknowledged. Throws CLIENT_UNREACHABLE, CLIENT_TIMED_OUT: whether it was written is not known then. */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly Acknowledgement[]>;
  close(): Promise<void>;
}

export interface ReceivedMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | undefined;
  readonly value: Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** When the producer made it, milliseconds since 1970. */
  readonly timestampMs: number;
}

export interface ConsumerOptions extends MessagingOptions {
  /** Such as `group.monitoring.pms`. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a group without an offset begins. Default: with what comes after it has joined. */
  readonly fromBeginning?: boolean;
  /** How long a member that died holds its partitions. Default 6 000, the least that brokers allow (group.min.session.timeout.ms). */
  readonly sessionTimeoutMs?: number;
  /** How long a broker waits for messages before it answers with none. Default 100; a close waits for it. */
  readonly maxWaitMs?: number;
  /** The group has given this member its partitions, again after each rebalance. */
  readonly onJoin?: () => void;
  readonly onMessage: (message: ReceivedMessage) => void | Promise<void>;
}

export interface MessageConsumer {
  readonly clientId: string;
  readonly group: string;
  /** Settled once the group has given this member its partitions and it has asked for their first messages. Rejects when it cannot join. */
  readonly ready: Promise<void>;
  /** Leaves the group, so that the next member need not wait for the session to end. */
  close(): Promise<void>;
}

/** `producer.0042`: the form of the platform's client ids. @internal */
export function randomClientId(role: 'producer' | 'consumer'): string {
  return `${role}.${String(randomInt(10_000)).padStart(4, '0')}`;
}

/** Retries of one call, as the platform's producers have them. */
const retries = 8;
/** Of the first retry; each further one waits about twice as long. */
const firstRetryMs = 50;

/** Throws CLIENT_UNREACHABLE. */
export async function createProducer(options: ProducerOptions): Promise<MessageProducer> {
  const clientId = options.clientId ?? randomClientId('producer');
  const acks = options.acks === 'all' ? -1 : 1;
  const producer = kafka(options, clientId).producer({
    retry: { retries: options.retries ?? retries, initialRetryTime: firstRetryMs },
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await reaching(options, () => producer.connect());
  return {
    clientId,
    async send(topic, messages) {
      const records = await reaching(options, () =>
        producer.send({
          topic,
          acks,
          messages: messages.map(({ headers, timestampMs, ...message }) => ({
            ...message,
            headers: { ...headers },
            ...(timestampMs === undefined ? {} : { timestamp: String(timestampMs) }),
          })),
        }),
      );
      return records.map(({ partition, baseOffset }) => ({ partition, offset: BigInt(baseOffset ?? -1) }));
    },
    close: () => producer.disconnect(),
  };
}

/** Joins in the background: wait for `ready`, or read from the beginning. Throws CLIENT_UNREACHABLE. */
export async function createConsumer(options: ConsumerOptions): Promise<MessageConsumer> {
  const {
    group,
    topics,
    fromBeginning = false,
    sessionTimeoutMs = 6_000,
    maxWaitMs = 100,
    onJoin,
    onMessage,
  } = options;
  const clientId = options.clientId ?? randomClientId('consumer');
  let closing = false;
  const consumer = kafka(options, clientId).consumer({
    groupId: group,
    allowAutoTopicCreation: false,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.floor(sessionTimeoutMs / 4),
    maxWaitTimeInMs: maxWaitMs,
    retry: { retries, restartOnFailure: async () => !closing },
  });
  const { promise: ready, settle } = settledOnce();
  let joined = false;
  consumer.on('consumer.group_join', () => {
    joined = true;
    onJoin?.();
  });
  // KafkaJS settles "from now on" with its first fetch, after the join: a message sent between the two would be missed.
  consumer.on('consumer.fetch', () => {
    if (joined) settle();
  });
  // A crash stops the consumer first and says why after; most are followed by a restart, whose join settles it then.
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) settle(payload.error);
    // Closed in the very moment before KafkaJS set its timer: a second disconnect takes the timer away, else it would run forever.
    else if (closing) setImmediate(() => void consumer.disconnect().catch(() => {}));
  });
  consumer.on('consumer.stop', () => {
    if (closing) settle(new Error('the consumer was closed'));
  });
  try {
    await reaching(options, () => consumer.connect());
    await reaching(options, () => onceKnown(() => consumer.subscribe({ topics: [...topics], fromBeginning })));
  } catch (error) {
    await consumer.disconnect();
    throw error;
  }
  consumer
    .run({ eachMessage: async ({ topic, partition, message }) => onMessage(received(topic, partition, message)) })
    .catch(settle);
  return {
    clientId,
    group,
    ready,
    async close() {
      closing = true;
      await consumer.disconnect();
    },
  };
}

function kafka({ bootstrap, connectionTimeoutMs = 5_000, tls, sasl, log }: MessagingOptions, clientId: string): Kafka {
  return new Kafka({
    brokers: [...bootstrap],
    clientId,
    connectionTimeout: connectionTimeoutMs,
    retry: { retries, initialRetryTime: firstRetryMs },
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(sasl === undefined ? {} : { sasl: kafkaJsSasl(sasl) }),
    ...logOptions(log),
  });
}

function received(topic: string, partition: number, message: KafkaMessage): ReceivedMessage {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value.toString()] as const],
  );
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString(),
    value: message.value ?? undefined,
    headers: Object.fromEntries(headers),
    timestampMs: Number(message.timestamp),
  };
}

/** How long a broker may take to hear of a topic that another one has just made. */
const topicSpreadMs = 10_000;

/** KafkaJS asks one broker, any of them, and takes "no such topic" for the end; one that has not heard of it yet answers so. */
async function onceKnown(subscribe: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + topicSpreadMs;
  for (;;) {
    try {
      await subscribe();
      return;
    } catch (error) {
      const { retriable } = error as { retriable?: boolean };
      if (retriable !== true || performance.now() > deadline) throw error;
      await sleep(firstRetryMs);
    }
  }
}

async function reaching<T>({ bootstrap }: MessagingOptions, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isClientError(error)) throw error;
    const why = reason(error);
    if (/timed out/i.test(why)) throw timedOut('a message', bootstrap.join(', '), 30_000, error);
    throw unreachable(
      'Kafka',
      bootstrap.map((address) => ({ address, why })),
      error,
    );
  }
}

function settledOnce(): { promise: Promise<void>; settle: (error?: unknown) => void } {
  let settle: (error?: unknown) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  promise.catch(() => {}); // a caller that reads from the beginning need not look
  return { promise, settle };
}
