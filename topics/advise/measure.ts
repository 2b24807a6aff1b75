/**
 * Gathers what advice on partitions rests on. Reads only, and leaves no trace: rates of the past from the logs' own times, rates of consumers from two looks
 * at what they committed, keys from a sample of records. The past and the keys are read while the window between the two looks passes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isClientError } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { describeLogDirs } from '../../clients/kafka/requests/log-dirs.ts';
import { type ConsumerGroups, readConsumerGroups } from '../status/consumer-groups.ts';
import { brokerGone, type LedPartition, partitionKey, readOffsets } from '../status/partition-offsets.ts';
import { type AdviseInput, commitIntervalMs, type GroupFacts } from './advise.ts';
import { sampleKeys } from './measure-keys.ts';
import { readPastRates } from './measure-rates.ts';

export interface MeasureOptions {
  /** How long consumers are watched. Default 30 000: six of the intervals at which consumers commit by default. */
  readonly windowMs?: number;
  /** How far back rates are looked for. Default 24 hours. */
  readonly historyMs?: number;
  /** How long a stretch of the past is whose rate counts. Default 15 minutes. */
  readonly stretchMs?: number;
  /** Records of each topic that are read for their keys. Default 20 000. */
  readonly sampleRecords?: number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface Measurement {
  readonly clusterId: string;
  /** When it began. */
  readonly at: Date;
  /** In the order asked for. */
  readonly inputs: readonly AdviseInput[];
  /** Topics that are not there. */
  readonly missing: readonly string[];
}

const hourMs = 3_600_000;

/** Throws as KafkaConnection.send; brokers that are down and partitions without a leader are gaps in the inputs. */
export async function measureTopics(
  connection: KafkaConnection,
  topics: readonly string[],
  options: MeasureOptions = {},
): Promise<Measurement> {
  const {
    windowMs = 30_000,
    historyMs = 24 * hourMs,
    stretchMs = hourMs / 4,
    sampleRecords = 20_000,
    signal,
  } = options;
  const { now = Date.now, wait = waitFor } = options;
  const metadata = await connection.metadata(topics, { signal });
  const known = new Map(metadata.topics.map((each) => [each.topic, each]));
  const present = topics.filter((topic) => (known.get(topic)?.partitions.length ?? 0) > 0);
  const partitions = present.flatMap((topic) =>
    (known.get(topic)?.partitions ?? []).map(({ partition, leader }): LedPartition => ({ topic, partition, leader })),
  );
  const look = async () => {
    const groups = await readConsumerGroups(connection, metadata.brokers, { signal });
    return { groups, ends: await readOffsets(connection, partitions, 'latest', { signal }), atMs: now() };
  };

  const before = await look();
  const begins = await readOffsets(connection, partitions, 'earliest', { signal });
  const past = await readPastRates(connection, {
    partitions,
    ends: before.ends,
    untilMs: before.atMs,
    historyMs,
    stretchMs,
    signal,
  });
  const sizes = await readSizes(connection, partitions, signal);
  const keys = new Map<string, Awaited<ReturnType<typeof sampleKeys>>>();
  for (const topic of present) {
    const own = partitions.filter((each) => each.topic === topic);
    keys.set(
      topic,
      await sampleKeys(connection, { partitions: own, begins, ends: before.ends, records: sampleRecords, signal }),
    );
  }
  await wait(Math.max(0, windowMs - (now() - before.atMs)), signal);
  const after = await look();
  const watchedMs = Math.max(1, after.atMs - before.atMs);

  const inputs = present.map((topic): AdviseInput => {
    const own = partitions.filter((each) => each.topic === topic);
    const sent = own.map((each) => gain(before.ends, after.ends, partitionKey(each)));
    const perSecond = (records: number) => (records * 1_000) / watchedMs;
    const seen = past.get(topic);
    const stored = own.reduce((sum, each) => sum + gain(begins, before.ends, partitionKey(each)), 0);
    const bytes = own.reduce((sum, each) => sum + (sizes.get(partitionKey(each)) ?? 0), 0);
    const { facts, empty } = groupFacts(topic, { before, after, watchedMs, producedPerSecond: perSecond(total(sent)) });
    return {
      topic,
      partitions: own.length,
      produced: {
        peakPerSecond: Math.max(seen?.peakPerSecond ?? 0, perSecond(total(sent))),
        partitionPeakPerSecond: Math.max(seen?.partitionPeakPerSecond ?? 0, perSecond(Math.max(...sent))),
        stretchMs,
        historyMs,
      },
      bytesPerRecord: stored > 0 && bytes > 0 ? bytes / stored : undefined,
      windowMs: watchedMs,
      groups: facts,
      keys: keys.get(topic)?.sample,
      gaps: [
        ...(keys.get(topic)?.gaps ?? []),
        ...own
          .filter((each) => !after.ends.has(partitionKey(each)))
          .map(({ partition }) => `partition ${partition} could not be asked`),
        ...after.groups.silent.map(({ broker, why }) => `groups of broker ${broker} are not counted: ${why}`),
        ...empty.map((group) => `${group} has no members now and is not counted`),
      ],
    };
  });
  return {
    clusterId: metadata.clusterId,
    at: new Date(before.atMs),
    inputs,
    missing: topics.filter((topic) => !present.includes(topic)),
  };
}

