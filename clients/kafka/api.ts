/**
 * One request of Kafka's protocol: its number, the one version that we speak, and how it is written and read.
 *
 * Versions are those that Kafka 2.6 to 3.9 all speak (most of 4.x too), and the last before "flexible" encoding where there is one: simpler to read
 * in a capture. Source: Kafka's message definitions, clients/src/main/resources/common/message/*.json.
 */
import type Decoder from 'kafkajs/src/protocol/decoder.js';
import type Encoder from 'kafkajs/src/protocol/encoder.js';

/** Kafka's numbers for the requests that we send. */
export const apiKeys = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetFetch: 9,
  FindCoordinator: 10,
  DescribeGroups: 15,
  ListGroups: 16,
  ApiVersions: 18,
  CreateTopics: 19,
  DeleteTopics: 20,
  InitProducerId: 22,
  DescribeConfigs: 32,
  DescribeLogDirs: 35,
  CreatePartitions: 37,
  ElectLeaders: 43,
  IncrementalAlterConfigs: 44,
  AlterPartitionReassignments: 45,
  ListPartitionReassignments: 46,
} as const;

export type ApiName = keyof typeof apiKeys;

export interface Api<Request, Response extends Throttled> {
  readonly name: ApiName;
  readonly version: number;
  /** Compact strings and tagged fields, in the headers too (KIP-482). */
  readonly flexible?: boolean;
  /** May be sent again after a lost connection without a second effect. */
  readonly repeatable: boolean;
  encode(encoder: Encoder, request: Request): void;
  decode(decoder: Decoder): Response;
  /** Whether the answer says that another broker is the controller by now. Only for requests to the controller. */
  movedController?(response: Response): boolean;
}

export interface Throttled {
  /** How long the broker asks us to be silent. The connection obeys; callers need not. */
  readonly throttleTimeMs: number;
}

/** Kafka's NOT_CONTROLLER. */
export const notController = 41;

export function writeArray<T>(encoder: Encoder, items: readonly T[], write: (item: T) => void): void {
  encoder.writeInt32(items.length);
  for (const item of items) write(item);
}

/** Null is not the empty array: in Metadata the one asks for every topic, the other for none. */
export function writeNullableArray<T>(
  encoder: Encoder,
  items: readonly T[] | undefined,
  write: (item: T) => void,
): void {
  if (items === undefined) encoder.writeInt32(-1);
  else writeArray(encoder, items, write);
}

export function writeCompactArray<T>(
  encoder: Encoder,
  items: readonly T[] | undefined,
  write: (item: T) => void,
): void {
  encoder.writeUVarInt(items === undefined ? 0 : items.length + 1);
  for (const item of items ?? []) write(item);
}

/** We send no tagged fields. */
export function writeNoTags(encoder: Encoder): void {
  encoder.writeUVarInt(0);
}

/** Skips fields that newer brokers add. KafkaJS's own reader of them counts a byte too few. */
export function skipTags(decoder: Decoder): void {
  const count = decoder.readUVarInt();
  for (let index = 0; index < count; index += 1) {
    decoder.readUVarInt();
    decoder.forward(decoder.readUVarInt());
  }
}

/** A string that the protocol lets be null, but that means nothing then. */
export function readText(decoder: Decoder): string {
  return decoder.readString() ?? '';
}

export function readIds(decoder: Decoder): number[] {
  return decoder.readArray((ids) => ids.readInt32());
}
