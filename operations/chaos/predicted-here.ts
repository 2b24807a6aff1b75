/** What is predicted for a scenario on an environment, and whether that is what the scenario expects: before anything is made, and of the topic that was made. */
import type { Configuration, Prediction } from '../../chaos/predict.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import type { Surroundings } from '../../chaos/schedule.ts';
import type { Cluster, Id } from '../../cluster/model.ts';
import { nodesRunning } from '../health.ts';

/** zookeeper.session.timeout.ms where a broker does not say it, or none is asked: Kafka's own. */
export const defaultSessionMs = 18_000;

/** `inSync`: replicas of the partition that the schedule chose. */
export function configurationOf({ groups }: Cluster, surroundings: Surroundings, inSync: number): Configuration {
  const running = (service: Id) => nodesRunning(groups, service).length;
  return {
    ...surroundings,
    inSync,
    masters: running('zookeeper'),
    balancers: running('haproxy'),
    apiNodes: running('messaging-api'),
    pushServers: running('push-server'),
  };
}

/** What is predicted, where it is not what the scenario expects. */
export function differs({ expect }: Scenario, { writing, reading, durability }: Prediction): string | undefined {
  const same = writing === expect.writing && reading === expect.reading && durability === expect.durability;
  return same
    ? undefined
    : `on this environment it is predicted to have writing ${writing}, reading ${reading}, durability ${durability}, which is not what it expects`;
}
