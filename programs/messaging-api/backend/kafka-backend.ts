/**
 * Kafka as the message back-end: one topic for each of the API's, with one partition, as upstream uses it, and topics of others as they are; acks=all.
 * Brokers and leaders are asked for anew whenever one answers that it is not the one, so that both may move (leaders.ts, decision 0019).
 *
 * A broker serves one connection's requests one after another, and holds a publish until every in-sync replica has it: so publishes have connections of
 * their own, several, among which the partitions are dealt, and a read never waits behind one.
 */
import { type ConnectOptions, connect, type KafkaConnection } from '../../../clients/kafka/connection.ts';
import type { KafkaFault } from '../../../clients/kafka/fault.ts';
import { createPublisher, type Publisher } from '../../../clients/kafka/publisher.ts';
import { deleteTopics } from '../../../clients/kafka/requests/delete-topics.ts';
import { type ListedOffset, listOffsets, type OffsetAt } from '../../../clients/kafka/requests/list-offsets.ts';
import { readValues } from '../../../clients/kafka/requests/read-values.ts';
import { readBrokers } from '../../../clients/zookeeper/brokers.ts';
import { backendRefused, tooLarge } from '../errors.ts';
import type { Backend, BackendRecord, LogBounds, LogPlace, OutgoingRecord, ReadOptions } from './backend.ts';
import { Leaders } from './leaders.ts';
import { ReadAhead } from './read-ahead.ts';

const publishConnections = 3;
const brokerTimeoutMs = 10_000;
/** A broker that hangs is left for another one after this. */
const requestTimeoutMs = 10_000;
const pingTimeoutMs = 3_000;
/** What a fetch asks for: enough for so many records of a usual size, so that a pull of one message does not read megabytes. */
const fetchBytes = 65_536;
const usualRecordBytes = 1_024;
const beyondTheLog = 'OFFSET_OUT_OF_RANGE';
const tooGreat = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

export interface KafkaPlace {
  /** host:port of brokers; those named win over ZooKeeper's list. */
  readonly bootstrapServers: readonly string[];
  /** host:port of ZooKeeper's servers, and Kafka's chroot there: upstream's way. */
  readonly zookeeperServers: readonly string[];
  readonly chroot: string;
}

/** Throws CLIENT_UNREACHABLE where no broker answers, with each address tried. */
export async function connectKafkaBackend(place: KafkaPlace, clientId: string): Promise<Backend> {
  const { bootstrapServers, zookeeperServers, chroot } = place;
  const options: ConnectOptions = {
    bootstrap: bootstrapServers,
    clientId,
    requestTimeoutMs,
    ...(zookeeperServers.length === 0 ? {} : { findBrokers: () => readBrokers(zookeeperServers, chroot) }),
  };
  const connections: KafkaConnection[] = [];
  try {
    for (let index = 0; index <= publishConnections; index += 1) connections.push(await connect(options));
    const [reading, ...publishing] = connections;
    if (reading === undefined) throw new Error('no connection was made');
    return new KafkaBackend(reading, publishing);
  } catch (error) {
    await Promise.all(connections.map((each) => each.close()));
    throw error;
  }
}

class KafkaBackend implements Backend {
  readonly #connection: KafkaConnection;
  readonly #publishing: readonly KafkaConnection[];
  readonly #publishers: readonly Publisher[];
  readonly #leaders: Leaders;
  readonly #ahead = new ReadAhead();

  constructor(connection: KafkaConnection, publishing: readonly KafkaConnection[]) {
    this.#connection = connection;
    this.#publishing = publishing;
    this.#publishers = publishing.map(createPublisher);
    this.#leaders = new Leaders(connection);
  }

