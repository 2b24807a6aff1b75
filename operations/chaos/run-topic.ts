/** A run's own topic, made before anything is broken and noted before it is made, and the workload on it: Kafka's clients, or users of the messaging API. */

import { openPushEndpoint, startApiWorkload } from '../../chaos/api-workload.ts';
import type { Recorder } from '../../chaos/history.ts';
import type { Scenario } from '../../chaos/scenario.ts';
import { startWorkload, type Workload } from '../../chaos/workload.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { createTopics } from '../../clients/kafka/requests/create-topics.ts';
import { apiAccess, kafkaTopicsOf, makeApiTopic, subscription } from './api-topic.ts';
import { notSteady, topicRefused } from './errors.ts';
import type { RunnerUndo } from './heal.ts';
import type { SystemUnderTest } from './system.ts';
import { until } from './until.ts';

export interface RunTopic {
  /** Kafka's name of it. */
  readonly topic: string;
  /** Replicas of the partition that the schedule chose, and those of them that are in sync. */
  readonly replicas: number;
  readonly inSync: number;
  start(recorder: Recorder): Promise<Workload>;
  /** For a run whose workload was never started. */
  close(): Promise<void>;
}

export interface Making {
  readonly system: SystemUnderTest;
  readonly connection: KafkaConnection;
  readonly scenario: Scenario;
  /** That the schedule chose. */
  readonly partition: number;
  /** Of this run alone. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** How long a new topic may take until all its replicas are in sync. */
const beginMs = 60_000;

/** What removes it, whatever of it there is. */
export function undoOfTopic({ workload: { through } }: Scenario, name: string): RunnerUndo {
  return through === 'kafka' ? { delete: 'topic', topic: name } : { delete: 'api-project', project: name, through };
}

/** @throws EnsembleError OPERATIONS_CHAOS_TOPIC_REFUSED, OPERATIONS_CHAOS_API_REFUSED, OPERATIONS_CHAOS_NOT_STEADY */
export async function makeRunTopic(making: Making): Promise<RunTopic> {
  const { system, connection, scenario, name, signal } = making;
  const { workload, topic } = scenario;
  const { through } = workload;
  if (through === 'kafka') {
    await createTopic(making);
    const found = await whole(making, name);
    const start = (recorder: Recorder) =>
      startWorkload({ bootstrap: system.bootstrap, topic: name, partitions: topic.partitions, workload, recorder });
    return { topic: name, ...found, start, close: async () => {} };
  }
  const access = await apiAccess(system, through);
  const endpoint = workload.push ? await openPushEndpoint() : undefined;
  try {
    await makeApiTopic(access, name, endpoint);
    let kafkaTopic: string | undefined;
    const isMade = async () => {
      [kafkaTopic] = await kafkaTopicsOf(connection, name, signal);
      return kafkaTopic !== undefined;
    };
    if (!(await until(isMade, beginMs, signal)) || kafkaTopic === undefined)
      throw notSteady(`the messaging API made no topic for ${name}`);
    const found = await whole(making, kafkaTopic);
    const start = (recorder: Recorder) =>
      startApiWorkload({
        ...access,
        via: through,
        project: name,
        topic: name,
        subscription,
        workload,
        recorder,
        endpoint,
      });
    return { topic: kafkaTopic, ...found, start, close: async () => await endpoint?.close() };
  } catch (error) {
    await endpoint?.close();
    throw error;
  }
}

async function createTopic({ connection, scenario, name: topic, signal }: Making): Promise<void> {
  const { partitions, replicas, minInSync, unclean } = scenario.topic;
  const config = { 'min.insync.replicas': String(minInSync), 'unclean.leader.election.enable': String(unclean) };
  const outcomes = await createTopics(connection, [{ topic, partitions, replicas, config }], {
    brokerTimeoutMs: 15_000,
    signal,
  });
  const fault = outcomes[0]?.error;
  if (fault !== undefined) throw topicRefused(topic, fault.message);
}

async function whole(
  { connection, scenario, partition, signal }: Making,
  topic: string,
): Promise<{ replicas: number; inSync: number }> {
  const { partitions } = scenario.topic;
  let chosen = { replicas: 0, inSync: 0 };
  const isThere = async () => {
    const found = (await connection.metadata([topic], { signal })).topics[0]?.partitions ?? [];
    const each = found.find((one) => one.partition === partition);
    chosen = { replicas: each?.replicas.length ?? 0, inSync: each?.inSync.length ?? 0 };
    return (
      found.length === partitions &&
      found.every(({ leader, replicas, inSync }) => leader !== undefined && inSync.length === replicas.length)
    );
  };
  if (!(await until(isThere, beginMs, signal))) throw notSteady(`the replicas of ${topic} are not in sync`);
  return chosen;
}
