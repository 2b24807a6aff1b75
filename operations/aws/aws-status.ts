/** The platform as it runs on AWS: services from the nodes themselves, the quorum from its members, brokers from the function inside the network. */
import { nodesRunning } from '../health.ts';
import { findTroubles, type KafkaStatus, type ServiceStatus, type StatusReport } from '../status.ts';
import { askBrokers, askQuorum, type BrokersHealth } from './ask-cluster.ts';
import type { OperatedAws } from './operated.ts';

export async function observeAwsStatus(operated: OperatedAws): Promise<StatusReport> {
  const { driver, environment } = operated;
  const { cluster } = environment;
  const [states, strays, quorum, asked] = await Promise.all([
    driver.status(),
    driver.strays(),
    askQuorum(operated),
    askBrokers(operated).catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
  ]);
  const health = typeof asked === 'string' ? undefined : asked;
  const workers = new Map(nodesRunning(cluster.groups, 'kafka').map((node) => [node.id, node.ordinal]));
  const services = states.map(
    (state): ServiceStatus => ({
      ...state,
      detail: quorum.get(state.node) ?? brokerDetail(workers.get(state.node), health),
    }),
  );
  const kafka = health === undefined ? undefined : kafkaOf(health);
  const troubles = [
    ...findTroubles(services, quorum, kafka, [...workers.values()]),
    ...(typeof asked === 'string' ? [`the function that asks brokers gave no answer: ${asked}`] : []),
  ];
  return {
    environment: cluster.environment,
    healthy: troubles.length === 0,
    troubles,
    notes: [],
    services,
    strays,
    kafka,
  };
}

function brokerDetail(ordinal: number | undefined, health: BrokersHealth | undefined): string {
  if (ordinal === undefined || health === undefined) return '';
  if (health.controllerId === ordinal) return 'controller';
  return health.brokers.some(({ id, up }) => id === ordinal && up) ? 'registered' : 'not registered';
}

function kafkaOf(health: BrokersHealth): KafkaStatus {
  return {
    clusterId: health.clusterId,
    brokers: health.brokers.filter(({ up }) => up).map(({ id }) => id),
    controller: health.controllerId,
    topics: undefined,
    partitions: health.partitions,
    leaderless: health.leaderless,
    underReplicated: health.underReplicated,
  };
}
