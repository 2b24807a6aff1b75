/**
 * Who leads a partition, and patience with Kafka: a question goes to the leader that is known, and after a passing fault, or an answer that does not come, to
 * whoever leads by then. A broker that died is noticed by the others only after its ZooKeeper session (18 s by Kafka's default), so that the patience is
 * longer than that; a client that is gone ends it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isClientError } from '../../../clients/errors.ts';
import type { KafkaConnection } from '../../../clients/kafka/connection.ts';
import type { KafkaFault } from '../../../clients/kafka/fault.ts';
import { createTopics } from '../../../clients/kafka/requests/create-topics.ts';
import { backendRefused } from '../errors.ts';
import type { LogPlace } from './backend.ts';

/** Of a question, with everything that it takes to find whom to ask. */
const patienceMs = 30_000;
/** Of a topic of others that is not there: a broker may not have heard yet of one that was just made. */
const absentPatienceMs = 3_000;
const firstPauseMs = 20;
const longestPauseMs = 500;
const brokerTimeoutMs = 10_000;
/** default.replication.factor of the brokers. */
const byBroker = -1;

interface Answer {
  readonly fault: KafkaFault | undefined;
}

export class Leaders {
  readonly #connection: KafkaConnection;
  readonly #known = new Map<string, number>();

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  /** The answer, which carries no fault but one that will not pass. Throws MESSAGING_API_BACKEND_REFUSED or a CLIENT_ error when the patience is over. */
  async asking<T extends Answer>(
    place: LogPlace,
    ask: (leader: number) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const began = performance.now();
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      let why: unknown;
      let patience = patienceMs;
      try {
        const leader = await this.#leaderOf(place);
        if (typeof leader === 'number') {
          const answer = await ask(leader);
          if (answer.fault?.retriable !== true) return answer;
          why = answer.fault.name;
        } else why = leader.name;
        if (place.foreign === true && why === 'UNKNOWN_TOPIC_OR_PARTITION') patience = absentPatienceMs;
      } catch (error) {
        if (!mayPass(error)) throw error;
        why = error;
      }
      this.forget(place);
      if (performance.now() + pauseMs > began + patience)
        throw why instanceof Error ? why : backendRefused(place.topic, String(why));
      await sleep(pauseMs, undefined, { signal });
    }
  }

  /** The leader as far as is known, else asked for; a fault that may pass where nobody leads. A topic of the API's own is made where it is missing. */
  async #leaderOf(place: LogPlace): Promise<number | { readonly name: string }> {
    const { topic, partition, foreign = false } = place;
    const key = keyOf(place);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let found = await this.#metadata(topic);
    if (found === undefined && !foreign) {
      await this.makeTopic(topic);
      found = await this.#metadata(topic);
    }
    const row = found?.find((each) => each.partition === partition);
    if (row === undefined) return { name: 'UNKNOWN_TOPIC_OR_PARTITION' };
    const { leader } = row;
    if (leader === undefined) return { name: 'LEADER_NOT_AVAILABLE' };
    this.#known.set(key, leader);
    return leader;
  }

  /** As it was found last, and not lost since. */
  known(place: LogPlace): number | undefined {
    return this.#known.get(keyOf(place));
  }

  forget(place: LogPlace): void {
    this.#known.delete(keyOf(place));
  }

  /** One partition. That another node makes it at the same time is no fault. Throws MESSAGING_API_BACKEND_REFUSED. */
  async makeTopic(topic: string): Promise<void> {
    const wish = { topic, partitions: 1, replicas: byBroker, config: {} };
    const [outcome] = await createTopics(this.#connection, [wish], { brokerTimeoutMs });
    const fault = outcome?.error;
    if (fault !== undefined && fault.name !== 'TOPIC_ALREADY_EXISTS') throw backendRefused(topic, fault.name);
  }

  async #metadata(topic: string) {
    const { topics } = await this.#connection.metadata([topic]);
    const found = topics.find((each) => each.topic === topic);
    return found === undefined || found.partitions.length === 0 ? undefined : found.partitions;
  }
}

function keyOf({ topic, partition }: LogPlace): string {
  return `${topic}/${partition}`;
}

/** Nobody could be asked, or the answer did not come. */
function mayPass(error: unknown): boolean {
  return isClientError(
    error,
    'CLIENT_UNREACHABLE',
    'CLIENT_CONNECTION_LOST',
    'CLIENT_TIMED_OUT',
    'CLIENT_BROKER_UNKNOWN',
  );
}
