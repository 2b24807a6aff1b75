/**
 * Sets, keeps and removes the throttles of a reassignment; how ours are recognized is told in throttle-marks.ts.
 *
 * Lists change by append and subtract alone, so that what others have in them stays; a rate that someone else set on a broker is kept, and ours is not
 * put over it. A broker that is down can be told nothing and is skipped; its rate is removed by the next sweep that finds it running.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isClientError, reason } from '../../clients/errors.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { alterConfigs, type ResourceChanges } from '../../clients/kafka/requests/alter-configs.ts';
import { describeConfigs } from '../../clients/kafka/requests/describe-configs.ts';
import { listReassignments, type Reassignment } from '../../clients/kafka/requests/reassignments.ts';
import { chunksOf } from '../apply/chunks.ts';
import { reassignmentsUnreadable, throttleRefused } from '../errors.ts';
import type { SilentBroker } from '../status/consumer-groups.ts';
import { brokerGone, partitionKey } from '../status/partition-offsets.ts';
import { inBoth, isEmpty, type Leftovers, leftoversOf, type ObservedThrottles } from './throttle-leftovers.ts';
import {
  additionsTo,
  listSettings,
  listsFor,
  type MovingPartition,
  ourRate,
  rateSettings,
  readList,
  readRate,
  removalOf,
  type ThrottleList,
  type ThrottleRate,
  throttleSides,
} from './throttle-marks.ts';

export interface ThrottleOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What holds of a throttle that was asked for. */
export interface ThrottleReport {
  readonly bytesPerSecond: number;
  /** Rates that others had set on brokers, which were left as they are. */
  readonly kept: readonly ThrottleRate[];
  /** Brokers that could not be told. */
  readonly skipped: readonly SilentBroker[];
}

/** What was taken away, and what could not be. */
export interface ThrottleRelease {
  readonly lists: readonly { readonly topic: string; readonly entries: readonly string[] }[];
  readonly rates: readonly ThrottleRate[];
  /** Brokers that keep a rate of ours until the next sweep, since they cannot be asked now. */
  readonly silent: readonly SilentBroker[];
}

const requestTimeoutMs = 10_000;
const topicsPerRequest = 300;

/**
 * Sees to it that the moves are throttled: sends what is missing and nothing else, so that it may be called again at any time, for a broker that came
 * back too. Throws TOPICS_THROTTLE_REFUSED, and as KafkaConnection.send.
 */
export async function setThrottles(
  connection: KafkaConnection,
  moves: readonly MovingPartition[],
  bytesPerSecond: number,
  { signal }: ThrottleOptions = {},
): Promise<ThrottleReport> {
  const { brokers } = await connection.metadata([], { signal });
  const live = new Set(brokers.map(({ id }) => id));
  const involved = [...new Set(moves.flatMap(({ from, adding }) => [...from, ...adding]))].sort((a, b) => a - b);
  const kept: ThrottleRate[] = [];
  const skipped: SilentBroker[] = [];
  for (const broker of involved) {
    if (!live.has(broker)) {
      skipped.push({ broker, why: 'it is down' });
      continue;
    }
    try {
      const rates = await readRates(connection, broker, signal);
      kept.push(...rates.filter(({ ours }) => !ours));
      const value = ourRate(bytesPerSecond);
      const missing = throttleSides.filter((side) => {
        const seen = rates.find((rate) => rate.side === side);
        return seen === undefined || (seen.ours && ourRate(seen.bytesPerSecond) !== value);
      });
      const changes = missing.map((side) => ({ name: rateSettings[side], operation: 'set' as const, value }));
      if (changes.length > 0) await alter(connection, [{ type: 'broker', name: String(broker), changes }], broker);
    } catch (error) {
      if (!isClientError(error, ...brokerGone)) throw error;
      skipped.push({ broker, why: reason(error) });
    }
  }
  const wanted = listsFor(moves, live);
  const seen = await readLists(connection, [...wanted.keys()], signal);
  const changes = [...wanted].flatMap(([topic, lists]): ResourceChanges[] => {
    const changed = throttleSides.flatMap((side) => {
      const missing = additionsTo(
        seen.find((list) => list.topic === topic && list.side === side),
        lists[side],
      );
      return missing.length === 0
        ? []
        : [{ name: listSettings[side], operation: 'append' as const, value: missing.join(',') }];
    });
    return changed.length === 0 ? [] : [{ type: 'topic', name: topic, changes: changed }];
  });
  for (const chunk of chunksOf(changes, { items: topicsPerRequest })) await alter(connection, chunk, 'any');
  return { bytesPerSecond, kept, skipped };
}

