/**
 * CreateTopics (19), version 4: new topics, each with its own answer.
 *
 * Not repeatable: after a lost connection the topics may be there, and a second request would call them duplicates. Whoever asks looks again.
 */
import type Decoder from 'kafkajs/src/protocol/decoder.js';
import { type Api, notController, readText, type Throttled, writeArray } from '../api.ts';
import type { KafkaConnection, SendOptions } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, string>>;
  /** Broker ids by partition, the preferred leader first. Kafka places the replicas itself where it is left out. */
  readonly assignment?: readonly (readonly number[])[];
}

/** What one topic of a request was answered. */
export interface TopicOutcome {
  readonly topic: string;
  readonly error: KafkaFault | undefined;
}

export interface TopicsResponse extends Throttled {
  readonly topics: readonly TopicOutcome[];
}

export interface CreateTopicsRequest {
  readonly topics: readonly NewTopic[];
  /** How long the broker waits for the topics to have leaders before it answers REQUEST_TIMED_OUT (and goes on making them). */
  readonly brokerTimeoutMs: number;
  readonly validateOnly: boolean;
}

/** What every change through the controller takes. */
export interface ChangeOptions {
  readonly brokerTimeoutMs: number;
  readonly validateOnly?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** @internal */
export const createTopicsApi: Api<CreateTopicsRequest, TopicsResponse> = {
  name: 'CreateTopics',
  version: 4,
  repeatable: false,
  encode(encoder, { topics, brokerTimeoutMs, validateOnly }) {
    writeArray(encoder, topics, ({ topic, partitions, replicas, config, assignment }) => {
      encoder.writeString(topic);
      // With an assignment the counts follow from it, and Kafka wants them as -1.
      encoder.writeInt32(assignment === undefined ? partitions : -1);
      encoder.writeInt16(assignment === undefined ? replicas : -1);
      writeArray(encoder, [...(assignment ?? []).entries()], ([partition, brokers]) => {
        encoder.writeInt32(partition);
        writeArray(encoder, brokers, (id) => encoder.writeInt32(id));
      });
      writeArray(encoder, Object.entries(config), ([name, value]) => encoder.writeString(name).writeString(value));
    });
    encoder.writeInt32(brokerTimeoutMs).writeBoolean(validateOnly);
  },
  decode: readTopicOutcomes,
  movedController: answeredNotController,
};

/** How CreateTopics and CreatePartitions answer, in the versions that we speak. */
export function readTopicOutcomes(decoder: Decoder): TopicsResponse {
  const throttleTimeMs = decoder.readInt32();
  const topics = decoder.readArray((row): TopicOutcome => {
    const topic = readText(row);
    const code = row.readInt16();
    return { topic, error: faultOf(code, row.readString()) };
  });
  return { throttleTimeMs, topics };
}

/** One request to the controller; the caller chunks. Throws as KafkaConnection.send. */
export async function createTopics(
  connection: KafkaConnection,
  topics: readonly NewTopic[],
  { brokerTimeoutMs, validateOnly = false, signal }: ChangeOptions,
): Promise<readonly TopicOutcome[]> {
  if (topics.length === 0) return [];
  const request = { topics, brokerTimeoutMs, validateOnly };
  return (await connection.send(createTopicsApi, request, toController(brokerTimeoutMs, signal))).topics;
}

export function answeredNotController({ topics }: TopicsResponse): boolean {
  return topics.some(({ error }) => error?.code === notController);
}

/** The client must outwait the broker: an answer that comes after we have given up leaves us not knowing. */
export function toController(brokerTimeoutMs: number, signal?: AbortSignal): SendOptions {
  return { to: 'controller', timeoutMs: brokerTimeoutMs + answerMarginMs, signal };
}

const answerMarginMs = 15_000;
