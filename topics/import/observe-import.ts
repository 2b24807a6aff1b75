/** Looks at all of a cluster's topics for an import: those that a person's patterns want, with the settings of their own. */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { matchesPattern } from '../manifest/topic-pattern.ts';
import { observeTopics } from '../plan/state.ts';
import type { ImportFacts } from './import.ts';

export interface ImportSelection {
  /** Patterns of names; every topic where there is none. */
  readonly include?: readonly string[];
  /** Patterns of names, stronger than `include`. */
  readonly exclude?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Kafka's own topics are among the facts: the import says that it leaves them out. Throws as KafkaConnection.send. */
export async function observeForImport(
  connection: KafkaConnection,
  { include = [], exclude = [], signal }: ImportSelection = {},
): Promise<ImportFacts> {
  const { topics } = await connection.metadata(undefined, { signal });
  const isWanted = (name: string) =>
    (include.length === 0 || include.some((pattern) => matchesPattern(pattern, name))) &&
    !exclude.some((pattern) => matchesPattern(pattern, name));
  const names = topics.map(({ topic }) => topic);
  const wanted = names.filter(isWanted).map((name) => ({ name, config: {} }));
  const state = await observeTopics(connection, { topics: wanted, absent: [] }, { signal });
  return { clusterId: state.clusterId, topics: state.topics, excluded: names.filter((name) => !isWanted(name)) };
}