/** Every throttle in the cluster, or on the topics named; ours and those of others. Throws as KafkaConnection.send. */
export async function readThrottles(
  connection: KafkaConnection,
  topics: readonly string[],
  { signal }: ThrottleOptions = {},
): Promise<ObservedThrottles> {
  const { brokers } = await connection.metadata([], { signal });
  const rates: ThrottleRate[] = [];
  const silent: SilentBroker[] = [];
  for (const { id } of brokers) {
    try {
      rates.push(...(await readRates(connection, id, signal)));
    } catch (error) {
      if (!isClientError(error, ...brokerGone)) throw error;
      silent.push({ broker: id, why: reason(error) });
    }
  }
  return { lists: await readLists(connection, topics, signal), rates, silent };
}

/**
 * Removes our throttles from `moves` (under way or not), and the rates of ours that no other move needs. It is not interrupted by the signal that ended
 * a run: it gives each request ten seconds instead. Throws as KafkaConnection.send.
 */
export async function releaseThrottles(
  connection: KafkaConnection,
  moves: readonly { readonly topic: string; readonly partition: number }[],
): Promise<ThrottleRelease> {
  const mine = new Set(moves.map(partitionKey));
  const topics = [...new Set(moves.map(({ topic }) => topic))];
  return await releaseUntilGone(connection, async () => {
    const active = await readActive(connection);
    const others = active.map(({ topic }) => topic);
    const seen = await readThrottles(connection, [...new Set([...topics, ...others])]);
    const needed = new Set(active.map(partitionKey).filter((key) => !mine.has(key)));
    return leftoversOf(seen, needed);
  });
}

/**
 * Removes what a run of ours left behind when it was killed: entries of partitions that do not move, and rates that no entry needs. A run that is
 * about to begin has set its throttle and not yet sent its moves, so what looks like a leftover must look so twice, `graceMs` apart.
 * Costs one request a broker where there is nothing. Throws as KafkaConnection.send.
 */
export async function sweepThrottles(
  connection: KafkaConnection,
  { signal, graceMs = 1_000 }: ThrottleOptions & { readonly graceMs?: number } = {},
): Promise<ThrottleRelease> {
  const { rates, silent } = await readThrottles(connection, [], { signal });
  if (rates.length === 0) return { lists: [], rates: [], silent };
  const look = async (): Promise<Leftovers> => {
    const { topics } = await connection.metadata(undefined, { signal });
    const seen = await readThrottles(
      connection,
      topics.map(({ topic }) => topic),
      { signal },
    );
    return leftoversOf(seen, new Set((await readActive(connection)).map(partitionKey)));
  };
  const first = await look();
  if (isEmpty(first)) return { lists: [], rates: [], silent: first.silent };
  await sleep(graceMs);
  let before: Leftovers | undefined = first;
  return await releaseUntilGone(connection, async () => {
    const now = await look();
    const both = before === undefined ? now : inBoth(before, now);
    before = undefined;
    return both;
  });
}

const looks = 40;
const lookPauseMs = 50;

