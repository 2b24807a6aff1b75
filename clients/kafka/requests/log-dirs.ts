/**
 * DescribeLogDirs (35), version 1: what each partition takes on a broker's disks, and how far a replica is behind there. Each broker answers for itself;
 * a directory that failed is an answer, with its fault.
 */
import { type Api, readText, type Throttled, writeArray, writeNullableArray } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';
import { byTopic } from './by-topic.ts';
import type { TopicPartition } from './list-offsets.ts';

export interface LogDir {
  readonly path: string;
  /** KAFKA_STORAGE_ERROR for a disk that is gone. */
  readonly fault: KafkaFault | undefined;
  readonly replicas: readonly LogReplica[];
}

export interface LogReplica extends TopicPartition {
  readonly sizeBytes: number;
  /** Records behind the leader's high watermark, as this broker knows it. */
  readonly lag: number;
  /** A copy that will replace the replica of another directory. */
  readonly future: boolean;
}

/** @internal */
export interface LogDirsRequest {
  /** `undefined` for everything on the broker. */
  readonly partitions: readonly TopicPartition[] | undefined;
}

/** @internal */
export const logDirsApi: Api<LogDirsRequest, Throttled & { readonly dirs: readonly LogDir[] }> = {
  name: 'DescribeLogDirs',
  version: 1,
  repeatable: true,
  encode(encoder, { partitions }) {
    writeNullableArray(encoder, partitions && byTopic(partitions), ([topic, list]) => {
      encoder.writeString(topic);
      writeArray(encoder, list, ({ partition }) => encoder.writeInt32(partition));
    });
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const dirs = decoder.readArray((row): LogDir => {
      const fault = faultOf(row.readInt16());
      const path = readText(row);
      const topics = row.readArray((cell) => {
        const topic = readText(cell);
        return cell.readArray((replica) => ({
          topic,
          partition: replica.readInt32(),
          sizeBytes: Number(replica.readInt64()),
          lag: Number(replica.readInt64()),
          future: replica.readBoolean(),
        }));
      });
      return { path, fault, replicas: topics.flat() };
    });
    return { throttleTimeMs, dirs };
  },
};

/** The disks of one broker. Throws as KafkaConnection.send. */
export async function describeLogDirs(
  connection: KafkaConnection,
  {
    broker,
    partitions,
    signal,
  }: {
    readonly broker: number;
    readonly partitions?: readonly TopicPartition[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly LogDir[]> {
  return (await connection.send(logDirsApi, { partitions }, { to: broker, signal })).dirs;
}
