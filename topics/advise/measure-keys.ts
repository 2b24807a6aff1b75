/** Reads a topic's newest records for their keys, straight from the leaders: no group is joined, nothing is committed. */
import { isClientError, reason } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { fetchRecords } from '../../clients/kafka/requests/fetch.ts';
import { brokerGone, type LedPartition, partitionKey } from '../status/partition-offsets.ts';
import { KeyCounter, type KeySample } from './key-count.ts';

export interface KeysSought {
  /** Of one topic. */
  readonly partitions: readonly LedPartition[];
  /** By `partitionKey`: where each log begins and ends. */
  readonly begins: ReadonlyMap<string, number>;
  readonly ends: ReadonlyMap<string, number>;
  /** At most so many records, the same share from each partition. */
  readonly records: number;
  readonly signal?: AbortSignal | undefined;
}

export interface KeysFound {
  /** `undefined` where not one record could be read. */
  readonly sample: KeySample | undefined;
  readonly gaps: readonly string[];
}

/** Of one partition in one answer: a few thousand small records, and no great load. */
const maxBytes = 2 ** 20;
/** For records so large that the bytes run out first: 64 MiB of a partition in all. */
const maxAnswers = 64;

/** Throws CLIENT_ABORTED; a partition that cannot be read is a gap. */
export async function sampleKeys(connection: KafkaConnection, sought: KeysSought): Promise<KeysFound> {
  const { partitions, begins, ends, records, signal } = sought;
  const counter = new KeyCounter();
  const gaps: string[] = [];
  const share = Math.ceil(records / Math.max(1, partitions.length));
  let complete = true;
  for (const partition of partitions) {
    const begin = begins.get(partitionKey(partition));
    const end = ends.get(partitionKey(partition));
    if (begin === undefined || end === undefined || partition.leader === undefined) {
      complete = false;
      continue;
    }
    const from = Math.max(begin, end - share);
    const span = { ...partition, leader: partition.leader, from, end, most: share };
    const gap = await readSpan(connection, span, counter, signal);
    if (gap !== undefined) gaps.push(`the keys of partition ${partition.partition} were not read to the end: ${gap}`);
    complete &&= from === begin && gap === undefined;
  }
  const sample = counter.sample(complete);
  return { sample: sample.records === 0 ? undefined : sample, gaps };
}

interface Span {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
  readonly from: number;
  readonly end: number;
  readonly most: number;
}

/** Why it ended early, if it did. */
async function readSpan(
  connection: KafkaConnection,
  { topic, partition, leader, from, end, most }: Span,
  counter: KeyCounter,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  let offset = from;
  let read = 0;
  try {
    for (let answers = 0; offset < end && read < most; answers += 1) {
      if (answers === maxAnswers) return 'its records are large';
      const options = { leader, maxBytesPerPartition: maxBytes, signal };
      const [answer] = await fetchRecords(connection, [{ topic, partition, offset }], options);
      if (answer?.fault !== undefined) return `${answer.fault.message} (${answer.fault.name})`;
      for (const record of (answer?.records ?? []).filter((each) => each.offset < end)) {
        counter.add(record.key);
        read += 1;
      }
      if (answer?.unreadable !== undefined) return answer.unreadable;
      // Nothing more is visible: an open transaction holds back what follows.
      if (answer === undefined || answer.nextOffset === offset) return 'the rest is not committed yet';
      offset = answer.nextOffset;
    }
    return undefined;
  } catch (error) {
    if (!isClientError(error, ...brokerGone)) throw error;
    return reason(error);
  }
}