interface Look {
  readonly groups: ConsumerGroups;
  readonly ends: ReadonlyMap<string, number>;
}

interface Looks {
  readonly before: Look;
  readonly after: Look;
  readonly watchedMs: number;
  readonly producedPerSecond: number;
}

function groupFacts(
  topic: string,
  { before, after, watchedMs, producedPerSecond }: Looks,
): { readonly facts: readonly GroupFacts[]; readonly empty: readonly string[] } {
  const earlier = new Map(before.groups.groups.map((group) => [group.group, committed(group.offsets, topic)]));
  const facts: GroupFacts[] = [];
  const empty: string[] = [];
  for (const { group, members, offsets } of after.groups.groups) {
    const own = committed(offsets, topic);
    const here = members.filter(({ subscribed }) => subscribed.includes(topic)).length;
    if (here === 0) {
      if (own.size > 0) empty.push(group);
      continue;
    }
    const start = earlier.get(group) ?? new Map<string, number>();
    const consumed = total([...own.keys()].map((key) => gain(start, own, key)));
    const lag = total([...own].map(([key, offset]) => Math.max(0, (after.ends.get(key) ?? offset) - offset)));
    const betweenCommits = Math.max(1, (producedPerSecond * commitIntervalMs) / 1_000);
    facts.push({
      group,
      members: here,
      consumedPerSecond: (consumed * 1_000) / watchedMs,
      keptUp: lag <= betweenCommits,
    });
  }
  return { facts, empty };
}

function committed(offsets: ConsumerGroups['groups'][number]['offsets'], topic: string): ReadonlyMap<string, number> {
  return new Map(offsets.filter((each) => each.topic === topic).map((each) => [partitionKey(each), each.offset]));
}

/** Nothing where either is not known, and where a group was set back. */
function gain(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, key: string): number {
  const from = before.get(key);
  const to = after.get(key);
  return from === undefined || to === undefined ? 0 : Math.max(0, to - from);
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

/** Bytes of each partition on its leader's disks, by `partitionKey`. A broker that does not answer leaves its own out. */
async function readSizes(
  connection: KafkaConnection,
  partitions: readonly LedPartition[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  const leaders = [...new Set(partitions.flatMap(({ leader }) => (leader === undefined ? [] : [leader])))];
  await Promise.all(
    leaders.map(async (broker) => {
      try {
        const led = partitions.filter(({ leader }) => leader === broker);
        for (const { replicas } of await describeLogDirs(connection, { broker, partitions: led, signal })) {
          for (const replica of replicas) if (!replica.future) sizes.set(partitionKey(replica), replica.sizeBytes);
        }
      } catch (error) {
        if (!isClientError(error, ...brokerGone)) throw error;
      }
    }),
  );
  return sizes;
}

/** An interruption ends the wait; the next request then says so. */
async function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
