/**
 * How a throttle of ours is told from everyone else's, in the throttle itself. No I/O.
 *
 * A throttle outlives the program that set it, and nothing in Kafka says whose it is: a run that was killed leaves one behind, and whoever removes every
 * throttle also removes a colleague's. A note kept on the operator's machine helps neither another machine nor a function in the cloud. So the mark
 * is in the value, where writing one writes the other. Our numbers begin with a zero:
 *
 * - In a topic's list, `04:2` means what `4:2` means to Kafka (its validator takes any digits, its reader parses a number), but nobody else writes it
 *   so, and since each entry has its own mark, ours can be taken away one by one, and merge with those of others.
 * - A broker's rate is written `050000000`, and Kafka shows it as it was written.
 *
 * Rates are set before lists, and removed after them. So wherever a list of ours was left behind, a broker has a rate too (or is down, and shows it when
 * it comes back): a look at the brokers alone, one small request each, finds out that there is nothing to find.
 *
 * Source: Kafka's manual, 6.1 "Limiting Bandwidth Usage during Data Migration"; TopicConfigHandler.parseThrottledPartitions, ThrottledReplicaListValidator.
 */
import type { ConfigChange } from '../../clients/kafka/requests/alter-configs.ts';

/** The lists, on topics: whose sending and whose receiving is slowed. */
export const listSettings = {
  leader: 'leader.replication.throttled.replicas',
  follower: 'follower.replication.throttled.replicas',
} as const;

/** The rates, on brokers, in bytes a second for all throttled replicas of the broker together. */
export const rateSettings = {
  leader: 'leader.replication.throttled.rate',
  follower: 'follower.replication.throttled.rate',
} as const;

export type ThrottleSide = keyof typeof listSettings;
export const throttleSides: readonly ThrottleSide[] = ['leader', 'follower'];

/** A replica that a throttle names. */
export interface ThrottledReplica {
  readonly partition: number;
  readonly broker: number;
}

function ourEntry({ partition, broker }: ThrottledReplica): string {
  return `0${partition}:${broker}`;
}

/** The replica of an entry that we wrote; `undefined` for anyone else's. @internal */
export function readOurEntry(entry: string): ThrottledReplica | undefined {
  const match = /^0(\d+):(\d+)$/.exec(entry);
  return match === null ? undefined : { partition: Number(match[1]), broker: Number(match[2]) };
}

/** @internal */
export function ourRate(bytesPerSecond: number): string {
  return `0${Math.round(bytesPerSecond)}`;
}

/** One partition on its way. */
export interface MovingPartition {
  readonly topic: string;
  readonly partition: number;
  /** Replicas that have the data: they send. */
  readonly from: readonly number[];
  /** Replicas that fetch it: only they receive slowed. Those in sync already must not be, or they would fall out. */
  readonly adding: readonly number[];
}

/** The lists that moves need: by topic and side. Brokers that are down are left out: they neither send nor receive. */
export function listsFor(
  moves: readonly MovingPartition[],
  live: ReadonlySet<number>,
): ReadonlyMap<string, Readonly<Record<ThrottleSide, readonly string[]>>> {
  const lists = new Map<string, Record<ThrottleSide, string[]>>();
  for (const { topic, partition, from, adding } of moves) {
    const list = lists.get(topic) ?? { leader: [], follower: [] };
    lists.set(topic, list);
    const entries = (brokers: readonly number[]) =>
      brokers.filter((broker) => live.has(broker)).map((broker) => ourEntry({ partition, broker }));
    list.leader.push(...entries(from));
    list.follower.push(...entries(adding));
  }
  return lists;
}

/** A topic's list as it stands, split by owner. */
export interface ThrottleList {
  readonly topic: string;
  readonly side: ThrottleSide;
  readonly ours: readonly string[];
  /** `*` is every replica. */
  readonly others: readonly string[];
}

/** A broker's rate as it stands. */
export interface ThrottleRate {
  readonly broker: number;
  readonly side: ThrottleSide;
  readonly bytesPerSecond: number;
  readonly ours: boolean;
}

export function readList(topic: string, side: ThrottleSide, value: string): ThrottleList {
  const entries = value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const ours = entries.filter((entry) => readOurEntry(entry) !== undefined);
  return { topic, side, ours, others: entries.filter((entry) => readOurEntry(entry) === undefined) };
}

export function readRate(broker: number, side: ThrottleSide, value: string): ThrottleRate | undefined {
  if (!/^\d+$/.test(value)) return undefined;
  return { broker, side, bytesPerSecond: Number(value), ours: /^0\d/.test(value) };
}

/** What is missing of a list. Everything is throttled already where someone wrote `*`, which Kafka takes alone only. */
export function additionsTo(seen: ThrottleList | undefined, wanted: readonly string[]): readonly string[] {
  if (seen?.others.includes('*')) return [];
  return wanted.filter((entry) => seen?.ours.includes(entry) !== true);
}

/** Takes entries away and leaves the others'; an empty list would stay as a setting, so the last one takes the setting with it. */
export function removalOf(seen: ThrottleList, entries: readonly string[]): ConfigChange {
  const name = listSettings[seen.side];
  const last = seen.others.length === 0 && seen.ours.every((entry) => entries.includes(entry));
  return last
    ? { name, operation: 'delete', value: undefined }
    : { name, operation: 'subtract', value: entries.join(',') };
}
