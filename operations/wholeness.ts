/**
 * Whether a platform is whole: what must be asked of the running cluster, as an interface that each target answers in its way (here over clients/, in a
 * private network through whatever stands in it), and what the answers mean. Answers are plain JSON, and say of partitions only what is amiss.
 */
import type { ConfigChange } from '../clients/kafka/requests/alter-configs.ts';
import type { ConfigEntry } from '../clients/kafka/requests/describe-configs.ts';
import type { Cluster, Id } from '../cluster/model.ts';
import type { ServiceState } from '../drivers/driver.ts';
import type { BrokersState, PartitionAmiss, TopicPartition } from '../topics/brokers/brokers-state.ts';
import type { Balancers } from './balancer-health.ts';
import { isWhole, nodesRunning, type Quorum } from './health.ts';

/** Of a replica set, by node id: what each member is to the set; undefined where it does not answer. */
export type StoreMembers = ReadonlyMap<Id, 'primary' | 'secondary' | 'other' | undefined>;

/** Each asks anew. Nobody's silence is an exception: it is an answer. */
export interface Wholeness {
  /** Of every ZooKeeper server. */
  quorum(): Promise<Quorum>;
  /** As the controller says, and the broker `also`, which may have heard less; undefined while nobody answers. */
  brokers(also?: number): Promise<BrokersState | undefined>;
  /** Empty where a metadata store is no replica set. */
  store(): Promise<StoreMembers>;
  balancers(): Promise<Balancers>;
}

/** What a roll asks of brokers beside that. Each throws what its client throws, where nobody can be asked. */
export interface BrokerControl {
  /** What a broker runs with, from wherever, with what would hold without it. */
  settings(broker: number): Promise<readonly ConfigEntry[]>;
  /** Dynamic settings of one broker. Why it refuses, in its words; undefined where it does not. `trying` changes nothing. */
  alter(
    broker: number,
    changes: readonly ConfigChange[],
    options: { readonly trying: boolean },
  ): Promise<string | undefined>;
  /** Gives partitions back to their preferred leaders, where those are in sync. */
  electPreferred(partitions: readonly TopicPartition[]): Promise<void>;
  /** Topics for which one broker more that is away is one too many: writes with acks=all wait for it. */
  topicsWithoutSpare(): Promise<readonly string[]>;
}

/** Something that is not whole. */
export interface Trouble {
  /** Nodes that cause it, where it is known: the trouble may end once they serve. */
  readonly nodes: readonly Id[];
  readonly what: string;
  /** It does not pass by itself: what a person may do. */
  readonly next?: string;
}

/** Everything that is not whole, in the order in which a platform stands on itself. `also`: as Wholeness.brokers. */
export async function findTroubles(
  cluster: Cluster,
  states: readonly ServiceState[],
  wholeness: Wholeness,
  also?: number,
): Promise<readonly Trouble[]> {
  const has = (service: string) => nodesRunning(cluster.groups, service).length > 0;
  const [quorum, brokers, store, balancers] = await Promise.all([
    has('zookeeper') ? wholeness.quorum() : new Map(),
    has('kafka') ? wholeness.brokers(also) : undefined,
    has('mongodb') ? wholeness.store() : new Map(),
    has('haproxy') ? wholeness.balancers() : new Map(),
  ]);
  return [
    ...states.flatMap(stateTroubles),
    ...(has('zookeeper') ? quorumTroubles(quorum) : []),
    ...(has('kafka') ? brokerTroubles(cluster, brokers) : []),
    ...storeTroubles(store),
    ...poolTroubles(balancers),
  ];
}

function stateTroubles({ node, service, state, restarting }: ServiceState): readonly Trouble[] {
  const what = `${service} on ${node} is ${state}`;
  if (state === 'running') return [];
  if (state === 'starting' || restarting) return [{ nodes: [node], what }];
  const next =
    state === 'failed'
      ? `Read its log (\`ensemble logs ${node}\`), mend the cause, and start it: \`ensemble start ${node}\`.`
      : `Start it first (\`ensemble start ${node}\`; \`ensemble up\` where it never ran).`;
  return [{ nodes: [node], what, next }];
}