  async ensureTopic(topic: string): Promise<void> {
    if (this.#leaders.known({ topic, partition: 0 }) !== undefined) return;
    if ((await this.partitions(topic)) === 0) await this.#leaders.makeTopic(topic);
  }

  async partitions(topic: string): Promise<number> {
    const { topics } = await this.#connection.metadata([topic]);
    return topics.find((each) => each.topic === topic)?.partitions.length ?? 0;
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#leaders.forget({ topic, partition: 0 });
    this.#ahead.forget({ topic, partition: 0 });
    const [outcome] = await deleteTopics(this.#connection, [topic], { brokerTimeoutMs });
    const fault = outcome?.error;
    if (fault !== undefined && fault.name !== 'UNKNOWN_TOPIC_OR_PARTITION') throw backendRefused(topic, fault.name);
  }

  async publish(place: LogPlace, records: readonly OutgoingRecord[]): Promise<readonly number[]> {
    const publisher = this.#publishers[dealt(place, this.#publishers.length)];
    if (publisher === undefined) throw new Error('no connection publishes');
    const { fault, firstOffset } = await publisher.publish(place, records, (send) => this.#leaders.asking(place, send));
    if (fault === undefined) return records.map((_record, index) => firstOffset + index);
    if (!tooGreat.has(fault.name)) throw backendRefused(place.topic, fault.name);
    // The topic's own limit (max.message.bytes) holds for a batch: what shares one with others must not fail because of them.
    if (records.length <= 1) throw tooLarge();
    const half = Math.ceil(records.length / 2);
    const first = await this.publish(place, records.slice(0, half));
    return [...first, ...(await this.publish(place, records.slice(half)))];
  }

  async read(place: LogPlace, offset: number, options: ReadOptions): Promise<readonly BackendRecord[]> {
    const { maxRecords, maxBytes, signal } = options;
    const ahead = this.#ahead.find(place, offset, options);
    if (ahead !== undefined) return ahead;
    const records: BackendRecord[] = [];
    let bytes = 0;
    for (let from = offset; ; ) {
      const wanted = fetchBytes + (maxRecords - records.length) * usualRecordBytes;
      const limits = { maxBytes: Math.min(wanted, maxBytes), signal };
      const askedMs = performance.now();
      const answer = await this.#leaders.asking(
        place,
        (leader) => readValues(this.#connection, { ...place, offset: from }, { leader, ...limits }),
        signal,
      );
      // Retention passed it, or the topic was made anew: nothing is there.
      if (answer.fault?.name === beyondTheLog) return records;
      if (answer.fault !== undefined) throw backendRefused(place.topic, answer.fault.name);
      for (const record of answer.records) {
        bytes += record.value.length;
        if (records.length >= maxRecords || (records.length > 0 && bytes > maxBytes)) {
          this.#ahead.keep(place, from, answer.records, answer.bytes, askedMs);
          return records;
        }
        records.push(record);
      }
      // Asked at the end of the log a broker would hold the question open.
      const isOver = answer.nextOffset === from || answer.nextOffset >= answer.end;
      if (isOver || bytes >= maxBytes || records.length >= maxRecords) return records;
      from = answer.nextOffset;
    }
  }

  async bounds(place: LogPlace): Promise<LogBounds> {
    const [min, max] = await Promise.all([this.#offset(place, 'earliest'), this.#offset(place, 'latest')]);
    return { min: min ?? 0, max: max ?? 0 };
  }

  async ends(places: readonly LogPlace[]): Promise<readonly number[]> {
    const byLeader = new Map<number, LogPlace[]>();
    for (const place of places) {
      const leader = this.#leaders.known(place);
      if (leader !== undefined) byLeader.set(leader, [...(byLeader.get(leader) ?? []), place]);
    }
    const listed = await Promise.all(
      [...byLeader].map(([leader, led]) => this.#listOffsets(leader, led).catch(() => [] as readonly ListedOffset[])),
    );
    const known = new Map(listed.flat().map((each) => [`${each.topic}/${each.partition}`, each.offset]));
    // What nobody is known to lead, and what its leader did not say, is asked for patiently, one by one.
    return Promise.all(
      places.map(
        async (place) => known.get(`${place.topic}/${place.partition}`) ?? (await this.#offset(place, 'latest')) ?? 0,
      ),
    );
  }

  offsetAt(place: LogPlace, timeMs: number): Promise<number | undefined> {
    return this.#offset(place, { sinceMs: timeMs });
  }

  async ping(): Promise<void> {
    const { brokers } = await this.#connection.metadata([], { timeoutMs: pingTimeoutMs });
    if (brokers.length === 0) throw backendRefused('(any)', 'BROKER_NOT_AVAILABLE');
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection, ...this.#publishing].map((each) => each.close()));
  }

  #listOffsets(leader: number, places: readonly LogPlace[]): Promise<readonly ListedOffset[]> {
    return listOffsets(this.#connection, places, { leader, at: 'latest' });
  }

  async #offset(place: LogPlace, at: OffsetAt): Promise<number | undefined> {
    const answer = await this.#leaders.asking<{ fault: KafkaFault | undefined; offset: number | undefined }>(
      place,
      async (leader) => {
        const [listed] = await listOffsets(this.#connection, [place], { leader, at });
        return { fault: listed?.fault, offset: listed?.offset };
      },
    );
    if (answer.fault !== undefined) throw backendRefused(place.topic, answer.fault.name);
    return answer.offset;
  }
}

/** The same connection for a partition always: its batches must stay in order. */
function dealt({ topic, partition }: LogPlace, connections: number): number {
  let hash = partition;
  for (let index = 0; index < topic.length; index += 1) hash = (hash * 31 + topic.charCodeAt(index)) | 0;
  return Math.abs(hash) % connections;
}
