/** KafkaJS alone on the same cluster, as a program would use it that has no API: acks=all, one partition, a position committed for each batch. */
import { Kafka, logLevel, Partitioners } from 'kafkajs';

export interface Floor {
  /** One produce request with all of them. */
  send(topic: string, messages: readonly { readonly value: Buffer }[]): Promise<void>;
  /** Reads from the beginning, committing each batch; answers how many messages a second came until `count` were there. */
  consume(topic: string, count: number, batch: number): Promise<number>;
  makeTopic(topic: string, replicas: number): Promise<void>;
  close(): Promise<void>;
}

export async function kafkaJsFloor(brokers: readonly string[]): Promise<Floor> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'bench', logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  const admin = kafka.admin();
  await Promise.all([producer.connect(), admin.connect()]);
  let groups = 0;
  return {
    async send(topic, messages) {
      await producer.send({ topic, acks: -1, messages: messages.map((message) => ({ ...message, partition: 0 })) });
    },
    async makeTopic(topic, replicas) {
      await admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions: 1, replicationFactor: replicas }],
      });
    },
    async consume(topic, count, batch) {
      groups += 1;
      const consumer = kafka.consumer({ groupId: `bench-${process.pid}-${groups}`, maxWaitTimeInMs: 100 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      let began = 0;
      let read = 0;
      await new Promise<void>((resolve, reject) => {
        consumer
          .run({
            autoCommit: false,
            eachBatchAutoResolve: true,
            eachBatch: async ({ batch: { messages, partition } }) => {
              // Joining the group is not reading: an API's subscription has no such beginning. What came with the first answer was fetched before
              // the clock begins, and is not counted either.
              if (began === 0) {
                began = performance.now();
                const last = messages.at(-1)?.offset ?? '0';
                await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(last) + 1n) }]);
                return;
              }
              for (let from = 0; from < messages.length && read < count; from += batch) {
                const part = messages.slice(from, from + batch);
                read += part.length;
                const next = BigInt(part.at(-1)?.offset ?? '0') + 1n;
                await consumer.commitOffsets([{ topic, partition, offset: String(next) }]);
              }
              if (read >= count) resolve();
            },
          })
          .catch(reject);
      });
      const perSecond = read / ((performance.now() - began) / 1000);
      await consumer.disconnect();
      return perSecond;
    },
    async close() {
      await Promise.all([producer.disconnect(), admin.disconnect()]);
    },
  };
}
