/** ElectLeaders (43), version 1: gives partitions back to their preferred leader, the first of their replicas. KafkaJS has no such request. */
import { type Api, notController, readText, type Throttled, writeArray } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';
import { byTopic } from './by-topic.ts';
import { toController } from './create-topics.ts';
import type { TopicPartition } from './list-offsets.ts';
import type { PartitionOutcome } from './reassignments.ts';

/** @internal */
export interface ElectLeadersRequest {
  readonly partitions: readonly TopicPartition[];
  readonly brokerTimeoutMs: number;
}

interface ElectLeadersResponse extends Throttled {
  readonly error: KafkaFault | undefined;
  readonly partitions: readonly PartitionOutcome[];
}

/** The other kind, unclean, may lose records; nobody here asks for it. */
const preferred = 0;

/** @internal */
export const electLeadersApi: Api<ElectLeadersRequest, ElectLeadersResponse> = {
  name: 'ElectLeaders',
  version: 1,
  repeatable: true,
  encode(encoder, { partitions, brokerTimeoutMs }) {
    encoder.writeInt8(preferred);
    writeArray(encoder, byTopic(partitions), ([topic, list]) => {
      encoder.writeString(topic);
      writeArray(encoder, list, ({ partition }) => encoder.writeInt32(partition));
    });
    encoder.writeInt32(brokerTimeoutMs);
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const error = faultOf(decoder.readInt16());
    const topics = decoder.readArray((row) => {
      const topic = readText(row);
      return row.readArray((cell): PartitionOutcome => {
        const partition = cell.readInt32();
        const code = cell.readInt16();
        return { topic, partition, error: faultOf(code, cell.readString()) };
      });
    });
    return { throttleTimeMs, error, partitions: topics.flat() };
  },
  movedController: ({ error, partitions }) =>
    error?.code === notController || partitions.some((partition) => partition.error?.code === notController),
};

/**
 * One request to the controller. ELECTION_NOT_NEEDED says that the preferred leader leads already; PREFERRED_LEADER_NOT_AVAILABLE that it is down
 * or not in sync. Throws as KafkaConnection.send.
 */
export async function electPreferredLeaders(
  connection: KafkaConnection,
  partitions: readonly TopicPartition[],
  { brokerTimeoutMs, signal }: { readonly brokerTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly PartitionOutcome[]> {
  if (partitions.length === 0) return [];
  const options = toController(brokerTimeoutMs, signal);
  const answer = await connection.send(electLeadersApi, { partitions, brokerTimeoutMs }, options);
  const { error } = answer;
  return error === undefined
    ? answer.partitions
    : partitions.map(({ topic, partition }) => ({ topic, partition, error }));
}