function quorumTroubles(quorum: Quorum): readonly Trouble[] {
  const silent = [...quorum].filter(([, mode]) => mode === undefined).map(([node]) => node);
  if (silent.length > 0)
    return silent.map((node) => ({ nodes: [node], what: `ZooKeeper on ${node} does not serve within the quorum` }));
  const modes = [...quorum].map(([node, mode]) => `${node} ${mode}`).join(', ');
  return isWhole(quorum) ? [] : [{ nodes: [], what: `the masters have no one leader: ${modes}` }];
}

/** @internal */
export function brokerTroubles(cluster: Cluster, answer: BrokersState | undefined): readonly Trouble[] {
  const workers = nodesRunning(cluster.groups, 'kafka');
  if (answer === undefined) return [{ nodes: workers.map(({ id }) => id), what: 'no broker answers' }];
  const nodeOf = (broker: number) => workers.find(({ ordinal }) => ordinal === broker)?.id ?? `broker ${broker}`;
  const unregistered = workers.filter(({ ordinal }) => !answer.registered.includes(ordinal)).map(({ id }) => id);
  const leaderless = answer.amiss.filter((each) => each.leaderless);
  const missing = new Map<string, PartitionAmiss[]>();
  for (const each of answer.amiss) {
    const nodes = each.missing.map(nodeOf).join(', ');
    if (nodes !== '') missing.set(nodes, [...(missing.get(nodes) ?? []), each]);
  }
  return [
    ...unregistered.map((node) => ({ nodes: [node], what: `the broker on ${node} is not registered` })),
    ...(answer.controller === undefined ? [{ nodes: [], what: 'no broker is the controller' }] : []),
    ...(leaderless.length === 0
      ? []
      : [
          {
            nodes: [...new Set(leaderless.flatMap((each) => each.missing.map(nodeOf)))],
            what: `${counted(leaderless)} without a leader`,
          },
        ]),
    ...[...missing].map(([nodes, partitions]) => ({
      nodes: nodes.split(', '),
      what: `${counted(partitions)} not in sync on ${nodes}`,
    })),
  ];
}

/** @internal */
export function storeTroubles(members: StoreMembers): readonly Trouble[] {
  const out = [...members].filter(([, state]) => state !== 'primary' && state !== 'secondary');
  const primaries = [...members].filter(([, state]) => state === 'primary').map(([node]) => node);
  return [
    ...out.map(([node, state]) => ({
      nodes: [node],
      what: `MongoDB on ${node} ${state === undefined ? 'does not answer' : 'is neither primary nor secondary of its set'}`,
    })),
    ...(members.size === 0 || primaries.length === 1
      ? []
      : [
          {
            nodes: out.map(([node]) => node),
            what:
              primaries.length === 0 ? 'the metadata store has no primary' : `${primaries.join(' and ')} are primary`,
          },
        ]),
  ];
}

function poolTroubles(balancers: Balancers): readonly Trouble[] {
  return [...balancers].flatMap(([balancer, servers]): readonly Trouble[] =>
    servers === undefined
      ? [{ nodes: [balancer], what: `${balancer} does not say which servers it sees` }]
      : servers
          .filter(({ up }) => !up)
          .map(({ pool, node }) => ({ nodes: [node], what: `${balancer} sends nothing to ${pool} on ${node}` })),
  );
}

const namesShown = 3;

/** `12 partitions (a-0, a-1, b-4 and 9 more)` */
function counted(partitions: readonly TopicPartition[]): string {
  const names = partitions.slice(0, namesShown).map(({ topic, partition }) => `${topic}-${partition}`);
  const more = partitions.length > namesShown ? ` and ${partitions.length - namesShown} more` : '';
  return `${partitions.length} ${partitions.length === 1 ? 'partition' : 'partitions'} (${names.join(', ')}${more})`;
}
