/**
 * What brokers say of themselves and of what they hold, as a roll asks it: who is registered, who is the controller, and of partitions only what is amiss.
 * Asked over a connection: by a command that reaches brokers, or by the function that stands in their private network (programs/topics-applier).
 */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { describeConfigs } from '../../clients/kafka/requests/describe-configs.ts';
import { type ClusterMetadata, metadataApi, type PartitionMetadata } from '../../clients/kafka/requests/metadata.ts';
import { chunksOf } from '../apply/chunks.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A partition that lacks a replica in sync, or its leader. */
export interface PartitionAmiss extends TopicPartition {
  readonly leaderless: boolean;
  /** Broker ids of replicas that are not in sync. */
  readonly missing: readonly number[];
}

export interface BrokersState {
  /** Undefined while none is elected. */
  readonly controller: number | undefined;
  /** Broker ids that all who were asked know as registered. */
  readonly registered: readonly number[];
  /** Kafka's own topics are among them; so are those that any of the asked says to be amiss. */
  readonly amiss: readonly PartitionAmiss[];
  /** In sync at their preferred leader, and led by another broker. */
  readonly displaced: readonly (TopicPartition & { readonly preferred: number })[];
}

/** As the controller says, and the broker `also`, which may have heard less. Throws as KafkaConnection.send. */
export async function observeBrokers(connection: KafkaConnection, also: number | undefined): Promise<BrokersState> {
  // The controller decides, and tells the others in its own time: any other's answer may be of before.
  const { controllerId } = await connection.metadata([]);
  const ask = (to: number) => connection.send(metadataApi, { topics: undefined }, { to }).catch(() => undefined);
  const said = controllerId === undefined ? undefined : await ask(controllerId);
  if (said === undefined) return { ...stateOf([await connection.metadata()]), controller: undefined };
  if (also === undefined || also === controllerId) return stateOf([said]);
  const own = await ask(also);
  const state = stateOf(own === undefined ? [said] : [said, own]);
  // One that has just joined knows the brokers before it knows every topic.
  const joined = own !== undefined && own.topics.length >= said.topics.length;
  return joined ? state : { ...state, registered: state.registered.filter((id) => id !== also) };
}

/** Of what is well, what all say; of what is amiss, what any one says. @internal */
export function stateOf(answers: readonly ClusterMetadata[]): BrokersState {
  const [first, ...others] = answers;
  const agreed = others.every(({ controllerId }) => controllerId === first?.controllerId);
  const amiss = new Map<string, BrokersState['amiss'][number]>();
  const displaced = new Map<string, BrokersState['displaced'][number]>();
  for (const { topic, partitions } of answers.flatMap((answer) => answer.topics)) {
    for (const each of partitions) {
      const { partition, leader, replicas, inSync } = each;
      const [key, preferred] = [`${topic}-${partition}`, replicas[0]];
      const missing = replicas.filter((id) => !inSync.includes(id));
      if (!isWhole(each)) amiss.set(key, { topic, partition, leaderless: leader === undefined, missing });
      else if (preferred !== undefined && leader !== preferred) displaced.set(key, { topic, partition, preferred });
    }
  }
  return {
    controller: agreed ? first?.controllerId : undefined,
    registered: (first?.brokers ?? [])
      .map(({ id }) => id)
      .filter((id) => others.every(({ brokers }) => brokers.some((broker) => broker.id === id))),
    amiss: [...amiss.values()],
    displaced: [...displaced.values()],
  };
}

function isWhole({ leader, replicas, inSync }: PartitionMetadata): boolean {
  return leader !== undefined && replicas.every((id) => inSync.includes(id));
}

const topicsPerRequest = 300;
const minInSync = 'min.insync.replicas';

/** Topics for which one broker more that is away is one too many. Throws as KafkaConnection.send. */
export async function findTopicsWithoutSpare(connection: KafkaConnection): Promise<readonly string[]> {
  const { topics } = await connection.metadata();
  const replicas = new Map(
    topics.map(({ topic, partitions }) => [topic, Math.min(...partitions.map((each) => each.replicas.length))]),
  );
  const found: string[] = [];
  for (const chunk of chunksOf([...replicas.keys()], { items: topicsPerRequest })) {
    const resources = chunk.map((name) => ({ type: 'topic', name }) as const);
    for (const { name, entries } of await describeConfigs(connection, resources, { names: [minInSync] })) {
      const least = Number(entries.find((entry) => entry.name === minInSync)?.value ?? 1);
      if ((replicas.get(name) ?? 0) - 1 < least) found.push(name);
    }
  }
  return found.sort();
}
