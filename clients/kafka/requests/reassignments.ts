/**
 * AlterPartitionReassignments (45) and ListPartitionReassignments (46), version 0: moves replicas, says what is moving, and cancels it (KIP-455).
 * The answer for each partition is data; KafkaJS's reader throws one error for all of them and knows no cancel.
 */
import type Decoder from 'kafkajs/src/protocol/decoder.js';
import { type Api, notController, skipTags, type Throttled, writeCompactArray, writeNoTags } from '../api.ts';
import type { KafkaConnection } from '../connection.ts';
import { faultOf, type KafkaFault } from '../fault.ts';
import { byTopic } from './by-topic.ts';
import { toController } from './create-topics.ts';

export interface PartitionMove {
  readonly topic: string;
  readonly partition: number;
  /** The broker ids wanted, the preferred leader first; `undefined` cancels a move under way. */
  readonly replicas: readonly number[] | undefined;
}

export interface PartitionOutcome {
  readonly topic: string;
  readonly partition: number;
  readonly error: KafkaFault | undefined;
}

/** A move under way. */
export interface Reassignment {
  readonly topic: string;
  readonly partition: number;
  /** All of them, those that come and those that go. */
  readonly replicas: readonly number[];
  readonly adding: readonly number[];
  readonly removing: readonly number[];
}

interface AlterResponse extends Throttled {
  readonly error: KafkaFault | undefined;
  readonly partitions: readonly PartitionOutcome[];
}

interface ListResponse extends Throttled {
  readonly error: KafkaFault | undefined;
  readonly reassignments: readonly Reassignment[];
}

export interface AlterReassignmentsRequest {
  readonly moves: readonly PartitionMove[];
  readonly brokerTimeoutMs: number;
}

/** @internal */
export const alterReassignmentsApi: Api<AlterReassignmentsRequest, AlterResponse> = {
  name: 'AlterPartitionReassignments',
  version: 0,
  flexible: true,
  repeatable: true, // the same target twice is one move
  encode(encoder, { moves, brokerTimeoutMs }) {
    encoder.writeInt32(brokerTimeoutMs);
    writeCompactArray(encoder, byTopic(moves), ([topic, partitions]) => {
      encoder.writeUVarIntString(topic);
      writeCompactArray(encoder, partitions, ({ partition, replicas }) => {
        encoder.writeInt32(partition);
        writeCompactArray(encoder, replicas, (id) => encoder.writeInt32(id));
        writeNoTags(encoder);
      });
      writeNoTags(encoder);
    });
    writeNoTags(encoder);
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const code = decoder.readInt16();
    const error = faultOf(code, decoder.readUVarIntString());
    const topics = readCompactArray(decoder, (row) => {
      const topic = row.readUVarIntString() ?? '';
      const partitions = readCompactArray(row, (cell): PartitionOutcome => {
        const partition = cell.readInt32();
        const partitionCode = cell.readInt16();
        const partitionError = faultOf(partitionCode, cell.readUVarIntString());
        skipTags(cell);
        return { topic, partition, error: partitionError };
      });
      skipTags(row);
      return partitions;
    });
    skipTags(decoder);
    return { throttleTimeMs, error, partitions: topics.flat() };
  },
  movedController: ({ error }) => error?.code === notController,
};

/** @internal */
export const listReassignmentsApi: Api<{ readonly brokerTimeoutMs: number }, ListResponse> = {
  name: 'ListPartitionReassignments',
  version: 0,
  flexible: true,
  repeatable: true,
  encode(encoder, { brokerTimeoutMs }) {
    encoder.writeInt32(brokerTimeoutMs);
    writeCompactArray(encoder, undefined, () => {}); // null: of every topic
    writeNoTags(encoder);
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const code = decoder.readInt16();
    const error = faultOf(code, decoder.readUVarIntString());
    const topics = readCompactArray(decoder, (row) => {
      const topic = row.readUVarIntString() ?? '';
      const partitions = readCompactArray(row, (cell): Reassignment => {
        const partition = cell.readInt32();
        const ids = () => readCompactArray(cell, (id) => id.readInt32());
        const reassignment = { topic, partition, replicas: ids(), adding: ids(), removing: ids() };
        skipTags(cell);
        return reassignment;
      });
      skipTags(row);
      return partitions;
    });
    skipTags(decoder);
    return { throttleTimeMs, error, reassignments: topics.flat() };
  },
  movedController: ({ error }) => error?.code === notController,
};

/** One request to the controller. A fault of the whole request is every partition's. Throws as KafkaConnection.send. */
export async function alterReassignments(
  connection: KafkaConnection,
  moves: readonly PartitionMove[],
  { brokerTimeoutMs, signal }: { readonly brokerTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly PartitionOutcome[]> {
  if (moves.length === 0) return [];
  const options = toController(brokerTimeoutMs, signal);
  const { error, partitions } = await connection.send(alterReassignmentsApi, { moves, brokerTimeoutMs }, options);
  return error === undefined ? partitions : moves.map(({ topic, partition }) => ({ topic, partition, error }));
}

/** Every move under way in the cluster, or the fault that the question met. Throws as KafkaConnection.send. */
export async function listReassignments(
  connection: KafkaConnection,
  { brokerTimeoutMs, signal }: { readonly brokerTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly error: KafkaFault | undefined; readonly reassignments: readonly Reassignment[] }> {
  const { error, reassignments } = await connection.send(
    listReassignmentsApi,
    { brokerTimeoutMs },
    toController(brokerTimeoutMs, signal),
  );
  return { error, reassignments };
}

function readCompactArray<T>(decoder: Decoder, read: (decoder: Decoder) => T): T[] {
  return decoder.readUVarIntArray(read) ?? [];
}
