/**
 * Publishing for a service that answers for the message: every in-sync replica has it (acks=all) before the answer, in one request for a batch, into one
 * partition. messaging.ts is for the platform's own producers, who ask less and send with keys.
 */
import { Kafka, logLevel } from 'kafkajs';
import { reason, unreachable } from '../errors.ts';
import { kafkaJsSasl } from './broker-link.ts';
import type { MessagingOptions } from './messaging.ts';
import './kafkajs.ts';

export interface PublishedRecord {
  readonly key?: Buffer | undefined;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, Buffer>> | undefined;
}

export interface Publisher {
  /** Answers with the offset of the first record; the others follow it without a gap. Throws CLIENT_UNREACHABLE: what became of it is not known. */
  publish(topic: string, partition: number, records: readonly PublishedRecord[]): Promise<number>;
  close(): Promise<void>;
}

const allInSync = -1;
/** As upstream's producer. */
const retries = 5;
const firstRetryMs = 50;

/** Throws CLIENT_UNREACHABLE. */
export async function createPublisher(options: MessagingOptions): Promise<Publisher> {
  const { bootstrap, connectionTimeoutMs = 5_000, tls, sasl, clientId = 'publisher' } = options;
  const producer = new Kafka({
    brokers: [...bootstrap],
    clientId,
    connectionTimeout: connectionTimeoutMs,
    retry: { retries, initialRetryTime: firstRetryMs },
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(sasl === undefined ? {} : { sasl: kafkaJsSasl(sasl) }),
    logLevel: logLevel.NOTHING,
  }).producer({ allowAutoTopicCreation: false, createPartitioner: () => () => 0 });
  const reaching = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      const why = reason(error);
      throw unreachable(
        'Kafka',
        bootstrap.map((address) => ({ address, why })),
        error,
      );
    }
  };
  await reaching(() => producer.connect());
  return {
    async publish(topic, partition, records) {
      const messages = records.map(({ key, value, headers }) => ({
        key: key ?? null,
        value,
        partition,
        ...(headers === undefined ? {} : { headers: { ...headers } }),
      }));
      const [answer] = await reaching(() => producer.send({ topic, acks: allInSync, messages }));
      return Number(answer?.baseOffset ?? -1);
    },
    close: () => producer.disconnect(),
  };
}
