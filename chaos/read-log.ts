/**
 * The log after healing, as the truth that acknowledgements are held against: the ends of every partition first, asked of its leader, then every record
 * up to them, read without a group. Bounded by the caller's signal, whatever a broker or a client does: what was not read then is missing in the history,
 * and no checker passes without it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConnection } from '../clients/kafka/connection.ts';
import { listOffsets } from '../clients/kafka/requests/list-offsets.ts';
import { readValues } from '../clients/kafka/requests/read-values.ts';
import type { Recorder } from './history.ts';
import { readValue } from './lanes.ts';

export interface PartitionEnds {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

const answerBytes = 4 * 1024 * 1024;
const pauseMs = 200;

/** Into the history; waits for leaders until the signal. A partition that nobody leads is left out, which checkers cannot pass. */
export async function recordEnds(
  connection: KafkaConnection,
  { topic, partitions }: { readonly topic: string; readonly partitions: number },
  recorder: Recorder,
  signal: AbortSignal,
): Promise<readonly PartitionEnds[]> {
  const found: PartitionEnds[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const ends = await asking(connection, topic, partition, signal, async (leader) => {
      const place = [{ topic, partition }];
      const [earliest] = await listOffsets(connection, place, { leader, at: 'earliest', signal });
      const [latest] = await listOffsets(connection, place, { leader, at: 'latest', signal });
      return earliest?.offset === undefined || latest?.offset === undefined
        ? undefined
        : { partition, start: earliest.offset, end: latest.offset };
    });
    if (ends === undefined) continue;
    recorder.record({ type: 'ends', ...ends });
    found.push(ends);
  }
  return found;
}

export async function recordLog(
  connection: KafkaConnection,
  topic: string,
  ends: readonly PartitionEnds[],
  recorder: Recorder,
  signal: AbortSignal,
): Promise<void> {
  for (const { partition, start, end } of ends) {
    let offset = start;
    while (offset < end) {
      const read = await asking(connection, topic, partition, signal, async (leader) => {
        const from = { topic, partition, offset };
        const answer = await readValues(connection, from, { leader, maxBytes: answerBytes, signal });
        return answer.fault === undefined && answer.nextOffset > offset ? answer : undefined;
      });
      if (read === undefined) break;
      for (const run of consecutive(read.records)) recorder.record({ type: 'log', partition, ...run });
      offset = read.nextOffset;
    }
    // Says how far it came, also where the last offsets hold no record of ours.
    recorder.record({ type: 'log', partition, offset: Math.min(offset, end), values: [] });
  }
}

/** Tries again while leaders move; undefined once the signal has come. */
async function asking<T>(
  connection: KafkaConnection,
  topic: string,
  partition: number,
  signal: AbortSignal,
  ask: (leader: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      const answer = await orAborted(signal, async () => {
        const metadata = await connection.metadata([topic], { signal });
        const leader = metadata.topics[0]?.partitions.find((each) => each.partition === partition)?.leader;
        return leader === undefined ? undefined : await ask(leader);
      });
      if (answer !== undefined) return answer;
    } catch {
      // Brokers come and go; the caller's signal bounds it.
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** A client that does not hear its signal holds nobody up. */
async function orAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
  });
  const working = work();
  working.catch(() => {}); // where the signal came first
  try {
    return await Promise.race([working, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function consecutive(
  records: readonly { readonly offset: number; readonly value: Buffer }[],
): readonly { readonly offset: number; readonly values: readonly string[] }[] {
  const runs: { offset: number; values: string[] }[] = [];
  for (const { offset, value } of records) {
    const said = readValue(value);
    if (said === undefined) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.values.length === offset) last.values.push(said);
    else runs.push({ offset, values: [said] });
  }
  return runs;
}
