/**
 * Whether a cluster has what a manifest declares: partitions, replicas, all of them in sync, a leader for each partition, settings. Always asked afresh:
 * what a request was answered is not yet what every broker serves.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { describeConfigs } from '../../clients/kafka/requests/describe-configs.ts';
import type { TopicMetadata } from '../../clients/kafka/requests/metadata.ts';
import type { DeclaredTopic, TopicsManifest } from '../manifest/manifest.ts';
import { sameValue } from '../manifest/topic-settings.ts';
import { chunksOf } from './chunks.ts';

export interface Difference {
  readonly kind: 'missing' | 'present' | 'partitions' | 'replicas' | 'leader' | 'in-sync' | 'config';
  /** One clause with the values: `has 3 partitions, not 4`. */
  readonly says: string;
}

export interface VerifiedTopic {
  readonly topic: string;
  readonly partitions: number;
  /** The fewest that any partition has. */
  readonly replicas: number;
  /** The fewest in-sync replicas of any partition. */
  readonly inSync: number;
  /** How many partitions have a leader. */
  readonly led: number;
  /** None for a topic that is as declared. */
  readonly differences: readonly Difference[];
}

export interface VerifyReport {
  readonly ok: boolean;
  /** In the manifest's order; then those that are to be absent and are there. */
  readonly topics: readonly VerifiedTopic[];
  readonly waitedMs: number;
}

export interface VerifyOptions {
  /** How long to wait for what comes by itself: metadata to spread, leaders, replicas to catch up. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Looks until every topic is as declared, no more waiting can help, or the time is over. Throws as KafkaConnection.send. */
export async function verifyTopics(
  connection: KafkaConnection,
  manifest: TopicsManifest,
  { timeoutMs, signal }: VerifyOptions,
): Promise<VerifyReport> {
  const started = Date.now();
  const names = [...manifest.topics.map(({ name }) => name), ...manifest.absent];
  for (let pauseMs = 25; ; pauseMs = Math.min(pauseMs * 2, 500)) {
    const seen = new Map((await connection.metadata(names, { signal })).topics.map((topic) => [topic.topic, topic]));
    const topics = [
      ...manifest.topics.map((topic) => verifyTopic(topic, seen.get(topic.name))),
      ...manifest.absent.flatMap((name) => verifyAbsent(name, seen.get(name))),
    ];
    const waitedMs = Date.now() - started;
    const waiting = topics.some(({ differences }) => differences.some(({ kind }) => comesByItself.has(kind)));
    if (!waiting || waitedMs >= timeoutMs) {
      const settings = await verifySettings(connection, manifest, signal);
      const whole = topics.map((topic) => ({
        ...topic,
        differences: [...topic.differences, ...(settings.get(topic.topic) ?? [])],
      }));
      return { ok: whole.every(({ differences }) => differences.length === 0), topics: whole, waitedMs };
    }
    await sleep(Math.min(pauseMs, timeoutMs - waitedMs));
  }
}

/** A count that is too high or too low stays so; these pass. */
const comesByItself: ReadonlySet<Difference['kind']> = new Set(['missing', 'present', 'leader', 'in-sync']);

function verifyTopic(
  { name, partitions, replicas }: Pick<DeclaredTopic, 'name' | 'partitions' | 'replicas'>,
  seen: TopicMetadata | undefined,
): VerifiedTopic {
  const actual = seen?.partitions ?? [];
  const fewest = (counts: readonly number[]) => (counts.length === 0 ? 0 : counts.reduce((a, b) => Math.min(a, b)));
  const led = actual.filter(({ leader }) => leader !== undefined).length;
  const lagging = actual.filter((each) => each.inSync.length < each.replicas.length).map(({ partition }) => partition);
  const counts = [...new Set(actual.map((each) => each.replicas.length))];
  const differences: Difference[] = [];
  if (actual.length === 0) differences.push({ kind: 'missing', says: 'is not there' });
  else {
    if (actual.length !== partitions) {
      differences.push({ kind: 'partitions', says: `has ${actual.length} partitions, not ${partitions}` });
    }
    if (counts.some((count) => count !== replicas)) {
      differences.push({ kind: 'replicas', says: `has ${counts.join(' or ')} replicas, not ${replicas}` });
    }
    if (led < actual.length) {
      const without = actual.filter(({ leader }) => leader === undefined).map(({ partition }) => partition);
      differences.push({ kind: 'leader', says: `has no leader for ${numbered(without)}` });
    }
    if (lagging.length > 0)
      differences.push({ kind: 'in-sync', says: `has replicas out of sync in ${numbered(lagging)}` });
  }
  return {
    topic: name,
    partitions: actual.length,
    replicas: fewest(actual.map((each) => each.replicas.length)),
    inSync: fewest(actual.map((each) => each.inSync.length)),
    led,
    differences,
  };
}

function verifyAbsent(name: string, seen: TopicMetadata | undefined): readonly VerifiedTopic[] {
  if (seen === undefined || seen.partitions.length === 0) return [];
  const found = verifyTopic({ name, partitions: seen.partitions.length, replicas: 0 }, seen);
  return [{ ...found, differences: [{ kind: 'present', says: 'is still there, and is to be absent' }] }];
}

function numbered(partitions: readonly number[]): string {
  const shown = partitions.slice(0, 10).join(', ');
  const more = partitions.length > 10 ? ` and ${partitions.length - 10} more` : '';
  return `${partitions.length === 1 ? 'partition' : 'partitions'} ${shown}${more}`;
}

/** Asks only for topics that declare settings, and only for those settings' names. */
async function verifySettings(
  connection: KafkaConnection,
  manifest: TopicsManifest,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly Difference[]>> {
  const declared = new Map(
    manifest.topics.filter(({ config }) => Object.keys(config).length > 0).map((topic) => [topic.name, topic]),
  );
  const names = [...new Set([...declared.values()].flatMap(({ config }) => Object.keys(config)))];
  const found = new Map<string, readonly Difference[]>();
  for (const chunk of chunksOf([...declared.keys()], { items: 300 })) {
    const resources = chunk.map((name) => ({ type: 'topic' as const, name }));
    for (const { name, entries, fault } of await describeConfigs(connection, resources, { names, signal })) {
      if (fault !== undefined) continue; // a topic that is missing is said to be missing already
      const actual = new Map(entries.map((entry) => [entry.name, entry.value]));
      const differences = Object.entries(declared.get(name)?.config ?? {})
        .filter(([setting, value]) => !sameValue(setting, actual.get(setting), value))
        .map(([setting, value]) => ({
          kind: 'config' as const,
          says: `has ${setting} = ${actual.get(setting) ?? 'nothing'}, not ${value}`,
        }));
      found.set(name, differences);
    }
  }
  return found;
}
