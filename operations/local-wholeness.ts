/** Answers about a platform whose nodes can be reached from here: four letters to ZooKeeper, requests to brokers, `hello` to members of the store, pages of balancers. */
import { connect, type KafkaConnection } from '../clients/kafka/connection.ts';
import { connectMember } from '../clients/mongo/member.ts';
import type { Node } from '../cluster/model.ts';
import { alterBroker, electPreferred, readBrokerSettings } from '../topics/brokers/brokers-control.ts';
import { findTopicsWithoutSpare, observeBrokers } from '../topics/brokers/brokers-state.ts';
import { observeBalancers } from './balancer-health.ts';
import type { Deployment } from './deployment.ts';
import { nodesRunning, observeQuorum } from './health.ts';
import type { BrokerControl, StoreMembers, Wholeness } from './wholeness.ts';

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
    settings: (broker) => withBrokers(deployment, (connection) => readBrokerSettings(connection, broker)),
    alter: (broker, changes, options) =>
      withBrokers(deployment, (connection) => alterBroker(connection, broker, changes, options)),
    electPreferred: (partitions) =>
      withBrokers(deployment, (connection) =>
        electPreferred(connection, partitions, { brokerTimeoutMs: requestTimeoutMs }),
      ),
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
