/** Which partition a key belongs to, as Kafka's producers say by default (murmur2 of the key): those who share a topic agree on it. */
import { Partitioners } from 'kafkajs';

const partitioner = Partitioners.DefaultPartitioner();

/** From 0 on, below `partitions`. */
export function partitionOfKey(key: Buffer, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_each, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 0,
    replicas: [],
    isr: [],
  }));
  return partitioner({ topic: '', partitionMetadata, message: { key, value: null } });
}
