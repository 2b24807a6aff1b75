/** Answers about a platform whose nodes can be reached from here: four letters to ZooKeeper, requests to brokers, `hello` to members of the store, pages of balancers. */
import { connect, type KafkaConnection } from '../clients/kafka/connection.ts';
import { alterConfigs } from '../clients/kafka/requests/alter-configs.ts';
import { describeConfigs } from '../clients/kafka/requests/describe-configs.ts';
import { electPreferredLeaders } from '../clients/kafka/requests/elect-leaders.ts';
import { type ClusterMetadata, metadataApi, type PartitionMetadata } from '../clients/kafka/requests/metadata.ts';
import { connectMember } from '../clients/mongo/member.ts';
import type { Node } from '../cluster/model.ts';
import { chunksOf } from '../topics/apply/chunks.ts';
import { observeBalancers } from './balancer-health.ts';
import type { Deployment } from './deployment.ts';
import { nodesRunning, observeQuorum } from './health.ts';
import type { BrokerControl, BrokersAnswer, StoreMembers, Wholeness } from './wholeness.ts';

type Reach = Pick<Deployment, 'environment' | 'addressing' | 'bootstrap' | 'stateDirectory'>;

/** A node that is being restarted takes no connection: whoever asks goes on to the next one soon. */
const connectionTimeoutMs = 1_000;
const requestTimeoutMs = 10_000;

export function localWholeness(deployment: Reach): Wholeness {
  return {
    quorum: () => observeQuorum(deployment),
    balancers: () => observeBalancers(deployment),
    store: () => observeStore(deployment),
    async brokers(also) {
      // Who does not answer is an answer.
      return await withBrokers(deployment, (connection) => observeBrokers(connection, also)).catch(() => undefined);
    },
  };
}

export function localBrokerControl(deployment: Reach): BrokerControl {
  return {
    settings: (broker) =>
      withBrokers(deployment, async (connection) => {
        const resource = { type: 'broker', name: String(broker) } as const;
        const [described] = await describeConfigs(connection, [resource], { synonyms: true, to: broker });
        return described?.entries ?? [];
      }),
    alter: (broker, changes, { trying }) =>
      withBrokers(deployment, async (connection) => {
        const resource = { type: 'broker', name: String(broker), changes } as const;
        const [outcome] = await alterConfigs(connection, [resource], { validateOnly: trying, to: broker });
        return outcome?.error?.message;
      }),
    electPreferred: (partitions) =>
      withBrokers(deployment, async (connection) => {
        for (const chunk of chunksOf(partitions, { items: partitionsPerRequest }))
          await electPreferredLeaders(connection, chunk, { brokerTimeoutMs: requestTimeoutMs });
      }),
    topicsWithoutSpare: () => withBrokers(deployment, findTopicsWithoutSpare),
  };
}

async function withBrokers<T>({ bootstrap }: Reach, work: (connection: KafkaConnection) => Promise<T>): Promise<T> {
  const connection = await connect({ bootstrap, clientId: 'ensemble', connectionTimeoutMs, requestTimeoutMs });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function observeBrokers(connection: KafkaConnection, also: number | undefined): Promise<BrokersAnswer> {
  // The controller decides, and tells the others in its own time: any other's answer may be of before.
  const { controllerId } = await connection.metadata([]);
  const ask = (to: number) => connection.send(metadataApi, { topics: undefined }, { to }).catch(() => undefined);
  const said = controllerId === undefined ? undefined : await ask(controllerId);
  if (said === undefined) return { ...answerOf([await connection.metadata()]), controller: undefined };
  if (also === undefined || also === controllerId) return answerOf([said]);
  const own = await ask(also);
  const answer = answerOf(own === undefined ? [said] : [said, own]);
  // One that has just joined knows the brokers before it knows every topic.
  const joined = own !== undefined && own.topics.length >= said.topics.length;
  return joined ? answer : { ...answer, registered: answer.registered.filter((id) => id !== also) };
}

/** Of what is well, what all say; of what is amiss, what any one says. @internal */
export function answerOf(answers: readonly ClusterMetadata[]): BrokersAnswer {
  const [first, ...others] = answers;
  const agreed = others.every(({ controllerId }) => controllerId === first?.controllerId);
  const amiss = new Map<string, BrokersAnswer['amiss'][number]>();
  const displaced = new Map<string, BrokersAnswer['displaced'][number]>();
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

const partitionsPerRequest = 1_000;
const topicsPerRequest = 300;
const minInSync = 'min.insync.replicas';

async function findTopicsWithoutSpare(connection: KafkaConnection): Promise<readonly string[]> {
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

const memberPatienceMs = 2_000;

/** A member tells everybody what it is; no user is asked for. */
async function observeStore({ environment, addressing, stateDirectory }: Reach): Promise<StoreMembers> {
  const members = nodesRunning(environment.cluster.groups, 'mongodb');
  const tls = { certificateAuthority: `${stateDirectory}/secrets/tls/ca.pem` };
  const ask = async (node: Node): Promise<[string, 'primary' | 'secondary' | 'other' | undefined]> => {
    const address = `${addressing.host(node)}:${addressing.port(node, 'mongodb', 'server')}`;
    const answer = await connectMember({ address, tls, patienceMs: memberPatienceMs }).then(
      async (member) => await member.command({ hello: 1 }).finally(() => member.close()),
      () => undefined,
    );
    if (answer === undefined) return [node.id, undefined];
    const primary = answer.isWritablePrimary === true || answer.ismaster === true;
    return [node.id, primary ? 'primary' : answer.secondary === true ? 'secondary' : 'other'];
  };
  return new Map(
    await Promise.all(members.map((node) => ask(node).catch((): [string, undefined] => [node.id, undefined]))),
  );
}
