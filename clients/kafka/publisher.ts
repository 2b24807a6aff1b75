/**
 * Publishing for a service that answers for the message: every in-sync replica has it (acks=all) before the answer, in one request for a batch, into one
 * partition. The producer is idempotent (KIP-98): a batch whose answer was lost is sent again with the same number, and the broker writes it once and answers
 * with the offset that it has. KafkaJS's own idempotent producer is experimental and gives a batch a new number after some errors, so this is ours.
 *
 * messaging.ts is for the platform's own producers, who ask less.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isClientError, refused } from '../errors.ts';
import type { KafkaConnection } from './connection.ts';
import { initProducerIdApi } from './requests/init-producer-id.ts';
import type { TopicPartition } from './requests/list-offsets.ts';
import { type BatchPlace, encodeBatch, type Produced, type PublishedRecord, produceApi } from './requests/produce.ts';

/** Finds the partition's leader and lets `send` be asked of it, of another one after a passing fault, and so on within the caller's own bounds. */
export type AskingLeader = (send: (leader: number) => Promise<Produced>) => Promise<Produced>;

export interface Publisher {
  /**
   * One batch, one at a time for each partition (others wait). The answer may carry a fault that is not passing. Throws what `asking` throws: whether the
   * batch was written is not known then, unless no request went out; a later batch is never taken for it.
   */
  publish(place: TopicPartition, records: readonly PublishedRecord[], asking: AskingLeader): Promise<Produced>;
}

interface Sequence extends BatchPlace {
  next: number;
}

interface Lane {
  /** Settled when the batch before is. */
  turn: Promise<void>;
  sequence: Sequence | undefined;
}

const brokerTimeoutMs = 10_000;
const answerMarginMs = 2_000;
const identityPauseMs = 100;
/** Kafka's sequence numbers are 32 bits, and go on at 0. */
const sequences = 2 ** 31;
/** The broker no longer knows the producer as we do: its records of us ended with the topic, or by transactional.id.expiration.ms. */
const forgotten = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH']);
/** Written by the leader, perhaps, though it says no. */
const unsettled = new Set(['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND']);

export function createPublisher(connection: KafkaConnection): Publisher {
  return new IdempotentPublisher(connection);
}

class IdempotentPublisher implements Publisher {
  readonly #connection: KafkaConnection;
  readonly #lanes = new Map<string, Lane>();
  #identity: Promise<Omit<BatchPlace, 'firstSequence'>> | undefined;

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  async publish(place: TopicPartition, records: readonly PublishedRecord[], asking: AskingLeader): Promise<Produced> {
    const key = `${place.topic}/${place.partition}`;
    const lane = this.#lanes.get(key) ?? { turn: Promise.resolve(), sequence: undefined };
    this.#lanes.set(key, lane);
    const before = lane.turn;
    let done = () => {};
    lane.turn = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    try {
      return await this.#publish(lane, place, records, asking);
    } finally {
      done();
    }
  }

  async #publish(
    lane: Lane,
    { topic, partition }: TopicPartition,
    records: readonly PublishedRecord[],
    asking: AskingLeader,
  ): Promise<Produced> {
    const timestampMs = Date.now();
    const encode = async () => {
      lane.sequence ??= { ...(await this.#producer()), firstSequence: 0, next: 0 };
      return encodeBatch(records, { ...lane.sequence, firstSequence: lane.sequence.next }, timestampMs);
    };
    let batch: Buffer | undefined;
    let maybeWritten = false;
    const send = async (leader: number): Promise<Produced> => {
      batch ??= await encode();
      const request = { topic, partition, batch, brokerTimeoutMs };
      try {
        const options = { to: leader, timeoutMs: brokerTimeoutMs + answerMarginMs };
        const answer = await this.#connection.send(produceApi, request, options);
        if (answer.fault !== undefined && unsettled.has(answer.fault.name)) maybeWritten = true;
        return answer;
      } catch (error) {
        if (!isClientError(error, 'CLIENT_UNREACHABLE', 'CLIENT_BROKER_UNKNOWN')) maybeWritten = true;
        throw error;
      }
    };
    let fault: string | undefined;
    let written = false;
    try {
      let answer = await asking(send);
      if (answer.fault !== undefined && forgotten.has(answer.fault.name) && !maybeWritten) {
        // Nothing of this batch was written: it goes out under a new number.
        this.#forget(lane);
        batch = undefined;
        answer = await asking(send);
      }
      fault = answer.fault?.name;
      written = fault === undefined;
      if (written && lane.sequence !== undefined)
        lane.sequence.next = (lane.sequence.next + records.length) % sequences;
      return answer;
    } finally {
      // A later batch with this one's number would be taken for it, and never be written.
      if (!written && (maybeWritten || forgotten.has(fault ?? ''))) this.#forget(lane);
    }
  }

  /** The next batch of this partition goes out under a new producer's id. */
  #forget(lane: Lane): void {
    lane.sequence = undefined;
    this.#identity = undefined;
  }

  #producer(): Promise<Omit<BatchPlace, 'firstSequence'>> {
    const asked = this.#identity ?? this.#askForIdentity();
    this.#identity = asked;
    asked.catch(() => {
      if (this.#identity === asked) this.#identity = undefined;
    });
    return asked;
  }

  /** The broker that hands out the numbers may be loading its state yet, as after its start. */
  async #askForIdentity(): Promise<Omit<BatchPlace, 'firstSequence'>> {
    const deadline = performance.now() + brokerTimeoutMs;
    for (;;) {
      const options = { timeoutMs: brokerTimeoutMs };
      const { fault, id, epoch } = await this.#connection.send(initProducerIdApi, undefined, options);
      if (fault === undefined) return { producerId: id, producerEpoch: epoch };
      if (!fault.retriable || performance.now() > deadline) throw refused('a producer’s number', 'Kafka', fault.name);
      await sleep(identityPauseMs);
    }
  }
}
