/**
 * Kafka as the message back-end, as upstream uses it: one topic for each of ours, partition 0 alone, acks=all. Brokers and leaders are asked for anew
 * whenever one answers that it is not the one, so that brokers may move.
 */
import { connect, type KafkaConnection } from '../../../clients/kafka/connection.ts';
import type { KafkaFault } from '../../../clients/kafka/fault.ts';
import { createPublisher, type Publisher } from '../../../clients/kafka/publisher.ts';
import { createTopics } from '../../../clients/kafka/requests/create-topics.ts';
import { deleteTopics } from '../../../clients/kafka/requests/delete-topics.ts';
import { listOffsets, type OffsetAt } from '../../../clients/kafka/requests/list-offsets.ts';
import { readValues } from '../../../clients/kafka/requests/read-values.ts';
import { backendRefused } from '../errors.ts';
import type { Backend, BackendRecord, LogBounds, ReadOptions } from './backend.ts';

const partition = 0;
const brokerTimeoutMs = 10_000;
/** A leader that moves is found within an election: some tries of growing distance, 3 s in all. */
const tries = 6;
const firstPauseMs = 50;
const byBroker = -1;

/** Throws CLIENT_UNREACHABLE where no broker answers. */
export async function connectKafkaBackend(bootstrap: readonly string[], clientId: string): Promise<Backend> {
  const connection = await connect({ bootstrap, clientId });
  try {
    return new KafkaBackend(connection, await createPublisher({ bootstrap, clientId }));
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class KafkaBackend implements Backend {
  readonly #connection: KafkaConnection;
  readonly #publisher: Publisher;
  readonly #leaders = new Map<string, number>();

  constructor(connection: KafkaConnection, publisher: Publisher) {
    this.#connection = connection;
    this.#publisher = publisher;
  }

  async ensureTopic(topic: string): Promise<void> {
    if (this.#leaders.has(topic)) return;
    const { topics } = await this.#connection.metadata([topic]);
    if (topics.some((each) => each.topic === topic && each.partitions.length > 0)) return;
    const [outcome] = await createTopics(this.#connection, [{ topic, partitions: 1, replicas: byBroker, config: {} }], {
      brokerTimeoutMs,
    });
    const fault = outcome?.error;
    if (fault !== undefined && fault.name !== 'TOPIC_ALREADY_EXISTS') throw backendRefused(topic, fault.name);
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#leaders.delete(topic);
    const [outcome] = await deleteTopics(this.#connection, [topic], { brokerTimeoutMs });
    const fault = outcome?.error;
    if (fault !== undefined && fault.name !== 'UNKNOWN_TOPIC_OR_PARTITION') throw backendRefused(topic, fault.name);
  }

  async publish(topic: string, values: readonly Buffer[]): Promise<readonly number[]> {
    await this.#leader(topic);
    try {
      const first = await this.#publisher.publish(topic, partition, values);
      return values.map((_value, index) => first + index);
    } catch (error) {
      this.#leaders.delete(topic); // deleted by another node, perhaps: looked for, and made, at the next publish
      throw error;
    }
  }

  async read(topic: string, offset: number, options: ReadOptions): Promise<readonly BackendRecord[]> {
    const { maxRecords, maxBytes, signal } = options;
    const records: BackendRecord[] = [];
    let bytes = 0;
    for (let from = offset; ; ) {
      const answer = await this.#asking(topic, (leader) =>
        readValues(this.#connection, { topic, partition, offset: from }, { leader, maxBytes, signal }),
      );
      for (const record of answer.records) {
        bytes += record.value.length;
        if (records.length >= maxRecords || (records.length > 0 && bytes > maxBytes)) return records;
        records.push(record);
      }
      if (answer.nextOffset === from || bytes >= maxBytes || records.length >= maxRecords) return records;
      from = answer.nextOffset;
      if (from >= (await this.bounds(topic)).max) return records; // else a broker holds the question open for its last moment
    }
  }

  async bounds(topic: string): Promise<LogBounds> {
    const [min, max] = await Promise.all([this.#offset(topic, 'earliest'), this.#offset(topic, 'latest')]);
    return { min: min ?? 0, max: max ?? 0 };
  }

  offsetAt(topic: string, timeMs: number): Promise<number | undefined> {
    return this.#offset(topic, { sinceMs: timeMs });
  }

  async ping(): Promise<void> {
    await this.#connection.metadata([]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#publisher.close(), this.#connection.close()]);
  }

  async #offset(topic: string, at: OffsetAt): Promise<number | undefined> {
    const answer = await this.#asking(topic, async (leader) => {
      const [listed] = await listOffsets(this.#connection, [{ topic, partition }], { leader, at });
      return { fault: listed?.fault, offset: listed?.offset };
    });
    return answer.offset;
  }

  /** Asks the topic's leader, and another one after an answer that Kafka calls passing. */
  async #asking<Answer extends { readonly fault: KafkaFault | undefined }>(
    topic: string,
    ask: (leader: number) => Promise<Answer>,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      let why: string;
      try {
        const answer = await ask(await this.#leader(topic));
        if (answer.fault === undefined) return answer;
        why = answer.fault.name;
        if (!answer.fault.retriable) throw backendRefused(topic, why);
      } catch (error) {
        this.#leaders.delete(topic);
        if (attempt >= tries) throw error;
        why = String(error);
      }
      this.#leaders.delete(topic);
      if (attempt >= tries) throw backendRefused(topic, why);
      await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 2 ** (attempt - 1)));
    }
  }

  async #leader(topic: string): Promise<number> {
    const known = this.#leaders.get(topic);
    if (known !== undefined) return known;
    await this.ensureTopic(topic);
    const { topics } = await this.#connection.metadata([topic]);
    const leader = topics.find((each) => each.topic === topic)?.partitions[partition]?.leader;
    if (leader === undefined) throw backendRefused(topic, 'LEADER_NOT_AVAILABLE');
    this.#leaders.set(topic, leader);
    return leader;
  }
}
