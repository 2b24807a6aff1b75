/** What a roll does with brokers beside restarting them: reads what one runs with, tells it of settings, and gives partitions back to their preferred leaders. */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { alterConfigs, type ConfigChange } from '../../clients/kafka/requests/alter-configs.ts';
import { type ConfigEntry, describeConfigs } from '../../clients/kafka/requests/describe-configs.ts';
import { electPreferredLeaders } from '../../clients/kafka/requests/elect-leaders.ts';
import { chunksOf } from '../apply/chunks.ts';
import type { TopicPartition } from './brokers-state.ts';

/** What a broker runs with, from wherever, with what would hold without it; sensitive values are left out by Kafka. Throws as KafkaConnection.send. */
export async function readBrokerSettings(connection: KafkaConnection, broker: number): Promise<readonly ConfigEntry[]> {
  const resource = { type: 'broker', name: String(broker) } as const;
  const [described] = await describeConfigs(connection, [resource], { synonyms: true, to: broker });
  return described?.entries ?? [];
}

/** Dynamic settings of one broker. Why it refuses, in its words; undefined where it does not. Throws as KafkaConnection.send. */
export async function alterBroker(
  connection: KafkaConnection,
  broker: number,
  changes: readonly ConfigChange[],
  { trying }: { readonly trying: boolean },
): Promise<string | undefined> {
  const resource = { type: 'broker', name: String(broker), changes } as const;
  const [outcome] = await alterConfigs(connection, [resource], { validateOnly: trying, to: broker });
  return outcome?.error?.message;
}

const partitionsPerRequest = 1_000;

/** Those that are in sync there. Throws as KafkaConnection.send. */
export async function electPreferred(
  connection: KafkaConnection,
  partitions: readonly TopicPartition[],
  { brokerTimeoutMs }: { readonly brokerTimeoutMs: number },
): Promise<void> {
  for (const chunk of chunksOf(partitions, { items: partitionsPerRequest }))
    await electPreferredLeaders(connection, chunk, { brokerTimeoutMs });
}
