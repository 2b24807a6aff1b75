/**
 * Metadata (3): brokers, controller, and topics with their partitions. Version 7 (leader epochs), from Kafka 2.1.
 *
 * A partition without a leader is an answer here, not an exception: KafkaJS's own admin throws on the first one, and so cannot even
 * list topics on a degraded cluster (tulios/kafkajs#1460).
 */
import type Decoder from 'kafkajs/src/protocol/decoder.js';
import { type Api, readIds, readText, type Throttled, writeNullableArray } from '../api.ts';
import { faultOf, type KafkaFault } from '../fault.ts';

export interface MetadataRequest {
  /** `undefined` asks for every topic, an empty list for none (brokers and controller only). */
  readonly topics: readonly string[] | undefined;
}

export interface BrokerMetadata {
  readonly id: number;
  /** As the broker advertises it to this listener. */
  readonly host: string;
  readonly port: number;
  readonly rack: string | undefined;
}

export interface PartitionMetadata {
  readonly partition: number;
  /** LEADER_NOT_AVAILABLE, REPLICA_NOT_AVAILABLE and the like: the rest of the entry is valid beside it. */
  readonly fault: KafkaFault | undefined;
  /** `undefined` while nobody leads. */
  readonly leader: number | undefined;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
  readonly offline: readonly number[];
}

export interface TopicMetadata {
  readonly topic: string;
  /** UNKNOWN_TOPIC_OR_PARTITION for a topic that is not there. */
  readonly fault: KafkaFault | undefined;
  /** Kafka's own, such as __consumer_offsets. */
  readonly internal: boolean;
  /** In order of their numbers. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface ClusterMetadata extends Throttled {
  readonly clusterId: string;
  /** `undefined` while none is elected. */
  readonly controllerId: number | undefined;
  /** Those registered now, by id: a dead broker is not among them. */
  readonly brokers: readonly BrokerMetadata[];
  readonly topics: readonly TopicMetadata[];
}

export const metadataApi: Api<MetadataRequest, ClusterMetadata> = {
  name: 'Metadata',
  version: 7,
  repeatable: true,
  encode(encoder, { topics }) {
    writeNullableArray(encoder, topics, (topic) => encoder.writeString(topic));
    encoder.writeBoolean(false); // allow_auto_topic_creation: asking about a topic must never make it
  },
  decode(decoder) {
    const throttleTimeMs = decoder.readInt32();
    const brokers = decoder.readArray(readBroker).sort((a, b) => a.id - b.id);
    const clusterId = readText(decoder);
    const controllerId = nodeId(decoder.readInt32());
    return { throttleTimeMs, clusterId, controllerId, brokers, topics: decoder.readArray(readTopic) };
  },
};

function readBroker(decoder: Decoder): BrokerMetadata {
  return {
    id: decoder.readInt32(),
    host: readText(decoder),
    port: decoder.readInt32(),
    rack: decoder.readString() ?? undefined,
  };
}

function readTopic(decoder: Decoder): TopicMetadata {
  const fault = faultOf(decoder.readInt16());
  const topic = readText(decoder);
  const internal = decoder.readBoolean();
  const partitions = decoder.readArray(readPartition).sort((a, b) => a.partition - b.partition);
  return { topic, fault, internal, partitions };
}

function readPartition(decoder: Decoder): PartitionMetadata {
  const fault = faultOf(decoder.readInt16());
  const partition = decoder.readInt32();
  const leader = nodeId(decoder.readInt32());
  decoder.readInt32(); // leader_epoch
  return { partition, fault, leader, replicas: readIds(decoder), inSync: readIds(decoder), offline: readIds(decoder) };
}

/** Kafka writes "none" as -1. */
function nodeId(id: number): number | undefined {
  return id < 0 ? undefined : id;
}
