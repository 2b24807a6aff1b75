/** Which of the throttles in a cluster are ours and of no use any more. No I/O. */
import type { SilentBroker } from '../status/consumer-groups.ts';
import { partitionKey } from '../status/partition-offsets.ts';
import { readOurEntry, type ThrottleList, type ThrottleRate } from './throttle-marks.ts';

/** Every throttle that was found, and the brokers that did not say theirs. */
export interface ObservedThrottles {
  readonly lists: readonly ThrottleList[];
  readonly rates: readonly ThrottleRate[];
  readonly silent: readonly SilentBroker[];
}

export interface Leftovers {
  readonly lists: readonly { readonly list: ThrottleList; readonly entries: readonly string[] }[];
  readonly rates: readonly ThrottleRate[];
  readonly silent: readonly SilentBroker[];
}

/** Ours that no move in `needed` (partition keys) wants. */
export function leftoversOf({ lists, rates, silent }: ObservedThrottles, needed: ReadonlySet<string>): Leftovers {
  const wants = (list: ThrottleList, entry: string) => {
    const replica = readOurEntry(entry);
    return replica !== undefined && needed.has(partitionKey({ topic: list.topic, partition: replica.partition }));
  };
  const slowed = new Set(
    lists.flatMap((list) =>
      list.ours.filter((entry) => wants(list, entry)).map((entry) => readOurEntry(entry)?.broker ?? -1),
    ),
  );
  return {
    lists: lists
      .map((list) => ({ list, entries: list.ours.filter((entry) => !wants(list, entry)) }))
      .filter(({ entries }) => entries.length > 0),
    rates: rates.filter(({ broker, ours }) => ours && !slowed.has(broker)),
    silent,
  };
}

/** What looked like a leftover twice. */
export function inBoth(one: Leftovers, other: Leftovers): Leftovers {
  const listed = new Set(
    one.lists.flatMap(({ list, entries }) => entries.map((entry) => `${list.topic} ${list.side} ${entry}`)),
  );
  return {
    ...other,
    lists: other.lists
      .map(({ list, entries }) => ({
        list,
        entries: entries.filter((entry) => listed.has(`${list.topic} ${list.side} ${entry}`)),
      }))
      .filter(({ entries }) => entries.length > 0),
    rates: other.rates.filter(({ broker, side }) =>
      one.rates.some((rate) => rate.broker === broker && rate.side === side),
    ),
  };
}

export function isEmpty({ lists, rates }: Leftovers): boolean {
  return lists.length === 0 && rates.length === 0;
}
