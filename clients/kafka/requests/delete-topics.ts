/** DeleteTopics (20), version 3. The wire only: the consents that a deletion needs are asked for elsewhere. */
import { type Api, readText, writeArray } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import { faultOf } from '../fault.ts';
import { answeredNotController, type TopicOutcome, type TopicsResponse, toController } from './create-topics.ts';

export interface DeleteTopicsRequest {
  readonly topics: readonly string[];
  readonly brokerTimeoutMs: number;
}

/** @internal */
export const deleteTopicsApi: Api<DeleteTopicsRequest, TopicsResponse> = {
  name: 'DeleteTopics',
  version: 3,
  repeatable: false,
  encode(encoder, { topics, brokerTimeoutMs }) {
    writeArray(encoder, topics, (topic) => encoder.writeString(topic));
    encoder.writeInt32(brokerTimeoutMs);
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const topics = decoder.readArray(
      (row): TopicOutcome => ({ topic: readText(row), error: faultOf(row.readInt16()) }),
    );
    return { throttleTimeMs, topics };
  },
  movedController: answeredNotController,
};

/** One request to the controller; the caller chunks. Throws as KafkaConnection.send. */
export async function deleteTopics(
  connection: KafkaConnection,
  topics: readonly string[],
  { brokerTimeoutMs, signal }: { readonly brokerTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly TopicOutcome[]> {
  if (topics.length === 0) return [];
  const options = toController(brokerTimeoutMs, signal);
  return (await connection.send(deleteTopicsApi, { topics, brokerTimeoutMs }, options)).topics;
}