/** Removes and looks again until nothing is found: brokers show a setting some milliseconds after they have taken it. */
async function releaseUntilGone(connection: KafkaConnection, find: () => Promise<Leftovers>): Promise<ThrottleRelease> {
  const lists = new Map<string, Set<string>>();
  const rates = new Map<string, ThrottleRate>();
  let silent: readonly SilentBroker[] = [];
  for (let count = 0; count < looks; count += 1) {
    const found = await find();
    silent = found.silent;
    if (isEmpty(found)) break;
    for (const { list, entries } of found.lists) {
      lists.set(list.topic, new Set([...(lists.get(list.topic) ?? []), ...entries]));
    }
    for (const rate of found.rates) rates.set(`${rate.broker} ${rate.side}`, rate);
    await remove(connection, found);
    await sleep(lookPauseMs);
  }
  return {
    lists: [...lists].map(([topic, entries]) => ({ topic, entries: [...entries] })),
    rates: [...rates.values()],
    silent,
  };
}

async function remove(connection: KafkaConnection, { lists, rates }: Leftovers): Promise<void> {
  const changes = new Map<string, ResourceChanges>();
  for (const { list, entries } of lists) {
    const before = changes.get(list.topic)?.changes ?? [];
    changes.set(list.topic, { type: 'topic', name: list.topic, changes: [...before, removalOf(list, entries)] });
  }
  for (const chunk of chunksOf([...changes.values()], { items: topicsPerRequest })) {
    await alter(connection, chunk, 'any');
  }
  for (const broker of new Set(rates.map((rate) => rate.broker))) {
    const sides = rates.filter((rate) => rate.broker === broker).map(({ side }) => side);
    const unset = sides.map((side) => ({
      name: rateSettings[side],
      operation: 'delete' as const,
      value: undefined,
    }));
    try {
      await alter(connection, [{ type: 'broker', name: String(broker), changes: unset }], broker);
    } catch (error) {
      if (!isClientError(error, ...brokerGone)) throw error; // the next look says that it is silent
    }
  }
}

/** A topic that is gone by now needs no throttle. Anything else that is refused is for the person. */
async function alter(
  connection: KafkaConnection,
  resources: readonly ResourceChanges[],
  to: 'any' | number,
): Promise<void> {
  for (const { error, type, name } of await alterConfigs(connection, resources, { to, timeoutMs: requestTimeoutMs })) {
    if (error !== undefined && error.name !== 'UNKNOWN_TOPIC_OR_PARTITION') throw throttleRefused(type, name, error);
  }
}

async function readRates(
  connection: KafkaConnection,
  broker: number,
  signal: AbortSignal | undefined,
): Promise<readonly ThrottleRate[]> {
  const [answer] = await describeConfigs(connection, [{ type: 'broker', name: String(broker) }], {
    to: broker,
    names: Object.values(rateSettings),
    signal,
    timeoutMs: requestTimeoutMs,
  });
  const entries = answer?.entries ?? [];
  return throttleSides.flatMap((side) => {
    const value = entries.find(({ name }) => name === rateSettings[side])?.value;
    const rate = value === undefined ? undefined : readRate(broker, side, value);
    return rate === undefined ? [] : [rate];
  });
}

async function readLists(
  connection: KafkaConnection,
  topics: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly ThrottleList[]> {
  const lists: ThrottleList[] = [];
  for (const chunk of chunksOf(topics, { items: topicsPerRequest })) {
    const resources = chunk.map((name) => ({ type: 'topic' as const, name }));
    const names = Object.values(listSettings);
    for (const { name: topic, entries } of await describeConfigs(connection, resources, { names, signal })) {
      for (const side of throttleSides) {
        const value = entries.find(({ name }) => name === listSettings[side])?.value ?? '';
        if (value !== '') lists.push(readList(topic, side, value));
      }
    }
  }
  return lists;
}

async function readActive(connection: KafkaConnection): Promise<readonly Reassignment[]> {
  const { error, reassignments } = await listReassignments(connection, { brokerTimeoutMs: requestTimeoutMs });
  if (error !== undefined) throw reassignmentsUnreadable(error);
  return reassignments;
}
