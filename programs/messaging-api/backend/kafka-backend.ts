/**
 * Kafka as the message back-end: one topic for each of the API's, with one partition, as upstream uses it, and topics of others as they are; acks=all. Brokers and leaders are asked for anew
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
import type { Backend, BackendRecord, LogBounds, LogPlace, OutgoingRecord, ReadOptions } from './backend.ts';

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
    if (this.#leaders.has(keyOf({ topic, partition: 0 }))) return;
    if ((await this.partitions(topic)) > 0) return;
    const [outcome] = await createTopics(this.#connection, [{ topic, partitions: 1, replicas: byBroker, config: {} }], {
      brokerTimeoutMs,
    });
    const fault = outcome?.error;
    if (fault !== undefined && fault.name !== 'TOPIC_ALREADY_EXISTS') throw backendRefused(topic, fault.name);
  }

  async partitions(topic: string): Promise<number> {
    const { topics } = await this.#connection.metadata([topic]);
    return topics.find((each) => each.topic === topic)?.partitions.length ?? 0;
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#leaders.delete(keyOf({ topic, partition: 0 }));
    const [outcome] = await deleteTopics(this.#connection, [topic], { brokerTimeoutMs });
    const fault = outcome?.error;
    if (fault !== undefined && fault.name !== 'UNKNOWN_TOPIC_OR_PARTITION') throw backendRefused(topic, fault.name);
  }

  async publish(place: LogPlace, records: readonly OutgoingRecord[]): Promise<readonly number[]> {
    await this.#leader(place);
    try {
      const first = await this.#publisher.publish(place.topic, place.partition, records);
      return records.map((_record, index) => first + index);
    } catch (error) {
      this.#leaders.delete(keyOf(place)); // deleted by another node, perhaps: looked for, and made, at the next publish
      throw error;
    }
  }

  async read(place: LogPlace, offset: number, options: ReadOptions): Promise<readonly BackendRecord[]> {
    const { maxRecords, maxBytes, signal } = options;
    const records: BackendRecord[] = [];
    let bytes = 0;
    for (let from = offset; ; ) {
      const answer = await this.#asking(place, async (leader) => {
        const found = await readValues(this.#connection, { ...place, offset: from }, { leader, maxBytes, signal });
        // Retention passed it, or the topic was made anew: nothing is there.
        return found.fault?.name === 'OFFSET_OUT_OF_RANGE' ? { ...found, fault: undefined } : found;
      });
      for (const record of answer.records) {
        bytes += record.value.length;
        if (records.length >= maxRecords || (records.length > 0 && bytes > maxBytes)) return records;
        records.push(record);
      }
      if (answer.nextOffset === from || bytes >= maxBytes || records.length >= maxRecords) return records;
      from = answer.nextOffset;
      if (from >= (await this.bounds(place)).max) return records; // else a broker holds the question open for its last moment
    }
  }

  async bounds(place: LogPlace): Promise<LogBounds> {
    const [min, max] = await Promise.all([this.#offset(place, 'earliest'), this.#offset(place, 'latest')]);
    return { min: min ?? 0, max: max ?? 0 };
  }

  ends(places: readonly LogPlace[]): Promise<readonly number[]> {
    return Promise.all(places.map(async (place) => (await this.#offset(place, 'latest')) ?? 0));
  }

  offsetAt(place: LogPlace, timeMs: number): Promise<number | undefined> {
    return this.#offset(place, { sinceMs: timeMs });
  }

  async ping(): Promise<void> {
    await this.#connection.metadata([]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#publisher.close(), this.#connection.close()]);
  }

  async #offset(place: LogPlace, at: OffsetAt): Promise<number | undefined> {
    const answer = await this.#asking(place, async (leader) => {
      const [listed] = await listOffsets(this.#connection, [place], { leader, at });
      return { fault: listed?.fault, offset: listed?.offset };
    });
    return answer.offset;
  }

  /** Asks the partition's leader, and another one after an answer that Kafka calls passing. */
  async #asking<Answer extends { readonly fault: KafkaFault | undefined }>(
    place: LogPlace,
    ask: (leader: number) => Promise<Answer>,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      let why: string;
      try {
        const answer = await ask(await this.#leader(place));
        if (answer.fault === undefined) return answer;
        why = answer.fault.name;
        if (!answer.fault.retriable) throw backendRefused(place.topic, why);
      } catch (error) {
        this.#leaders.delete(keyOf(place));
        if (attempt >= tries) throw error;
        why = String(error);
      }
      this.#leaders.delete(keyOf(place));
      if (attempt >= tries) throw backendRefused(place.topic, why);
      await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 2 ** (attempt - 1)));
    }
  }

  async #leader(place: LogPlace): Promise<number> {
    const { topic, partition, foreign = false } = place;
    const known = this.#leaders.get(keyOf(place));
    if (known !== undefined) return known;
    if (!foreign) await this.ensureTopic(topic);
    const { topics } = await this.#connection.metadata([topic]);
    const leader = topics
      .find((each) => each.topic === topic)
      ?.partitions.find((each) => each.partition === partition)?.leader;
    if (leader === undefined) throw backendRefused(topic, 'LEADER_NOT_AVAILABLE');
    this.#leaders.set(keyOf(place), leader);
    return leader;
  }
}

function keyOf({ topic, partition }: LogPlace): string {
  return `${topic}/${partition}`;
}
