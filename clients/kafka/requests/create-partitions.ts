/** CreatePartitions (37), version 1: raises partition counts, each topic with its own answer. Kafka has no way to lower one. */
import { type Api, writeArray, writeNullableArray } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import {
  answeredNotController,
  type ChangeOptions,
  readTopicOutcomes,
  type TopicOutcome,
  type TopicsResponse,
  toController,
} from './create-topics.ts';

export interface MorePartitions {
  readonly topic: string;
  /** The whole count afterwards, not how many are added. */
  readonly count: number;
  /** Broker ids for each partition that is added. */
  readonly assignment?: readonly (readonly number[])[];
}

export interface CreatePartitionsRequest {
  readonly topics: readonly MorePartitions[];
  readonly brokerTimeoutMs: number;
  readonly validateOnly: boolean;
}

/** @internal */
export const createPartitionsApi: Api<CreatePartitionsRequest, TopicsResponse> = {
  name: 'CreatePartitions',
  version: 1,
  repeatable: false,
  encode(encoder, { topics, brokerTimeoutMs, validateOnly }) {
    writeArray(encoder, topics, ({ topic, count, assignment }) => {
      encoder.writeString(topic).writeInt32(count);
      writeNullableArray(encoder, assignment, (brokers) =>
        writeArray(encoder, brokers, (id) => encoder.writeInt32(id)),
      );
    });
    encoder.writeInt32(brokerTimeoutMs).writeBoolean(validateOnly);
  },
  decode: readTopicOutcomes,
  movedController: answeredNotController,
};

/** One request to the controller; the caller chunks. Throws as KafkaConnection.send. */
export async function createPartitions(
  connection: KafkaConnection,
  topics: readonly MorePartitions[],
  { brokerTimeoutMs, validateOnly = false, signal }: ChangeOptions,
): Promise<readonly TopicOutcome[]> {
  if (topics.length === 0) return [];
  const request = { topics, brokerTimeoutMs, validateOnly };
  return (await connection.send(createPartitionsApi, request, toController(brokerTimeoutMs, signal))).topics;
}
