/** What a roll asks of brokers and tells them: each call is one small deed on one connection, and done twice it does what it did. */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import type { TopicsReply } from '../../contracts/topics-answer.ts';
import type { TopicsRequest } from '../../contracts/topics-request.ts';
import { alterBroker, electPreferred, readBrokerSettings } from '../../topics/brokers/brokers-control.ts';
import { findTopicsWithoutSpare, observeBrokers } from '../../topics/brokers/brokers-state.ts';

type RollAction = 'brokers' | 'broker-settings' | 'broker-alter' | 'leaders-elect' | 'topics-without-spare';

const electionTimeoutMs = 10_000;

/** Throws as KafkaConnection.send. */
export async function replyToRoll(
  connection: KafkaConnection,
  request: Extract<TopicsRequest, { readonly action: RollAction }>,
): Promise<TopicsReply[RollAction]> {
  switch (request.action) {
    case 'brokers':
      return (await observeBrokers(connection, request.also ?? undefined)) satisfies TopicsReply['brokers'];
    case 'broker-settings': {
      const entries = await readBrokerSettings(connection, request.broker);
      return { entries } satisfies TopicsReply['broker-settings'];
    }
    case 'broker-alter': {
      const changes = request.changes.map(
        (change) => ({ ...change, value: change.operation === 'set' ? change.value : undefined }) as const,
      );
      const why = await alterBroker(connection, request.broker, changes, { trying: request.trying });
      return { refused: why ?? null } satisfies TopicsReply['broker-alter'];
    }
    case 'leaders-elect':
      await electPreferred(connection, request.partitions, { brokerTimeoutMs: electionTimeoutMs });
      return {} satisfies TopicsReply['leaders-elect'];
    case 'topics-without-spare':
      return { topics: await findTopicsWithoutSpare(connection) } satisfies TopicsReply['topics-without-spare'];
  }
}
