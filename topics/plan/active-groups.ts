/** Which consumer groups use a topic: what must be known before it is deleted. */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { type ConsumerGroup, readConsumerGroups } from '../status/consumer-groups.ts';

/**
 * By topic, the groups with members that ask for it, read it, or have read it. A topic is left out where that cannot be known: a broker that coordinates groups
 * does not answer, or a partition of the groups' own topic has no leader. Throws as KafkaConnection.send.
 */
export async function readActiveGroups(
  connection: KafkaConnection,
  topics: readonly string[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (topics.length === 0) return new Map();
  const { brokers, topics: own } = await connection.metadata([groupsTopic], { signal });
  const unled = own.some(({ partitions }) => partitions.some(({ leader }) => leader === undefined));
  const { groups, silent } = await readConsumerGroups(connection, brokers, { signal });
  if (unled || silent.length > 0) return new Map();
  return new Map(topics.map((topic) => [topic, groups.filter((each) => uses(each, topic)).map(({ group }) => group)]));
}

/** Groups live in it; a group whose partition nobody leads is on no broker's list. */
const groupsTopic = '__consumer_offsets';

function uses({ state, members, offsets }: ConsumerGroup, topic: string): boolean {
  const hasRead = offsets.some((each) => each.topic === topic);
  // Groups of the newer protocol are described as dead and without members, though they may be at work.
  if (members.length === 0) return hasRead && state === 'Dead';
  return (
    hasRead ||
    members.some(
      ({ subscribed, assigned }) => subscribed.includes(topic) || assigned.some((each) => each.topic === topic),
    )
  );
}
