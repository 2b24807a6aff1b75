/** What the topics of a cluster have in common, to be said once: the defaults that make a manifest short. */

export interface Counts {
  readonly partitions: number;
  readonly replicas: number;
}

/** What a manifest's entry takes without any defaults, and so what is chosen for no topics, or where others are no better. */
const builtIn: Counts = { partitions: 3, replicas: 2 };

/** The counts that leave the fewest numbers to write. An entry says its partitions alone, both numbers, or none. */
export function commonestCounts(topics: readonly Counts[]): Counts {
  const pairs = new Map<string, Counts & { readonly times: number }>();
  for (const { partitions, replicas } of topics) {
    const key = `${partitions}:${replicas}`;
    pairs.set(key, { partitions, replicas, times: (pairs.get(key)?.times ?? 0) + 1 });
  }
  const numbersWith = (counts: Counts) =>
    [...pairs.values()].reduce((sum, pair) => {
      const numbers = pair.replicas !== counts.replicas ? 2 : pair.partitions !== counts.partitions ? 1 : 0;
      return sum + numbers * pair.times;
    }, 0);
  const distinct = (of: (counts: Counts) => number) => [...new Set([...pairs.values()].map(of))].sort((a, b) => a - b);
  let best = { counts: builtIn, numbers: numbersWith(builtIn) };
  for (const partitions of distinct((counts) => counts.partitions)) {
    for (const replicas of distinct((counts) => counts.replicas)) {
      const counts = { partitions, replicas };
      const numbers = numbersWith(counts);
      if (numbers < best.numbers) best = { counts, numbers };
    }
  }
  return best.counts;
}

/** Settings that every topic has with the same value. One that a single topic lacks stays with the others: a default cannot be taken back. */
export function sharedSettings(configs: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  const [first, ...others] = configs;
  if (first === undefined || others.length === 0) return {};
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((config) => config[name] === value)),
  );
}

/** Topics whose names begin alike, up to the first dot, and the settings that all of them have. */
export interface Family {
  /** For `groups`: `monitoring.*`. */
  readonly pattern: string;
  readonly config: Readonly<Record<string, string>>;
}

/** By pattern; only families of two and more, with settings of their own beside what every topic has. */
export function familiesOf(
  topics: readonly { readonly name: string; readonly config: Readonly<Record<string, string>> }[],
  shared: Readonly<Record<string, string>>,
): readonly Family[] {
  const configs = new Map<string, Readonly<Record<string, string>>[]>();
  for (const { name, config } of topics) {
    const pattern = patternOf(name);
    if (pattern === undefined) continue;
    const list = configs.get(pattern);
    if (list === undefined) configs.set(pattern, [config]);
    else list.push(config);
  }
  return [...configs]
    .map(([pattern, list]) => ({ pattern, config: without(sharedSettings(list), shared) }))
    .filter(({ config }) => Object.keys(config).length > 0);
}

/** Of the family that a name belongs to; a name without a dot belongs to none. */
export function patternOf(name: string): string | undefined {
  const dot = name.indexOf('.');
  return dot < 0 ? undefined : `${name.slice(0, dot)}.*`;
}

/** The settings that are not said elsewhere already. */
export function without(
  config: Readonly<Record<string, string>>,
  said: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(config).filter(([setting]) => !Object.hasOwn(said, setting)));
}
