/** What retention does, on demand: a partition loses its records before an offset. KafkaJS's admin has the request; the product never sends it. */
import { Kafka, logLevel } from 'kafkajs';
import '../../clients/kafka/kafkajs.ts';

export async function deleteRecords(
  bootstrap: readonly string[],
  place: { readonly topic: string; readonly partition: number },
  before: number,
): Promise<void> {
  const admin = new Kafka({ brokers: [...bootstrap], clientId: 'test', logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const partitions = [{ partition: place.partition, offset: String(before) }];
    await admin.fetchTopicMetadata({ topics: [place.topic] }); // else it knows no leader
    await admin.deleteTopicRecords({ topic: place.topic, partitions });
  } finally {
    await admin.disconnect();
  }
}
